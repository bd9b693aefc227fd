//! What a statement may be: the rules both engines share, and SQLite's own reading against the real schema.
use linli_schema::lex::{Kind, Token, lex};
use linli_schema::{Engine, Schema};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::sync::{Arc, Mutex, PoisonError};

/// What differs between the engines or is not the program's to ask, and what to do instead.
const REFUSED_CALLS: &[(&str, &str)] = &[
    ("lower", "the engines fold case differently: fold in the program"),
    ("upper", "the engines fold case differently: fold in the program"),
    ("now", "time comes from Cx"),
    ("random", "randomness comes from Cx"),
];
const REFUSED_WORDS: &[(&str, &str)] = &[
    ("LIKE", "the engines compare differently: use the search index"),
    ("ILIKE", "use the search index"),
    ("GLOB", "use the search index"),
    ("CURRENT_TIMESTAMP", "time comes from Cx"),
    ("CURRENT_DATE", "time comes from Cx"),
    ("CURRENT_TIME", "time comes from Cx"),
];
/// Table-valued functions of SQLite that stores may read.
const FUNCTIONS: &[&str] = &["json_each", "json_tree"];

/// The words and signs of a statement with the depth of parentheses around each.
struct Words<'a>(Vec<(usize, Token<'a>)>);

impl<'a> Words<'a> {
    fn of(sql: &'a str) -> Self {
        let mut depth = 0usize;
        let words = lex(sql).into_iter().filter(|t| !t.space()).map(|t| {
            depth = depth.saturating_sub(usize::from(t.is(")")));
            let at = depth;
            depth += usize::from(t.is("("));
            (at, t)
        });
        Words(words.collect())
    }
    fn is(&self, i: usize, what: &str) -> bool {
        self.0.get(i).is_some_and(|(_, t)| t.is(what))
    }
    fn before(&self, i: usize, what: &str) -> bool {
        i.checked_sub(1).is_some_and(|i| self.is(i, what))
    }
    fn top(&self, what: &str) -> Option<usize> {
        self.0.iter().position(|(d, t)| *d == 0 && t.is(what))
    }
    /// The word that says what the statement does, after any WITH.
    fn verb(&self) -> Option<usize> {
        let verbs = ["SELECT", "VALUES", "INSERT", "UPDATE", "DELETE"];
        self.0.iter().position(|(d, t)| *d == 0 && verbs.iter().any(|v| t.is(v)))
    }
    /// Where the parenthesis opened at `open` closes.
    fn close(&self, open: usize) -> usize {
        let depth = self.0.get(open).map_or(0, |(d, _)| *d);
        let close = self.0.iter().skip(open).position(|(d, t)| *d == depth && t.is(")"));
        close.map_or(self.0.len(), |i| open + i)
    }
    /// Whether the word at `i` lies in a CAST to 64 bits: AS BIGINT or AS DOUBLE PRECISION, in the engine's words.
    fn in_cast(&self, i: usize, engine: Engine) -> bool {
        let (whole, real, back) = if engine == Engine::Pg { ("BIGINT", "DOUBLE", 3) } else { ("INTEGER", "REAL", 2) };
        (0..i).any(|open| {
            let close = self.close(open);
            let typed =
                |n: usize, ty: &str| close.checked_sub(n).is_some_and(|j| self.is(j, "AS") && self.is(j + 1, ty));
            self.is(open, "(") && self.before(open, "CAST") && close > i && (typed(2, whole) || typed(back, real))
        })
    }
    /// Whether a SELECT gives exactly one row whatever the tables hold: no FROM, or aggregates without GROUP BY.
    fn one_row(&self, select: usize) -> bool {
        if ["UNION", "GROUP", "VALUES"].iter().any(|w| self.top(w).is_some()) {
            return false;
        }
        let Some(from) = self.top("FROM") else { return true };
        let in_subquery =
            |i: usize| (select..i).any(|o| self.is(o, "(") && self.is(o + 1, "SELECT") && self.close(o) > i);
        (select..from).any(|i| {
            let called = self.is(i + 1, "(") && !in_subquery(i);
            let mut close = self.close(i + 1);
            if self.is(close + 1, "FILTER") {
                close = self.close(close + 2);
            }
            let windowed = self.is(close + 1, "OVER");
            // max(a, b) is a plain function of SQLite.
            let depth = self.0.get(i + 1).map_or(0, |(d, _)| *d) + 1;
            let comma = (i + 2..close).any(|j| self.0.get(j).is_some_and(|(d, t)| *d == depth && t.is(",")));
            let plain = ["count", "sum", "avg"].iter().any(|w| self.is(i, w));
            let either = ["max", "min"].iter().any(|w| self.is(i, w)) && !comma;
            called && !windowed && (plain || either)
        })
    }
}

