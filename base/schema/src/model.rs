//! The migrations as a model: which module owns what, what may only grow, and each engine's text.
use crate::lex::{Kind, Token, lex};

/// A database engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Engine {
    /// SQLite, in the process.
    Sqlite,
    /// PostgreSQL, over the network.
    Pg,
}

/// One file of `migrations/`.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Its number: the order.
    pub number: i64,
    /// The file's name without number and ending, e.g. `matters_clocks`.
    pub name: String,
    /// The module that owns the tables created in it: the first word of the name.
    pub module: String,
    /// The file's name, for messages.
    pub file: String,
    /// The engine it is for, when for one only.
    pub only: Option<Engine>,
    /// Its tables to which rows may only be added.
    append_only: Vec<String>,
    source: String,
}

/// What a column holds, on both engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// BOOLEAN; 0 or 1 in SQLite.
    Bool,
    /// SMALLINT, INTEGER or BIGINT.
    Int,
    /// DOUBLE PRECISION.
    Real,
    /// TEXT.
    Text,
    /// BYTEA; BLOB in SQLite.
    Bytes,
    /// UUID; 16 bytes in SQLite.
    Uuid,
    /// JSONB; text in SQLite.
    Json,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub holds: ColumnType,
    /// Whether it belongs to the primary key.
    pub key: bool,
}

/// A table and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// The module that owns it.
    pub module: String,
    /// Whether rows may only be added.
    pub append_only: bool,
    /// Its columns in order. None when each engine has its own form of the table: then it is an index, and what is in it
    /// can be made again from the other tables.
    pub columns: Vec<ColumnInfo>,
}

/// A foreign key from table to table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The table that refers.
    pub from: String,
    /// The table referred to.
    pub to: String,
}

/// Everything the migrations declare.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The files in order.
    pub migrations: Vec<Migration>,
    /// Tables of either engine.
    pub tables: Vec<TableInfo>,
    /// Views: name and owner. Those ending in `_facts` may be read by every module.
    pub views: Vec<(String, String)>,
    /// Names of triggers that migrations write themselves.
    pub triggers: Vec<String>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
}

/// PostgreSQL's type words and what SQLite calls the same storage.
const WORDS: &[(&str, &str)] = &[
    ("UUID", "BLOB"),
    ("BIGINT", "INTEGER"),
    ("JSONB", "TEXT"),
    ("BOOLEAN", "INTEGER"),
    ("BYTEA", "BLOB"),
    ("DOUBLE", "REAL"),
    ("PRECISION", ""),
    ("SMALLINT", "INTEGER"),
];

/// One token in SQLite's words: type words in capitals, and the `"C"` collation, which is what SQLite does anyway.
pub fn sqlite_word<'a>(token: &Token<'a>, previous: Option<&Token<'_>>, next: Option<&Token<'_>>) -> &'a str {
    let collate_c = |a: Option<&Token<'_>>, b: Option<&Token<'_>>| {
        a.is_some_and(|t| t.is("COLLATE")) && b.is_some_and(|t| t.kind == Kind::Quoted && t.text == "\"C\"")
    };
    if collate_c(Some(token), next) || collate_c(previous, Some(token)) {
        return "";
    }
    let word = (token.kind == Kind::Word).then(|| WORDS.iter().find(|(pg, _)| *pg == token.text)).flatten();
    word.map_or(token.text, |(_, lite)| lite)
}

impl Migration {
    /// The text for an engine, or none when the file is for the other one.
    pub fn text(&self, engine: Engine) -> Option<String> {
        let mut text = match (self.only, engine) {
            (Some(only), engine) if only != engine => return None,
            (None, Engine::Sqlite) => for_sqlite(&self.source),
            _ => self.source.clone(),
        };
        if engine == Engine::Pg && !self.append_only.is_empty() {
            text.push_str(
                "\nCREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = '23000'; END $$;",
            );
        }
        for t in &self.append_only {
            text.push_str(&match engine {
                Engine::Sqlite => ["UPDATE", "DELETE"]
                    .map(|verb| format!("\nCREATE TRIGGER {t}_no_{verb} BEFORE {verb} ON {t} BEGIN SELECT RAISE(ABORT, 'append-only: {t}'); END;"))
                    .concat(),
                Engine::Pg => format!(
                    "\nCREATE TRIGGER {t}_append_only BEFORE UPDATE OR DELETE ON {t} FOR EACH ROW EXECUTE FUNCTION append_only();\
                     \nCREATE TRIGGER {t}_no_truncate BEFORE TRUNCATE ON {t} EXECUTE FUNCTION append_only();"
                ),
            });
        }
        Some(text)
    }
    /// A short fingerprint of the file (FNV-1a, 64 bits): against accidents, not against malice.
    pub fn hash(&self) -> String {
        let hash = self
            .source
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        format!("{hash:016x}")
    }
}

