CREATE VIRTUAL TABLE search USING fts5 (terms, tokenize = 'unicode61', detail = 'none', content = '', contentless_delete = 1);