/// The rules that need only the words; for the texts of both engines.
pub(crate) fn words(sql: &str, engine: Engine, schema: &Schema, module: &str, report: bool) -> Result<(), String> {
    let w = Words::of(sql);
    for (i, (_, t)) in w.0.iter().enumerate() {
        if let Some((word, why)) = REFUSED_WORDS.iter().find(|(word, _)| t.is(word)) {
            return Err(format!("{word}: {why}"));
        }
        if let Some((name, why)) = REFUSED_CALLS.iter().find(|(name, _)| t.is(name) && w.is(i + 1, "(")) {
            return Err(format!("{name}(): {why}"));
        }
        if t.is(";") {
            return Err("one statement, without a semicolon".into());
        }
        if t.is("REPLACE") && !w.is(i + 1, "(") {
            return Err("REPLACE deletes rows unseen: use ON CONFLICT … DO UPDATE".into());
        }
        if (t.is("sum") || t.is("avg")) && w.is(i + 1, "(") && !w.in_cast(i, engine) {
            return Err(format!(
                "{0}() of whole numbers is NUMERIC on PostgreSQL: write CAST({0}(…) AS BIGINT) or AS DOUBLE PRECISION",
                t.text
            ));
        }
        // `WITH name AS (` and `, name (columns) AS MATERIALIZED (`: a name that hides a schema object hides its owner too.
        let columns = if w.is(i + 1, "(") { w.close(i + 1) + 1 } else { i + 1 };
        let defines = w.is(columns, "AS") && ["(", "MATERIALIZED", "NOT"].iter().any(|a| w.is(columns + 1, a));
        let name = t.text.trim_matches(['"', '`', '[', ']']);
        let known = schema.owner(name).is_some() || schema.triggers.iter().any(|n| n.eq_ignore_ascii_case(name));
        if defines && matches!(t.kind, Kind::Word | Kind::Quoted) && known {
            return Err(format!("WITH {name}: the name hides a table, view or trigger of the schema"));
        }
        // PostgreSQL's own text is not read by SQLite: at least see what stands where a table is named.
        let table = ["FROM", "JOIN", "INTO", "UPDATE", "ONLY", "USING"].iter().any(|k| w.before(i, k));
        if let Some(owner) = schema.owner(name)
            && table
            && owner != module
            && !schema.is_facts(name)
        {
            return Err(foreign(name, owner, module));
        }
    }
    let verb = w.verb().ok_or("a statement is SELECT, VALUES, INSERT, UPDATE or DELETE")?;
    if w.is(verb, "SELECT") && !report && w.top("LIMIT").is_none() && !w.one_row(verb) {
        return Err("a SELECT needs a LIMIT; what is unbounded is sql!(report …)".into());
    }
    Ok(())
}

fn foreign(table: &str, owner: &str, module: &str) -> String {
    format!("{table} belongs to {owner}: {module} calls {owner}'s functions or reads a view {owner}_…_facts")
}

/// SQLite with the whole schema.
pub(crate) struct Checker {
    conn: rusqlite::Connection,
    schema: Schema,
    touched: Arc<Mutex<Vec<Touched>>>,
}

