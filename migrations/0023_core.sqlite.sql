-- Rows of a few short columns stand in their key's tree itself, instead of in a tree of their own beside it: a page less to
-- write for each row. PostgreSQL has no such tables.
CREATE TABLE commands_narrow (
    sender      BLOB    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (sender, key)
) STRICT, WITHOUT ROWID;
INSERT INTO commands_narrow (sender, key, fingerprint, at) SELECT sender, key, fingerprint, at FROM commands ORDER BY sender, key;
DROP TABLE commands;
ALTER TABLE commands_narrow RENAME TO commands;
CREATE INDEX commands_old ON commands (at);

CREATE TABLE answers_narrow (
    sender BLOB NOT NULL,
    key    TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (sender, key)
) STRICT, WITHOUT ROWID;
INSERT INTO answers_narrow (sender, key, answer) SELECT sender, key, answer FROM answers ORDER BY sender, key;
DROP TABLE answers;
ALTER TABLE answers_narrow RENAME TO answers;
