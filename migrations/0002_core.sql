-- What every module shares: events and jobs as rows of the transaction that caused them, commands by their key,
-- settings with date and author, and the version rows behind every cache.

CREATE TABLE events (
    id      UUID   NOT NULL PRIMARY KEY,
    kind    TEXT   NOT NULL,
    subject UUID   NOT NULL,
    at      BIGINT NOT NULL,
    data    JSONB  NOT NULL
);

-- One row per event and listener until that listener has done its part.
CREATE TABLE deliveries (
    id       UUID   NOT NULL PRIMARY KEY,
    event    UUID   NOT NULL REFERENCES events (id),
    listener TEXT   NOT NULL,
    due      BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    dead     BOOLEAN NOT NULL,
    error    TEXT
);
CREATE INDEX deliveries_due ON deliveries (due, id) WHERE NOT dead;

CREATE TABLE jobs (
    id    UUID   NOT NULL PRIMARY KEY,
    kind  TEXT   NOT NULL,
    data  JSONB  NOT NULL,
    due   BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    dead  BOOLEAN NOT NULL,
    error TEXT
);
CREATE INDEX jobs_due ON jobs (due, id) WHERE NOT dead;

CREATE TABLE ticks (
    name TEXT   NOT NULL PRIMARY KEY,
    at   BIGINT NOT NULL
);

-- A command from outside is done once: the same key by the same sender gives the stored answer.
CREATE TABLE commands (
    sender      UUID   NOT NULL,
    key         TEXT   NOT NULL,
    fingerprint BYTEA  NOT NULL,
    answer      JSONB  NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (sender, key)
);
CREATE INDEX commands_old ON commands (at);

-- append-only: settings
CREATE TABLE settings (
    id         UUID   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    valid_from BIGINT NOT NULL,
    value      JSONB  NOT NULL,
    author     UUID,
    at         BIGINT NOT NULL
);
CREATE INDEX settings_by_name ON settings (name, valid_from DESC, at DESC);

CREATE TABLE versions (
    name TEXT   NOT NULL PRIMARY KEY,
    n    BIGINT NOT NULL
);
