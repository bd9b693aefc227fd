-- By key first: most keys are made by us and grow with time, so that neighbours share a page.
CREATE TABLE commands_by_key (
    key         TEXT    NOT NULL,
    sender      BLOB    NOT NULL,
    fingerprint BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    answer      TEXT,
    PRIMARY KEY (key, sender)
) STRICT, WITHOUT ROWID;
INSERT INTO commands_by_key (key, sender, fingerprint, at, answer) SELECT key, sender, fingerprint, at, answer FROM commands ORDER BY key, sender;
DROP TABLE commands;
ALTER TABLE commands_by_key RENAME TO commands;
CREATE INDEX commands_old ON commands (at);
