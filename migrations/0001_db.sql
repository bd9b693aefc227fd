-- What the database layer itself keeps: which migrations have run, and who may be the worker.

CREATE TABLE schema_migrations (
    number BIGINT NOT NULL PRIMARY KEY,
    name   TEXT   NOT NULL,
    hash   TEXT   NOT NULL
);

-- The fencing number: each new holder of a lock counts it up, so that a holder that lost it unawares can be refused.
CREATE TABLE worker_fence (
    name  TEXT   NOT NULL PRIMARY KEY,
    fence BIGINT NOT NULL
);
