-- As for clocks: one index instead of two; and room beside each row for what moves change in it.
ALTER TABLE cases DROP CONSTRAINT cases_pkey;
DROP INDEX cases_matter;
ALTER TABLE cases ADD CONSTRAINT cases_pkey EXCLUDE USING hash (matter WITH =);
ALTER TABLE cases SET (fillfactor = 80);
