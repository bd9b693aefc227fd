-- Who lies in a committee stands in u2 … u6 already; and of the audiences only everybody has a list of its own, from above
-- the dispatch level. Two pages less to write for a report.
DROP INDEX matters_committee;
DROP INDEX matters_audience_new;
CREATE INDEX matters_root_new ON matters (id DESC) WHERE audience = u1;
