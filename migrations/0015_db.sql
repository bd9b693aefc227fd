-- Holds a row from the first row that is copied into this database until all of it has been compared: till then nobody may
-- take it for a whole one.
CREATE TABLE copying (
    id BIGINT NOT NULL PRIMARY KEY
);
