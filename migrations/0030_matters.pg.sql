-- What is new stands in a list of its own until it is sorted into the index, and every search reads that list from end to end:
-- 128 kB, some two hundred cases, instead of the usual 4 MB.
ALTER INDEX search_terms SET (gin_pending_list_limit = 128);
