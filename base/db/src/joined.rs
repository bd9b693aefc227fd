//! Several statements as one: what PostgreSQL can be told in one breath costs one answer instead of one each.
//!
//! `WITH a2 AS (INSERT …), a1 AS (UPDATE …) INSERT …` runs every part against the same snapshot, so that no part sees
//! what another one does (PostgreSQL manual, 7.8.4). Hence only parts that need not: each names its own table alone, and
//! what changes rows goes with nothing that has touched its table before. Foreign keys are checked at the end of the whole.
use linli_schema::lex::{Kind, Token, lex};
use linli_schema::schema;

/// What a statement writes, if it names no other table and gives no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    table: &'static str,
    /// A plain INSERT, which need not see the rows that are there.
    adds: bool,
}

impl Target {
    pub(crate) fn of(text: &'static str) -> Option<Target> {
        let words: Vec<Token<'static>> = lex(text).into_iter().filter(|t| !t.space()).collect();
        let has = |what: &str| words.iter().any(|t| t.is(what));
        let inserts = words.first()?.is("INSERT");
        if !(inserts || words.first()?.is("UPDATE")) || has("RETURNING") || has("WITH") {
            return None;
        }
        // A comma names a table in a FROM only; before, it stands between columns and values.
        let from = words.iter().position(|t| t.is("FROM")).unwrap_or(words.len());
        let named = words.windows(2).enumerate().filter_map(|(i, pair)| {
            let [before, name] = pair else { return None };
            let names = ["FROM", "JOIN", "INTO", "UPDATE", "USING", "ONLY"].iter().any(|w| before.is(w));
            ((names || (i > from && before.is(","))) && schema().owner(name.text).is_some()).then_some(name.text)
        });
        let mut named = named.collect::<Vec<_>>().into_iter();
        let table = named.next()?;
        named.next().is_none().then_some(Target { table, adds: inserts && !has("CONFLICT") })
    }
    /// Whether it may go with these, which come before it.
    pub(crate) fn goes_with(self, before: impl IntoIterator<Item = Target>) -> bool {
        self.adds || before.into_iter().all(|b| b.table != self.table)
    }
}

/// One text out of several, their parameters numbered on. The first part is the statement itself and the others stand before
/// it from the last to the second: PostgreSQL does not promise an order, but runs them in this one, so that whoever meets
/// others learns it from the same part as if all had been sent one by one.
pub(crate) fn text(parts: &[&str]) -> String {
    let mut first = 0;
    let mut written = Vec::new();
    for part in parts {
        let (mut text, mut most) = (String::new(), 0);
        for token in lex(part) {
            match token.text.get(1..).and_then(|n| n.parse::<usize>().ok()) {
                Some(n) if token.kind == Kind::Param => {
                    most = most.max(n);
                    text.push_str(&format!("${}", first + n));
                }
                _ => text.push_str(token.text),
            }
        }
        first += most;
        written.push(text);
    }
    let beside = written.iter().enumerate().skip(1).rev().map(|(i, text)| format!("a{i} AS ({text})"));
    let beside = beside.collect::<Vec<_>>().join(", ");
    let itself = written.first().map_or("", String::as_str);
    if beside.is_empty() { itself.to_owned() } else { format!("WITH {beside} {itself}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_alone_is_joined() {
        let target = |text| Target::of(text).map(|t| (t.table, t.adds));
        assert_eq!(target("INSERT INTO clocks (id, events) VALUES ($1, $2)"), Some(("clocks", true)));
        assert_eq!(target("INSERT INTO versions (name, n) VALUES ($1, 'FROM ticks')"), Some(("versions", true)));
        let raises = "INSERT INTO versions (name, n) SELECT $1, n FROM unnest($2::bigint[]) AS u (n)
                      ON CONFLICT (name) DO UPDATE SET n = excluded.n";
        assert_eq!(target(raises), Some(("versions", false)));
        assert_eq!(target("UPDATE versions SET n = $1 WHERE name = $2"), Some(("versions", false)));
        for text in [
            "SELECT n FROM versions",
            "DELETE FROM versions",
            "UPDATE versions SET n = 1 RETURNING n",
            "INSERT INTO versions (name, n) SELECT name, at FROM ticks",
            "INSERT INTO versions (name, n) SELECT name, at FROM unnest($1) AS u (x), ticks",
            "UPDATE versions SET n = 1 WHERE EXISTS (SELECT 1 FROM ticks)",
            "INSERT INTO versions (name, n) SELECT name, n FROM version_facts",
        ] {
            assert_eq!(target(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_that_changes_a_table_goes_with_what_touched_it_before() {
        let [adds, raises, other] =
            [("a", true), ("a", false), ("b", false)].map(|(table, adds)| Target { table, adds });
        assert!(adds.goes_with([adds, raises, other]));
        assert!(raises.goes_with([other]));
        assert!(!raises.goes_with([other, adds]));
        assert!(!raises.goes_with([raises]));
    }

    #[test]
    fn parameters_are_numbered_on() {
        assert_eq!(text(&["INSERT INTO a VALUES ($2, '$1', $1)"]), "INSERT INTO a VALUES ($2, '$1', $1)");
        assert_eq!(
            text(&["INSERT INTO a VALUES ($2, $1)", "UPDATE b SET n = $1", "INSERT INTO c VALUES ($1, $1)"]),
            "WITH a2 AS (INSERT INTO c VALUES ($4, $4)), a1 AS (UPDATE b SET n = $3) INSERT INTO a VALUES ($2, $1)"
        );
    }
}
