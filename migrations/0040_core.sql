-- What every request asks besides who has signed in: whether what is kept in memory is still true. Read in one statement with
-- the session.
CREATE VIEW version_facts AS SELECT name, n FROM versions;
