-- A command's row is written once, at the end, with its answer (decision 0010): one row of one table instead of two.
ALTER TABLE commands ADD COLUMN answer JSONB;
UPDATE commands SET answer = (SELECT a.answer FROM answers a WHERE a.sender = commands.sender AND a.key = commands.key);
DELETE FROM commands WHERE answer IS NULL;
DROP TABLE answers;
