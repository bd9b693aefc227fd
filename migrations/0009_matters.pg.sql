-- Under SERIALIZABLE, PostgreSQL sees conflicts by the page of an index. Ids grow with time, so in a B-tree all that is
-- moved today are neighbours on a few pages, and every two writes would meet there. A hash index scatters them; the
-- planner prefers it for equality, foreign key checks included.
CREATE INDEX matters_id ON matters USING hash (id);
CREATE INDEX acts_id ON acts USING hash (id);
CREATE INDEX matter_parties_matter ON matter_parties USING hash (matter);
CREATE INDEX clocks_id ON clocks USING hash (id);
DROP INDEX clocks_matter;
CREATE INDEX clocks_matter ON clocks USING hash (matter);
