-- Views of the inbox that somebody has named: filters and a name, encrypted, since both may hold a person's name.
CREATE TABLE inbox_views (
    id     UUID   NOT NULL PRIMARY KEY,
    person UUID   NOT NULL,
    at     BIGINT NOT NULL,
    body   BYTEA  NOT NULL
);
CREATE INDEX inbox_views_mine ON inbox_views (person, id);
