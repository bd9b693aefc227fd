-- As for matters: scattered, so that writes of different cases do not meet on a page.
CREATE INDEX cases_matter ON cases USING hash (matter);
