CREATE TABLE search (doc BIGINT NOT NULL PRIMARY KEY, terms TSVECTOR NOT NULL);
CREATE INDEX search_terms ON search USING gin (terms);
