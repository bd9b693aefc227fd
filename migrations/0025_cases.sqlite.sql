-- Rows of a few short columns stand in their key's tree itself, instead of in a tree of their own beside it: a page less to
-- write for each row. PostgreSQL has no such tables.
CREATE TABLE cases_narrow (
    matter        BLOB   NOT NULL PRIMARY KEY,
    on_behalf     INTEGER NOT NULL,
    sender        BLOB,
    handler       BLOB,
    answered_by   BLOB,
    returns       INTEGER NOT NULL,
    ruled         INTEGER NOT NULL,
    dispatched    INTEGER,
    contacted     INTEGER,
    extended      INTEGER NOT NULL,
    asked         TEXT,
    asked_days    INTEGER,
    asked_until   INTEGER,
    outcome       TEXT,
    satisfied     INTEGER,
    solved        INTEGER,
    dissatisfied  INTEGER NOT NULL,
    called_solved INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO cases_narrow SELECT * FROM cases ORDER BY matter;
DROP TABLE cases;
ALTER TABLE cases_narrow RENAME TO cases;