fn for_sqlite(source: &str) -> String {
    let tokens = lex(source);
    let mut out = String::with_capacity(source.len() + 64);
    let mut statement: Vec<&Token<'_>> = Vec::new();
    for token in &tokens {
        let next = tokens.iter().skip_while(|t| !std::ptr::eq(*t, token)).skip(1).find(|t| !t.space());
        if token.is(";") {
            if let [create, table, ..] = statement[..]
                && create.is("CREATE")
                && table.is("TABLE")
            {
                out.push_str(" STRICT");
            }
            statement.clear();
            out.push(';');
            continue;
        }
        out.push_str(sqlite_word(token, statement.last().copied(), next));
        if !token.space() {
            statement.push(token);
        }
    }
    out
}

/// The columns of a CREATE TABLE, from the word TABLE on.
fn columns(words: &[&Token<'_>]) -> Result<Vec<ColumnInfo>, String> {
    let mut columns: Vec<ColumnInfo> = Vec::new();
    let mut keys: Vec<&str> = Vec::new();
    let (mut depth, mut item) = (0usize, Vec::new());
    for &word in words {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => (),
        }
        let ends = (depth == 1 && word.is(",")) || (depth == 0 && word.is(")"));
        if !ends {
            if depth > 1 || (depth == 1 && !(word.is("(") && item.is_empty())) {
                item.push(word);
            }
            continue;
        }
        let named = item.first().is_some_and(|t: &&Token<'_>| t.is("CONSTRAINT"));
        let rest = item.get(if named { 2 } else { 0 }..).unwrap_or_default();
        match rest.first() {
            Some(t) if t.is("PRIMARY") => {
                keys.extend(rest.iter().skip(2).filter(|t| t.kind == Kind::Word).map(|t| t.text))
            }
            Some(t) if ["UNIQUE", "CHECK", "FOREIGN"].iter().any(|w| t.is(w)) => (),
            _ => columns.extend(column(rest)?),
        }
        item.clear();
        if depth == 0 {
            break;
        }
    }
    columns.iter_mut().filter(|c| keys.contains(&c.name.as_str())).for_each(|c| c.key = true);
    Ok(columns)
}

/// A column as declared: name, type, the rest.
fn column(words: &[&Token<'_>]) -> Result<Option<ColumnInfo>, String> {
    let [name, word, ..] = words else { return Ok(None) };
    let holds = match word.text {
        "BOOLEAN" => ColumnType::Bool,
        "SMALLINT" | "INTEGER" | "BIGINT" => ColumnType::Int,
        "DOUBLE" => ColumnType::Real,
        "TEXT" => ColumnType::Text,
        "BYTEA" => ColumnType::Bytes,
        "UUID" => ColumnType::Uuid,
        "JSONB" => ColumnType::Json,
        other => return Err(format!("column {}: {other} is not a type that both engines have", name.text)),
    };
    let name = name.text.trim_matches('"').to_owned();
    Ok(Some(ColumnInfo { name, holds, key: words.iter().any(|t| t.is("PRIMARY")) }))
}

impl Schema {
    /// Reads `(file name, text)` pairs; whatever breaks a rule of the house is an error that names the file.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Schema, String> {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_unstable();
        let mut schema = Schema::default();
        for (file, source) in files {
            schema.add(file, source).map_err(|e| format!("migrations/{file}: {e}"))?;
        }
        Ok(schema)
    }

    fn add(&mut self, file: &str, source: &str) -> Result<(), String> {
        let stem = file.strip_suffix(".sql").ok_or("a migration is called NNNN_module[_what].sql")?;
        let (stem, only) = match stem.split_once('.') {
            None => (stem, None),
            Some((stem, "sqlite")) => (stem, Some(Engine::Sqlite)),
            Some((stem, "pg")) => (stem, Some(Engine::Pg)),
            Some((_, other)) => return Err(format!("no engine is called {other}")),
        };
        let (digits, name) = stem.split_once('_').ok_or("a migration is called NNNN_module[_what].sql")?;
        let number = digits.parse::<i64>().ok().filter(|_| digits.len() == 4).ok_or("the number has four digits")?;
        let module = name.split('_').next().unwrap_or(name).to_owned();
        let twin = self
            .migrations
            .iter()
            .filter(|m| m.number == number)
            .find(|m| m.only.is_none() || only.is_none() || m.only == only || m.name != name);
        if let Some(twin) = twin {
            return Err(format!("{} has the same number", twin.file));
        }
        let tokens = lex(source);
        let append_only = self.declarations(&module, only, &tokens)?;
        let (name, file, source) = (name.to_owned(), file.to_owned(), source.to_owned());
        self.migrations.push(Migration { number, name, module, file, only, append_only, source });
        Ok(())
    }

    /// Walks the text once; gives the tables declared append-only.
    fn declarations(
        &mut self,
        module: &str,
        only: Option<Engine>,
        tokens: &[Token<'_>],
    ) -> Result<Vec<String>, String> {
        let words: Vec<&Token<'_>> = tokens.iter().filter(|t| !t.space()).collect();
        let name_after = |i: usize| {
            let names = words.iter().skip(i + 1).filter(|t| !["IF", "NOT", "EXISTS", "ONLY"].iter().any(|w| t.is(w)));
            names
                .take(1)
                .find(|t| t.kind == Kind::Word)
                .map(|t| t.text.to_owned())
                .ok_or("a name in plain letters must follow TABLE, VIEW, TRIGGER")
        };
        let mut table = String::new();
        for (i, word) in words.iter().enumerate() {
            let back = |n: usize, what: &str| i.checked_sub(n).and_then(|j| words.get(j)).is_some_and(|t| t.is(what));
            if word.is("CASCADE") || word.is("DEFERRABLE") {
                return Err(format!("{} is not allowed: a foreign key refuses, and at once", word.text.to_uppercase()));
            }
            if word.is("REPLACE") && (back(1, "CONFLICT") || (back(1, "OR") && !back(2, "CREATE"))) {
                return Err("REPLACE is not allowed: it deletes rows unseen".into());
            }
            if word.is("REFERENCES") {
                let to = name_after(i)?;
                if !self.tables.iter().any(|t| t.name == to) {
                    return Err(format!("{table} refers to {to}, which no earlier migration creates"));
                }
                self.foreign_keys.push(ForeignKey { from: table.clone(), to });
            } else if word.is("TRIGGER") && back(1, "CREATE") {
                self.triggers.push(name_after(i)?);
            } else if word.is("VIEW") && (back(1, "CREATE") || back(1, "REPLACE")) {
                let name = name_after(i)?;
                self.views.retain(|(v, _)| *v != name);
                self.views.push((name, module.to_owned()));
            } else if word.is("VIEW") && back(1, "DROP") {
                let name = name_after(i)?;
                self.views.retain(|(v, _)| *v != name);
            } else if word.is("TABLE") && (back(1, "CREATE") || back(1, "VIRTUAL")) {
                table = name_after(i)?;
                match self.tables.iter().find(|t| t.name == table) {
                    Some(t) if t.module != module => return Err(format!("{table} belongs to {}", t.module)),
                    Some(_) => (), // the other engine's twin
                    None => self.tables.push(TableInfo {
                        name: table.clone(),
                        module: module.to_owned(),
                        append_only: false,
                        columns: if only.is_none() { columns(&words[i..])? } else { Vec::new() },
                    }),
                }
            } else if word.is("TABLE") && (back(1, "ALTER") || back(1, "DROP")) {
                table = name_after(i)?;
                if !self.tables.iter().any(|t| t.name == table && t.module == module) {
                    return Err(format!("{table} is not a table of {module}"));
                }
                // What one engine does to a table of both is a rebuild: it is there again under its name in the end.
                let rebuilt = only.is_some() && self.tables.iter().any(|t| t.name == table && !t.columns.is_empty());
                if back(1, "DROP") && !rebuilt {
                    self.tables.retain(|t| t.name != table);
                    self.foreign_keys.retain(|k| k.from != table);
                }
            } else if back(3, "ALTER") && back(2, "TABLE") && words.get(i + 1).is_some_and(|t| t.is("COLUMN")) {
                let held = self.tables.iter_mut().find(|t| t.name == table).ok_or("ALTER of an unknown table")?;
                let rest = words.get(i + 2..).unwrap_or_default();
                let (name, to) = (rest.first().map(|t| t.text), rest.get(2).map(|t| t.text));
                match (word.is("ADD"), word.is("DROP"), name, to) {
                    (true, ..) => {
                        let end = rest.iter().position(|t| t.is(";")).unwrap_or(rest.len());
                        held.columns.extend(column(rest.get(..end).unwrap_or_default())?);
                    }
                    (_, true, Some(name), _) => held.columns.retain(|c| c.name != name),
                    (_, _, Some(name), Some(to)) if word.is("RENAME") => {
                        held.columns.iter_mut().filter(|c| c.name == name).for_each(|c| to.clone_into(&mut c.name));
                    }
                    _ => return Err("a column is added, dropped or renamed".into()),
                }
            } else if back(3, "ALTER")
                && back(2, "TABLE")
                && word.is("ADD")
                && !words.get(i + 1).is_some_and(|t| t.is("CONSTRAINT"))
            {
                return Err("write ADD COLUMN".into());
            } else if word.is("RENAME") && words.get(i + 1).is_some_and(|t| t.is("TO")) {
                let to = name_after(i + 1)?;
                if only.is_some() && self.tables.iter().any(|t| t.name == to) {
                    self.tables.retain(|t| t.name != table);
                    self.foreign_keys.retain(|k| k.from != table);
                    continue;
                }
                self.tables.iter_mut().filter(|t| t.name == table).for_each(|t| t.name.clone_from(&to));
                self.foreign_keys.iter_mut().filter(|k| k.from == table).for_each(|k| k.from.clone_from(&to));
            }
        }
        let lines =
            tokens.iter().filter_map(|t| t.text.trim_end().strip_prefix("-- append-only:").filter(|_| t.space()));
        let names: Vec<String> = lines.flat_map(|l| l.split(',')).map(|n| n.trim().to_owned()).collect();
        for name in &names {
            let table = self.tables.iter_mut().find(|t| t.name == *name && t.module == module);
            table.ok_or(format!("append-only: {name} is not a table of {module}"))?.append_only = true;
        }
        Ok(names)
    }

    /// Every table after those it refers to.
    pub fn referred_first(&self) -> Vec<&TableInfo> {
        let mut out: Vec<&TableInfo> = Vec::new();
        let mut rest: Vec<&TableInfo> = self.tables.iter().collect();
        loop {
            let waits = |t: &TableInfo, out: &[&TableInfo]| {
                let others = self.foreign_keys.iter().filter(|k| k.from == t.name && k.to != t.name);
                others.into_iter().any(|k| !out.iter().any(|o| o.name == k.to))
            };
            match rest.iter().position(|t| !waits(t, &out)) {
                Some(i) => out.push(rest.remove(i)),
                // A circle; the engine will say so.
                None => return out.into_iter().chain(rest).collect(),
            }
        }
    }
    /// The module that owns a table or view.
    pub fn owner(&self, name: &str) -> Option<&str> {
        let table = self.tables.iter().find(|t| t.name.eq_ignore_ascii_case(name)).map(|t| t.module.as_str());
        table.or_else(|| self.views.iter().find(|(v, _)| v.eq_ignore_ascii_case(name)).map(|(_, m)| m.as_str()))
    }
    /// Whether a name is a view every module may read.
    pub fn is_facts(&self, name: &str) -> bool {
        name.ends_with("_facts") && self.views.iter().any(|(v, _)| v == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_with_their_types_and_keys() {
        let first = "CREATE TABLE a (x UUID NOT NULL PRIMARY KEY, n BIGINT NOT NULL CHECK (n IN (1, 2)), lat DOUBLE PRECISION, \
                     UNIQUE (x, n));\nCREATE TABLE b (k TEXT COLLATE \"C\" NOT NULL, a UUID REFERENCES a (x), PRIMARY KEY (a, k));";
        let second = "CREATE TABLE c (id UUID PRIMARY KEY, data JSONB);\nALTER TABLE a ADD COLUMN c UUID REFERENCES c (id);\n\
                      ALTER TABLE a DROP COLUMN lat;\nALTER TABLE a RENAME COLUMN n TO m;";
        let files = [("0001_a.sql", first), ("0002_a.sql", second), ("0003_a.pg.sql", "CREATE TABLE i (t TSVECTOR);")];
        let schema = Schema::read(files).unwrap();
        let of = |name: &str| {
            let table = schema.tables.iter().find(|t| t.name == name).unwrap();
            table.columns.iter().map(|c| (c.name.as_str(), c.holds, c.key)).collect::<Vec<_>>()
        };
        use ColumnType::{Int, Json, Text, Uuid};
        assert_eq!(of("a"), [("x", Uuid, true), ("m", Int, false), ("c", Uuid, false)]);
        assert_eq!(of("b"), [("k", Text, true), ("a", Uuid, true)]);
        assert_eq!(of("c"), [("id", Uuid, true), ("data", Json, false)]);
        assert_eq!(of("i"), []);
        let rebuilt = "CREATE TABLE b2 (k TEXT, a BLOB REFERENCES a (x)); DROP TABLE b; ALTER TABLE b2 RENAME TO b;";
        let again = Schema::read(files.into_iter().chain([("0004_a.sqlite.sql", rebuilt)])).unwrap();
        assert_eq!((again.tables, again.foreign_keys), (schema.tables.clone(), schema.foreign_keys.clone()));
        let order: Vec<&str> = schema.referred_first().iter().map(|t| t.name.as_str()).collect();
        assert_eq!(order, ["c", "a", "b", "i"]);
        assert!(Schema::read([("0001_a.sql", "CREATE TABLE a (x MONEY);")]).unwrap_err().contains("MONEY"));
        assert!(Schema::read([("0001_a.sql", "CREATE TABLE a (x TEXT); ALTER TABLE a ADD y TEXT;")]).is_err());
    }
}
