-- The files of reports being written, which stand encrypted in the drafts: what no draft has held for longer than a draft is
-- kept, and no matter has, is removed from the store.
CREATE TABLE draft_files (
    person UUID   NOT NULL,
    key    TEXT   NOT NULL,
    hash   TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (person, key, hash)
);
CREATE INDEX draft_files_hash ON draft_files (hash);
CREATE INDEX draft_files_old ON draft_files (at, hash);
