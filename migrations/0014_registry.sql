-- Address search within names. A committee's names of estates, roads, hamlets and public spots, each once …
CREATE TABLE place_names (
    id        UUID NOT NULL PRIMARY KEY,
    committee UUID NOT NULL REFERENCES units (id),
    name      TEXT COLLATE "C" NOT NULL,
    UNIQUE (committee, name)
);
-- … and each character of a name (and of its pinyin initials) with what follows it: what a typed word may begin, wherever in
-- the name it stands. Rank 0: at the name's beginning; 1: within.
CREATE TABLE place_tails (
    committee UUID   NOT NULL,
    rank      BIGINT NOT NULL,
    tail      TEXT   COLLATE "C" NOT NULL,
    name      UUID   NOT NULL REFERENCES place_names (id),
    PRIMARY KEY (committee, rank, tail, name)
);
CREATE INDEX place_tails_all ON place_tails (rank, tail, name);

-- Whether the names of a place are among its committee's: not yet for what was there before, nor after it has moved.
ALTER TABLE places ADD COLUMN named BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX places_unnamed ON places (id) WHERE NOT named;
