-- What has just been written waits in a list that every search reads through until it is full: kept short, so that a search
-- for a rare word does not pay for it (4 MB, the usual length, made it thirty milliseconds).
ALTER INDEX search_terms SET (gin_pending_list_limit = 128);
