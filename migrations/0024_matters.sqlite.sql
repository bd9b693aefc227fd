-- Rows of a few short columns stand in their key's tree itself, instead of in a tree of their own beside it: a page less to
-- write for each row. PostgreSQL has no such tables.
CREATE TABLE matter_numbers_narrow (
    committee BLOB    NOT NULL,
    year      INTEGER NOT NULL,
    next      INTEGER NOT NULL,
    PRIMARY KEY (committee, year)
) STRICT, WITHOUT ROWID;
INSERT INTO matter_numbers_narrow (committee, year, next) SELECT committee, year, next FROM matter_numbers;
DROP TABLE matter_numbers;
ALTER TABLE matter_numbers_narrow RENAME TO matter_numbers;

CREATE TABLE act_words_narrow (
    act    BLOB NOT NULL PRIMARY KEY REFERENCES acts (id),
    matter BLOB NOT NULL,
    words  TEXT NOT NULL,
    salt   BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO act_words_narrow (act, matter, words, salt) SELECT act, matter, words, salt FROM act_words ORDER BY act;
DROP TABLE act_words;
ALTER TABLE act_words_narrow RENAME TO act_words;
CREATE INDEX act_words_matter ON act_words (matter);

DROP VIEW party_facts;
CREATE TABLE matter_parties_narrow (
    matter BLOB    NOT NULL REFERENCES matters (id),
    unit   BLOB    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (matter, unit)
) STRICT, WITHOUT ROWID;
INSERT INTO matter_parties_narrow (matter, unit, at) SELECT matter, unit, at FROM matter_parties ORDER BY matter, unit;
DROP TABLE matter_parties;
ALTER TABLE matter_parties_narrow RENAME TO matter_parties;
CREATE INDEX matter_parties_unit ON matter_parties (unit, matter DESC);
CREATE VIEW party_facts AS SELECT unit, matter FROM matter_parties;

CREATE TABLE counters_narrow (
    committee BLOB    NOT NULL,
    day       INTEGER NOT NULL,
    dimension TEXT    NOT NULL,
    n         INTEGER NOT NULL,
    PRIMARY KEY (committee, day, dimension)
) STRICT, WITHOUT ROWID;
INSERT INTO counters_narrow (committee, day, dimension, n) SELECT committee, day, dimension, n FROM counters ORDER BY committee, day, dimension;
DROP TABLE counters;
ALTER TABLE counters_narrow RENAME TO counters;
CREATE INDEX counters_dimension ON counters (dimension, day);

CREATE TABLE search_docs_narrow (
    id  BLOB    NOT NULL PRIMARY KEY,
    doc INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
INSERT INTO search_docs_narrow (id, doc) SELECT id, doc FROM search_docs ORDER BY id;
DROP TABLE search_docs;
ALTER TABLE search_docs_narrow RENAME TO search_docs;
