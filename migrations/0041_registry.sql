-- Where a place lies, for rules that decide by it: ids and codes, no name and no address.
CREATE VIEW place_facts AS SELECT id, kind, committee, estate, micro_grid, grp FROM places WHERE valid_until IS NULL;
