-- Reports being written: what was typed on the steps before stands here, encrypted, until it is sent or a week has passed.
-- Once sent only the number remains, so that whoever sends the same again is shown the same case.
CREATE TABLE report_drafts (
    person UUID   NOT NULL,
    key    TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    body   BYTEA,
    number TEXT,
    PRIMARY KEY (person, key)
);
CREATE INDEX report_drafts_mine ON report_drafts (person, at DESC, key);
CREATE INDEX report_drafts_old ON report_drafts (at, key);