/// What is touched, in which table, through which view or trigger.
type Touched = (Touch, String, Option<String>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Touch {
    Read,
    Insert,
    Change,
    Other,
}

impl Checker {
    /// Runs the migrations; an error names the file.
    pub(crate) fn new(schema: Schema) -> Result<Checker, String> {
        let mut conn = rusqlite::Connection::open_in_memory().map_err(|e| e.to_string())?;
        // Off while statements are read: with them on, SQLite reports reads of the parent table, which are its own.
        conn.execute_batch("PRAGMA foreign_keys = OFF").map_err(|e| e.to_string())?;
        for m in &schema.migrations {
            if let Some(text) = m.text(Engine::Sqlite) {
                conn.execute_batch(&text).map_err(|e| format!("migrations/{}: {}", m.file, reason(&e)))?;
            }
        }
        let touched = Arc::new(Mutex::new(Vec::new()));
        let notes = touched.clone();
        let note = move |ctx: AuthContext<'_>| {
            let (touch, table) = match ctx.action {
                AuthAction::Read { table_name, .. } => (Touch::Read, table_name),
                AuthAction::Insert { table_name } => (Touch::Insert, table_name),
                AuthAction::Update { table_name, .. } | AuthAction::Delete { table_name } => {
                    (Touch::Change, table_name)
                }
                AuthAction::Select | AuthAction::Function { .. } | AuthAction::Recursive => {
                    return Authorization::Allow;
                }
                _ => (Touch::Other, ""),
            };
            let entry = (touch, table.to_owned(), ctx.accessor.map(str::to_owned));
            notes.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
            Authorization::Allow
        };
        conn.authorizer(Some(note)).map_err(|e| e.to_string())?;
        Ok(Checker { conn, schema, touched })
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// SQLite reads a text for a module; gives the names of its columns.
    pub(crate) fn read(&self, sql: &str, args: usize, module: &str) -> Result<Vec<String>, String> {
        let notes = || self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        notes().clear();
        let statement = self.conn.prepare(sql).map_err(|e| reason(&e))?;
        for (touch, table, accessor) in notes().iter() {
            self.may(*touch, table, accessor.as_deref(), module)?;
        }
        if statement.parameter_count() != args {
            return Err("parameters are written $1, $2 …".into());
        }
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    fn may(&self, touch: Touch, table: &str, accessor: Option<&str>, module: &str) -> Result<(), String> {
        let s = &self.schema;
        if touch == Touch::Other {
            return Err("a statement neither changes the schema nor steers the connection".into());
        }
        if FUNCTIONS.contains(&table) {
            return Ok(());
        }
        // A virtual table keeps tables of its own, named after it.
        let of_virtual =
            || s.tables.iter().find(|t| table.strip_prefix(t.name.as_str()).is_some_and(|r| r.starts_with('_')));
        let Some(owner) = s.owner(table).or_else(|| of_virtual().map(|t| t.module.as_str())) else {
            // A FROM-subquery or a CTE has no owner; what it reads is told separately.
            let engine = ["sqlite_", "pragma_", "dbstat"].iter().any(|p| table.starts_with(p));
            return if engine { Err(format!("{table} is the engine's own")) } else { Ok(()) };
        };
        if touch == Touch::Change && s.tables.iter().any(|t| t.name == table && t.append_only) {
            return Err(format!("{table} is append-only: neither UPDATE nor DELETE"));
        }
        // Through a view of the owner, or a trigger a migration has written.
        let through =
            accessor.is_some_and(|a| s.triggers.iter().any(|t| t == a) || (s.is_facts(a) && s.owner(a) == Some(owner)));
        if owner == module || through || (touch == Touch::Read && s.is_facts(table)) {
            return Ok(());
        }
        Err(foreign(table, owner, module))
    }
}

/// SQLite's message without the wrapping.
fn reason(e: &rusqlite::Error) -> String {
    match e {
        rusqlite::Error::SqliteFailure(_, Some(m)) => m.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
