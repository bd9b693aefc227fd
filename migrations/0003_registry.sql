-- Who is where, who may act for whom, since when. A row that ends keeps its place with an `until`; nothing is deleted.

-- append-only: unit_links, unmasks, list_reads, calendars, hours

-- What a district calls its levels. Code knows only their functions.
CREATE TABLE levels (
    code     TEXT   NOT NULL PRIMARY KEY,
    tree     TEXT   NOT NULL CHECK (tree IN ('place', 'org')),
    function TEXT   NOT NULL CHECK (function IN ('root', 'dispatch', 'serve', 'group', 'estate', 'unit', 'ops')),
    name_zh  TEXT   NOT NULL,
    name_en  TEXT   NOT NULL,
    depth    BIGINT NOT NULL
);

-- Both trees: district, towns, committees, estates, groups; operations centre, departments, property enterprises …
CREATE TABLE units (
    id          UUID   NOT NULL PRIMARY KEY,
    parent      UUID   REFERENCES units (id),
    level       TEXT   NOT NULL REFERENCES levels (code),
    kind        TEXT   NOT NULL,
    code        TEXT   COLLATE "C" NOT NULL,
    name        TEXT   NOT NULL,
    name_en     TEXT,
    initials    TEXT   NOT NULL,
    status      TEXT   NOT NULL CHECK (status IN ('formal', 'preparatory')),
    phone       TEXT,
    valid_from  BIGINT NOT NULL,
    valid_until BIGINT
);
CREATE UNIQUE INDEX units_code ON units (code) WHERE valid_until IS NULL;
CREATE INDEX units_parent ON units (parent);

-- What became of a unit. `code` and `name` are those of `from_unit` until then, so that old papers still resolve.
CREATE TABLE unit_links (
    id        UUID   NOT NULL PRIMARY KEY,
    from_unit UUID   NOT NULL REFERENCES units (id),
    to_unit   UUID   NOT NULL REFERENCES units (id),
    kind      TEXT   NOT NULL CHECK (kind IN ('split', 'merge', 'rename', 'boundary')),
    code      TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    note      TEXT   NOT NULL,
    author    UUID
);

-- Which unit serves which, e.g. a property enterprise an estate.
CREATE TABLE unit_serves (
    id     UUID   NOT NULL PRIMARY KEY,
    unit   UUID   NOT NULL REFERENCES units (id),
    served UUID   NOT NULL REFERENCES units (id),
    since  BIGINT NOT NULL,
    until  BIGINT
);
CREATE UNIQUE INDEX unit_serves_now ON unit_serves (unit, served) WHERE until IS NULL;

-- Buildings, doors, dwellings and public spots. `sort` orders a committee by lane, door and room.
CREATE TABLE places (
    id          UUID   NOT NULL PRIMARY KEY,
    parent      UUID   REFERENCES places (id),
    kind        TEXT   NOT NULL CHECK (kind IN ('building', 'door', 'dwelling', 'spot')),
    committee   UUID   NOT NULL REFERENCES units (id),
    estate      UUID   REFERENCES units (id),
    micro_grid  UUID   REFERENCES units (id),
    grp         UUID   REFERENCES units (id),
    name        TEXT   NOT NULL,
    address     TEXT,
    address_key TEXT   COLLATE "C" NOT NULL,
    door_key    TEXT   COLLATE "C" NOT NULL,
    initials    TEXT   COLLATE "C" NOT NULL,
    sort        BIGINT NOT NULL,
    lat         DOUBLE PRECISION,
    lon         DOUBLE PRECISION,
    valid_from  BIGINT NOT NULL,
    valid_until BIGINT
);
CREATE INDEX places_top ON places (committee, sort, id) WHERE parent IS NULL AND valid_until IS NULL;
CREATE INDEX places_children ON places (parent, sort, id) WHERE valid_until IS NULL;
CREATE INDEX places_committee ON places (committee, id);
CREATE INDEX places_committee_key ON places (committee, address_key, id) WHERE valid_until IS NULL;
CREATE INDEX places_committee_door ON places (committee, door_key, id) WHERE valid_until IS NULL;
CREATE INDEX places_committee_initials ON places (committee, initials, id) WHERE valid_until IS NULL;
CREATE INDEX places_key ON places (address_key, id) WHERE valid_until IS NULL;
CREATE INDEX places_door ON places (door_key, id) WHERE valid_until IS NULL;
CREATE INDEX places_initials ON places (initials, id) WHERE valid_until IS NULL;
CREATE INDEX places_grp ON places (grp) WHERE grp IS NOT NULL;
CREATE INDEX places_estate ON places (estate) WHERE estate IS NOT NULL;
CREATE INDEX places_micro_grid ON places (micro_grid) WHERE micro_grid IS NOT NULL;

-- Committee, group and sort are the dwelling's, repeated so that a list by stair needs no sorting.
CREATE TABLE households (
    id        UUID   NOT NULL PRIMARY KEY,
    dwelling  UUID   NOT NULL REFERENCES places (id),
    committee UUID   NOT NULL REFERENCES units (id),
    grp       UUID   REFERENCES units (id),
    sort      BIGINT NOT NULL,
    since     BIGINT NOT NULL,
    until     BIGINT
);
CREATE INDEX households_by_stair ON households (committee, sort, id) WHERE until IS NULL;
CREATE INDEX households_by_group ON households (grp, sort, id) WHERE grp IS NOT NULL;
CREATE INDEX households_dwelling ON households (dwelling);

