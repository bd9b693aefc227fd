//! Statements as values: every `sql!` of the program is in [`STATEMENTS`], with a mark for each text that has run.
use crate::{Error, Param, Result, Value};
use linli_schema::Engine;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// One text of a statement for one engine.
#[derive(Debug)]
pub struct Variant {
    /// The text.
    pub sql: &'static str,
    /// Which parameter of the call goes to each place.
    pub args: &'static [u8],
}

/// A statement, read by SQLite when it was compiled.
#[derive(Debug)]
pub struct Sql {
    /// The texts for SQLite and for PostgreSQL; variant `m` holds optional clause `i` iff bit `i` of `m` is set.
    pub variants: [&'static [Variant]; 2],
    /// For each optional clause, the parameters that must all be there.
    pub optional: &'static [&'static [u8]],
    /// How many parameters a call gives.
    pub params: u8,
    /// The names of its columns.
    pub columns: &'static [&'static str],
    /// The module whose statement it is.
    pub module: &'static str,
    /// File, line and column.
    pub at: &'static str,
    /// Whether it may be unbounded.
    pub report: bool,
    checked: bool,
    ran: [AtomicU8; 2],
}

/// Every `sql!` that is linked into this program.
#[linkme::distributed_slice]
pub static STATEMENTS: [&'static Sql];

const ARGS: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7];

impl Sql {
    #[doc(hidden)]
    pub const fn checked(
        variants: [&'static [Variant]; 2],
        optional: &'static [&'static [u8]],
        params: u8,
        columns: &'static [&'static str],
        module: &'static str,
        at: &'static str,
        report: bool,
    ) -> Sql {
        let ran = [AtomicU8::new(0), AtomicU8::new(0)];
        Sql { variants, optional, params, columns, module, at, report, checked: true, ran }
    }

    /// A statement nobody has read, of at most eight parameters: for tests, migrations and the layer's own use.
    #[doc(hidden)]
    pub const fn unchecked(sqlite: &'static [Variant; 1], pg: &'static [Variant; 1], params: u8) -> Sql {
        let ran = [AtomicU8::new(0), AtomicU8::new(0)];
        Sql {
            variants: [sqlite, pg],
            optional: &[],
            params,
            columns: &[],
            module: "",
            at: "unchecked",
            report: false,
            checked: false,
            ran,
        }
    }

    /// The text for these values, and the values in the order of its places.
    pub(crate) fn choose<'s, 'v>(
        &'static self,
        engine: Engine,
        values: &'s [Value<'v>],
    ) -> Result<(&'static str, impl Iterator<Item = &'s Value<'v>>)> {
        if values.len() != usize::from(self.params) {
            return Err(Error::Bug(format!("{}: {} parameters given, {} wanted", self.at, values.len(), self.params)));
        }
        let there = |o: &[u8]| o.iter().all(|p| values.get(usize::from(*p)).is_some_and(|v| *v != Value::Null));
        let mask = self.optional.iter().enumerate().fold(0usize, |m, (i, o)| m | usize::from(there(o)) << i);
        let texts = self.variants[index(engine)];
        let variant = texts.get(mask).ok_or_else(|| Error::Bug(format!("{}: no variant {mask}", self.at)))?;
        let ran = &self.ran[index(engine)];
        if ran.load(Relaxed) >> mask & 1 == 0 {
            ran.fetch_or(1 << mask, Relaxed);
        }
        Ok((variant.sql, variant.args.iter().filter_map(|a| values.get(usize::from(*a)))))
    }

    /// Whether any call can lead to the variant: a clause left out must want something that those within do not.
    fn reachable(&self, mask: usize) -> bool {
        let holds = |i: usize| mask >> i & 1 == 1;
        let clauses = || self.optional.iter().enumerate();
        let given = |p: &u8| clauses().any(|(i, o)| holds(i) && o.contains(p));
        clauses().all(|(i, o)| holds(i) || !o.iter().all(given))
    }

    /// Refuses to read rows of the wrong width.
    pub(crate) fn width(&self, columns: usize) -> Result<()> {
        let fits = !self.checked || columns == self.columns.len();
        if fits {
            Ok(())
        } else {
            Err(Error::Bug(format!("{}: {columns} columns read, {} given", self.at, self.columns.len())))
        }
    }
}

/// A text without checks; the parameters are written as the engine wants them.
#[doc(hidden)]
pub const fn text<const N: usize>(sql: &'static str) -> [Variant; 1] {
    assert!(N <= 8);
    [Variant { sql, args: ARGS.split_at(N).0 }]
}

fn index(engine: Engine) -> usize {
    usize::from(engine == Engine::Pg)
}

pub(crate) fn values<'p>(params: &[&'p dyn Param]) -> Vec<Value<'p>> {
    params.iter().map(|&p| p.value()).collect()
}

/// Which texts have run: so that the suite can end with "every statement ran on both engines".
pub mod hits {
    use super::{Engine, Relaxed, STATEMENTS, index};
    use std::collections::HashSet;
    use std::io::{self, Write};
    use std::path::Path;

    const ENGINES: [(Engine, &str); 2] = [(Engine::Sqlite, "sqlite"), (Engine::Pg, "pg")];

    /// Appends what has run since the last call to a file of this process in the directory `LINLI_SQL_HITS`, if set.
    pub fn flush() {
        if let Some(dir) = std::env::var_os("LINLI_SQL_HITS")
            && let Err(e) = write(Path::new(&dir))
        {
            eprintln!("LINLI_SQL_HITS: {e}");
        }
    }

    fn write(dir: &Path) -> io::Result<()> {
        let mut lines = String::new();
        for s in STATEMENTS.iter() {
            for (engine, name) in ENGINES {
                let ran = s.ran[index(engine)].swap(0, Relaxed);
                (0..8).filter(|v| ran >> v & 1 == 1).for_each(|v| lines.push_str(&format!("{name}\t{}\t{v}\n", s.at)));
            }
        }
        std::fs::create_dir_all(dir)?;
        let file = dir.join(format!("{}.hits", std::process::id()));
        std::fs::File::options().create(true).append(true).open(file)?.write_all(lines.as_bytes())
    }

    /// The texts of this program's statements that no process has run: engine, place, variant and text.
    pub fn missing(dir: &Path) -> io::Result<Vec<String>> {
        let mut ran = HashSet::new();
        for entry in std::fs::read_dir(dir)? {
            ran.extend(std::fs::read_to_string(entry?.path())?.lines().map(str::to_owned));
        }
        let mut missing = Vec::new();
        for s in STATEMENTS.iter() {
            for (engine, name) in ENGINES {
                for (v, text) in s.variants[index(engine)].iter().enumerate() {
                    let line = format!("{name}\t{}\t{v}", s.at);
                    if s.reachable(v) && !ran.contains(&line) {
                        missing.push(format!("{line}\t{}", text.sql));
                    }
                }
            }
        }
        missing.sort();
        Ok(missing)
    }
}
