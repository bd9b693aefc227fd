-- Cases: what residents report. Categories, responsibilities and routing rules are data with date and author.

CREATE TABLE categories (
    code       TEXT   NOT NULL PRIMARY KEY,
    parent     TEXT,
    sort       BIGINT NOT NULL,
    name_zh    TEXT   NOT NULL,
    name_en    TEXT   NOT NULL,
    examples   TEXT   NOT NULL,
    term_class TEXT   NOT NULL,
    audience   TEXT   NOT NULL CHECK (audience IN ('root', 'committee', 'estate', 'group', 'private')),
    danger     BOOLEAN NOT NULL,
    proof      TEXT,
    valid_from BIGINT NOT NULL,
    valid_until BIGINT
);

CREATE TABLE responsibilities (
    id         UUID   NOT NULL PRIMARY KEY,
    category   TEXT   NOT NULL REFERENCES categories (code),
    actor_zh   TEXT   NOT NULL,
    actor_en   TEXT   NOT NULL,
    pays_zh    TEXT   NOT NULL,
    pays_en    TEXT   NOT NULL,
    article_zh TEXT   NOT NULL,
    article_en TEXT   NOT NULL,
    statutory  BOOLEAN NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_until BIGINT
);
CREATE INDEX responsibilities_category ON responsibilities (category);

CREATE TABLE routing_rules (
    id         UUID   NOT NULL PRIMARY KEY,
    scope      UUID   NOT NULL,
    stage      TEXT   NOT NULL CHECK (stage IN ('report', 'dispatch')),
    category   TEXT,
    facts      JSONB  NOT NULL,
    target     TEXT   NOT NULL,
    note_zh    TEXT   NOT NULL,
    note_en    TEXT   NOT NULL,
    author     UUID,
    at         BIGINT NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_until BIGINT
);

-- What a case knows beyond its matter.
CREATE TABLE cases (
    matter        UUID   NOT NULL PRIMARY KEY,
    on_behalf     BOOLEAN NOT NULL,
    sender        UUID,
    handler       UUID,
    answered_by   UUID,
    returns       BIGINT NOT NULL,
    ruled         BOOLEAN NOT NULL,
    dispatched    BIGINT,
    contacted     BIGINT,
    extended      BOOLEAN NOT NULL,
    asked         TEXT,
    asked_days    BIGINT,
    asked_until   BIGINT,
    outcome       TEXT,
    satisfied     BOOLEAN,
    solved        BOOLEAN,
    dissatisfied  BIGINT NOT NULL,
    called_solved BOOLEAN
);
