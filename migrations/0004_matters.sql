-- Every thing that moves. `matters` holds all that lists show or filter; module tables are read one matter at a time.

-- The columns stand in the order of the fields of `Matter`; u1 … u6 are the ancestors of the place, root first.
CREATE TABLE matters (
    id         UUID    NOT NULL PRIMARY KEY,
    number     TEXT    NOT NULL UNIQUE,
    kind       TEXT    NOT NULL,
    version    BIGINT  NOT NULL,
    state      TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    category   TEXT    NOT NULL,
    term_class TEXT    NOT NULL,
    place      UUID,
    place_name TEXT    NOT NULL,
    committee  UUID    NOT NULL,
    owner      UUID,
    assignee   UUID,
    reporter   UUID,
    audience   UUID,
    named      UUID,
    parent     UUID REFERENCES matters (id),
    open       BOOLEAN NOT NULL,
    supervised BOOLEAN NOT NULL,
    redo       BIGINT  NOT NULL,
    revision   BIGINT  NOT NULL,
    opened     BIGINT  NOT NULL,
    due        BIGINT,
    closed     BIGINT,
    u1 UUID,
    u2 UUID,
    u3 UUID,
    u4 UUID,
    u5 UUID,
    u6 UUID
);
-- Desks and drill-down: what is open, by due time.
CREATE INDEX matters_desk ON matters (owner, due, id) WHERE open;
CREATE INDEX matters_assignee ON matters (assignee, due, id) WHERE open;
CREATE INDEX matters_u1_due ON matters (u1, due, id) WHERE open;
CREATE INDEX matters_u2_due ON matters (u2, due, id) WHERE open;
CREATE INDEX matters_u3_due ON matters (u3, due, id) WHERE open;
CREATE INDEX matters_u4_due ON matters (u4, due, id) WHERE open;
CREATE INDEX matters_u5_due ON matters (u5, due, id) WHERE open;
CREATE INDEX matters_u6_due ON matters (u6, due, id) WHERE open;
-- Newest first.
CREATE INDEX matters_u2_new ON matters (u2, id DESC);
CREATE INDEX matters_u3_new ON matters (u3, id DESC);
CREATE INDEX matters_u4_new ON matters (u4, id DESC);
CREATE INDEX matters_u5_new ON matters (u5, id DESC) WHERE u5 IS NOT NULL;
CREATE INDEX matters_u6_new ON matters (u6, id DESC) WHERE u6 IS NOT NULL;
CREATE INDEX matters_category_new ON matters (category, id DESC);
CREATE INDEX matters_audience_new ON matters (audience, id DESC) WHERE audience IS NOT NULL;
CREATE INDEX matters_reporter_new ON matters (reporter, id DESC) WHERE reporter IS NOT NULL;
CREATE INDEX matters_place_new ON matters (place, id DESC) WHERE place IS NOT NULL;
CREATE INDEX matters_parent ON matters (parent, id) WHERE parent IS NOT NULL;

CREATE TABLE matter_numbers (
    committee UUID   NOT NULL,
    year      BIGINT NOT NULL,
    next      BIGINT NOT NULL,
    PRIMARY KEY (committee, year)
);

-- The timeline. Codes, ids and a salted commitment only: nothing here ever needs erasing.
-- append-only: acts
CREATE TABLE acts (
    id         UUID   NOT NULL PRIMARY KEY,
    matter     UUID   NOT NULL REFERENCES matters (id),
    seq        BIGINT NOT NULL,
    move       TEXT   NOT NULL,
    from_state TEXT   NOT NULL,
    to_state   TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    person     UUID,
    post       UUID,
    unit       UUID,
    role       TEXT   NOT NULL,
    via        TEXT   NOT NULL,
    committee  UUID   NOT NULL,
    owner      UUID,
    due        BIGINT,
    audience   TEXT   NOT NULL,
    data       JSONB  NOT NULL,
    commitment BYTEA,
    UNIQUE (matter, seq)
);

-- The words of an act and the salt of its commitment: erasable, and erasing is itself an act.
CREATE TABLE act_words (
    act    UUID  NOT NULL PRIMARY KEY REFERENCES acts (id),
    matter UUID  NOT NULL,
    words  TEXT  NOT NULL,
    salt   BYTEA NOT NULL
);
CREATE INDEX act_words_matter ON act_words (matter);

-- Who has taken part; such a unit keeps its view of the matter.
CREATE TABLE matter_parties (
    matter UUID   NOT NULL REFERENCES matters (id),
    unit   UUID   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (matter, unit)
);
CREATE INDEX matter_parties_unit ON matter_parties (unit, matter DESC);

-- Stage clocks. `alarm` is the next instant at which something must happen; null when nothing will.
CREATE TABLE clocks (
    id          UUID    NOT NULL PRIMARY KEY,
    matter      UUID    NOT NULL REFERENCES matters (id),
    stage       TEXT    NOT NULL,
    unit        UUID    NOT NULL,
    running     BOOLEAN NOT NULL,
    started     BIGINT  NOT NULL,
    due         BIGINT  NOT NULL,
    stopped     BIGINT,
    provisional BOOLEAN NOT NULL,
    warned      BIGINT  NOT NULL,
    alarm       BIGINT,
    events      JSONB   NOT NULL
);
CREATE INDEX clocks_matter ON clocks (matter, started);
CREATE INDEX clocks_alarm ON clocks (alarm, id) WHERE alarm IS NOT NULL;
CREATE INDEX clocks_provisional ON clocks (id) WHERE provisional AND stopped IS NULL;

CREATE TABLE matter_links (
    id     UUID   NOT NULL PRIMARY KEY,
    matter UUID   NOT NULL REFERENCES matters (id),
    other  UUID   NOT NULL REFERENCES matters (id),
    kind   TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    UNIQUE (matter, other, kind)
);
CREATE INDEX matter_links_other ON matter_links (other, matter);

CREATE TABLE files (
    id     UUID   NOT NULL PRIMARY KEY,
    matter UUID   NOT NULL REFERENCES matters (id),
    act    UUID   NOT NULL REFERENCES acts (id),
    hash   TEXT   NOT NULL,
    mime   TEXT   NOT NULL,
    size   BIGINT NOT NULL,
    name   TEXT   NOT NULL,
    erased BIGINT
);
CREATE INDEX files_matter ON files (matter, id);
CREATE INDEX files_hash ON files (hash);

-- Maintained, never counted: one row per committee, civil day and dimension.
CREATE TABLE counters (
    committee UUID   NOT NULL,
    day       BIGINT NOT NULL,
    dimension TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    PRIMARY KEY (committee, day, dimension)
);
CREATE INDEX counters_dimension ON counters (dimension, day);

-- What the duty desk must see: broken rules, missing calendars, clocks that nobody can meet.
CREATE TABLE alarms (
    id     UUID   NOT NULL PRIMARY KEY,
    code   TEXT   NOT NULL,
    about  TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    seen   BIGINT NOT NULL,
    solved BIGINT,
    UNIQUE (code, about)
);

-- The row number of a matter in the full-text index.
CREATE TABLE search_docs (
    id  UUID   NOT NULL PRIMARY KEY,
    doc BIGINT NOT NULL UNIQUE
);
