-- A day's counters lie together: what many reports raise within a second then stands in a few pages, and not in one for each
-- committee.
CREATE TABLE counters_by_day (
    day       INTEGER NOT NULL,
    committee BLOB    NOT NULL,
    dimension TEXT    NOT NULL,
    n         INTEGER NOT NULL,
    PRIMARY KEY (day, committee, dimension)
) STRICT, WITHOUT ROWID;
INSERT INTO counters_by_day (day, committee, dimension, n) SELECT day, committee, dimension, n FROM counters ORDER BY day, committee, dimension;
DROP TABLE counters;
ALTER TABLE counters_by_day RENAME TO counters;
CREATE INDEX counters_dimension ON counters (dimension, day);
