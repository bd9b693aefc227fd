-- The answer to a command is a row of its own. Changing the command's row meant reading a page of its index, and under
-- SERIALIZABLE each reader of a page is a conflict with everybody who writes there.
CREATE TABLE answers (
    sender UUID  NOT NULL,
    key    TEXT  NOT NULL,
    answer JSONB NOT NULL,
    PRIMARY KEY (sender, key)
);
INSERT INTO answers (sender, key, answer) SELECT sender, key, answer FROM commands;
ALTER TABLE commands DROP COLUMN answer;
