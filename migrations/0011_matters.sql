-- An index holds only rows that a list can ask it for: few matters have an assignee or lie in a sixth unit, and each entry
-- for "none" was a page written with every report.
DROP INDEX matters_assignee;
CREATE INDEX matters_assignee ON matters (assignee, due, id) WHERE open AND assignee IS NOT NULL;
DROP INDEX matters_u4_due;
CREATE INDEX matters_u4_due ON matters (u4, due, id) WHERE open AND u4 IS NOT NULL;
DROP INDEX matters_u5_due;
CREATE INDEX matters_u5_due ON matters (u5, due, id) WHERE open AND u5 IS NOT NULL;
DROP INDEX matters_u6_due;
CREATE INDEX matters_u6_due ON matters (u6, due, id) WHERE open AND u6 IS NOT NULL;
DROP INDEX matters_u4_new;
CREATE INDEX matters_u4_new ON matters (u4, id DESC) WHERE u4 IS NOT NULL;