-- Personal data is encrypted; `*_idx` are blind indexes of the normalised value.
CREATE TABLE people (
    id            UUID    NOT NULL PRIMARY KEY,
    name          BYTEA   NOT NULL,
    name_idx      BYTEA   NOT NULL,
    phone         BYTEA,
    phone_idx     BYTEA,
    id_number     BYTEA,
    id_number_idx BYTEA   UNIQUE,
    lang          TEXT    NOT NULL CHECK (lang IN ('zh', 'en')),
    large_type    BOOLEAN NOT NULL,
    created       BIGINT  NOT NULL
);
CREATE INDEX people_phone ON people (phone_idx, id) WHERE phone_idx IS NOT NULL;

CREATE TABLE residents (
    id        UUID   NOT NULL PRIMARY KEY,
    person    UUID   NOT NULL REFERENCES people (id),
    household UUID   REFERENCES households (id),
    committee UUID   NOT NULL REFERENCES units (id),
    dwelling  UUID   NOT NULL REFERENCES places (id),
    tenure    TEXT   NOT NULL CHECK (tenure IN ('owner', 'tenant', 'occupant')),
    since     BIGINT NOT NULL,
    until     BIGINT
);
CREATE UNIQUE INDEX residents_now ON residents (person, dwelling, tenure) WHERE until IS NULL;
CREATE INDEX residents_person ON residents (person, id) WHERE until IS NULL;
CREATE INDEX residents_household ON residents (household, id) WHERE until IS NULL;
CREATE INDEX residents_dwelling ON residents (dwelling);
CREATE INDEX residents_committee ON residents (committee, id);

-- When the committee last spoke with a household.
CREATE TABLE contacts (
    household UUID   NOT NULL PRIMARY KEY REFERENCES households (id),
    last_at   BIGINT NOT NULL,
    by_person UUID   NOT NULL REFERENCES people (id)
);

CREATE TABLE posts (
    id     UUID    NOT NULL PRIMARY KEY,
    person UUID    NOT NULL REFERENCES people (id),
    unit   UUID    NOT NULL REFERENCES units (id),
    role   TEXT    NOT NULL,
    duty   BOOLEAN NOT NULL,
    since  BIGINT  NOT NULL,
    until  BIGINT
);
CREATE INDEX posts_person ON posts (person, id);
CREATE INDEX posts_unit ON posts (unit, id);

-- A login may be a telephone number, so it is personal data too.
CREATE TABLE logins (
    id            UUID   NOT NULL PRIMARY KEY,
    person        UUID   NOT NULL REFERENCES people (id),
    login         BYTEA  NOT NULL,
    login_idx     BYTEA  NOT NULL UNIQUE,
    password_hash TEXT   NOT NULL,
    failed        BIGINT NOT NULL,
    locked_until  BIGINT
);
CREATE INDEX logins_person ON logins (person, id);

CREATE TABLE sessions (
    token_digest BYTEA  NOT NULL PRIMARY KEY,
    id           UUID   NOT NULL UNIQUE,
    person       UUID   NOT NULL REFERENCES people (id),
    kind         TEXT   NOT NULL CHECK (kind IN ('page', 'api')),
    label        TEXT   NOT NULL,
    created      BIGINT NOT NULL,
    seen         BIGINT NOT NULL,
    until        BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person, id);
CREATE INDEX sessions_until ON sessions (until);

CREATE TABLE consents (
    id        UUID   NOT NULL PRIMARY KEY,
    person    UUID   NOT NULL REFERENCES people (id),
    purpose   TEXT   NOT NULL,
    by_person UUID,
    at        BIGINT NOT NULL,
    until     BIGINT
);
CREATE INDEX consents_person ON consents (person, purpose, at);

-- Who read whose personal data, and what for. The person sees it.
CREATE TABLE unmasks (
    id        UUID   NOT NULL PRIMARY KEY,
    by_person UUID,
    post      UUID,
    unit      UUID,
    subject   UUID   NOT NULL REFERENCES people (id),
    purpose   TEXT   NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX unmasks_subject ON unmasks (subject, id);

-- The standing purpose: who went through the household list of which unit on which civil day.
CREATE TABLE list_reads (
    unit      UUID   NOT NULL REFERENCES units (id),
    day       BIGINT NOT NULL,
    by_person UUID   NOT NULL REFERENCES people (id),
    at        BIGINT NOT NULL,
    PRIMARY KEY (unit, day, by_person)
);

-- Published holidays by year of the notice, and office hours: versioned data; the last row of a year holds.
CREATE TABLE calendars (
    id     UUID   NOT NULL PRIMARY KEY,
    year   BIGINT NOT NULL,
    days   JSONB  NOT NULL,
    source TEXT   NOT NULL,
    author UUID,
    at     BIGINT NOT NULL
);
CREATE TABLE hours (
    id     UUID   NOT NULL PRIMARY KEY,
    day    BIGINT NOT NULL,
    shifts JSONB  NOT NULL,
    source TEXT   NOT NULL,
    author UUID,
    at     BIGINT NOT NULL
);
