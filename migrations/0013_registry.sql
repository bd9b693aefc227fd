-- Under which unit it stood until then; unknown for what was noted before.
ALTER TABLE unit_links ADD COLUMN parent UUID;
