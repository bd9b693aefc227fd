-- What is new stands in a list of its own until it is sorted into the index, and every search reads that list from end to end:
-- 512 kB, some eight hundred cases, instead of the usual 4 MB. (Smaller lists are sorted in at more cost for each case.)
ALTER INDEX search_terms SET (gin_pending_list_limit = 512);
