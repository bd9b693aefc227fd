//! Full text: pairs of characters prepared by the program, with the scope in the index text itself, newest first, bounded.
use crate::rules::{self, Wanted};
use crate::{Matter, store};
use linli_core::{Cx, Error, MatterId, Result, Scope};
use linli_db::{Engine, sql};

fn text(m: &Matter, words: &str) -> String {
    let within = m.ancestors().into_iter().flatten();
    rules::index_text(&m.title, words, &m.place_name, &m.number, within, m.audience)
}

/// Puts a new matter into the index. The document's number grows with time, so that newest first is the index's order.
pub(crate) fn put(cx: &mut Cx<'_, '_>, m: &Matter, words: &str) -> Result<()> {
    let doc = (cx.now << 20) | i64::from(cx.serial() & 0xf_ffff);
    cx.tx.put(sql!("INSERT INTO search_docs (id, doc) VALUES ($1, $2)"), &[&m.id, &doc])?;
    index(cx, doc, &text(m, words))
}

/// Rewrites a matter's entry after its title, words, category or audience changed.
pub(crate) fn again(cx: &mut Cx<'_, '_>, m: &Matter) -> Result<()> {
    let words = store::acts(cx.tx, m.id, 0, 1)?.into_iter().next().and_then(|a| a.words).unwrap_or_default();
    let Some((doc,)) = cx.tx.opt::<(i64,)>(sql!("SELECT doc FROM search_docs WHERE id = $1 LIMIT 1"), &[&m.id])? else {
        return Ok(());
    };
    cx.tx.put(sql!(sqlite "DELETE FROM search WHERE rowid = $1", pg "DELETE FROM search WHERE doc = $1"), &[&doc])?;
    index(cx, doc, &text(m, &words))
}

/// Makes the entries of at most `limit` matters again, from the first id after `after` on; gives the last id done (none when
/// none was left) and how many. For a database whose rows were copied: the index itself is not.
pub fn reindex(cx: &mut Cx<'_, '_>, after: Option<MatterId>, limit: i64) -> Result<(Option<MatterId>, u64)> {
    let after = after.unwrap_or(MatterId(uuid::Uuid::nil()));
    let ids: Vec<(MatterId,)> =
        cx.tx.all(sql!("SELECT id FROM search_docs WHERE id > $1 ORDER BY id LIMIT $2"), &[&after, &limit])?;
    for (id,) in &ids {
        let matter = crate::matter(cx, *id)?;
        again(cx, &matter)?;
    }
    Ok((ids.last().map(|(id,)| *id), ids.len() as u64))
}

fn index(cx: &mut Cx<'_, '_>, doc: i64, terms: &str) -> Result<()> {
    cx.tx.put(
        sql!(
            sqlite "INSERT INTO search (rowid, terms) VALUES ($1, $2)",
            pg "INSERT INTO search (doc, terms) VALUES ($1, to_tsvector('simple', $2))"
        ),
        &[&doc, &terms],
    )?;
    Ok(())
}

/// The newest matters within a scope that hold every term. Only `Within` and `Public` can be searched. Up to the dispatch
/// level's own units the index knows who may see a matter; below, nearly all of a unit's matters may be seen, and walking along
/// the index's list of all that everybody may see would cost more than the rest: so the caller leaves out what may not.
pub(crate) fn find(
    cx: &mut Cx<'_, '_>,
    scope: &Scope,
    q: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(MatterId, i64)>> {
    let (unit, audiences) = match scope {
        Scope::Within(unit, _) => (*unit, None),
        Scope::Public(unit, audiences, _) => (*unit, Some(audiences)),
        Scope::Mine(..) | Scope::Desk(..) => return Err(Error::internal("search within a desk")),
    };
    let wanted = rules::query_terms(q);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let sqlite = cx.tx.engine() == Engine::Sqlite;
    let (quote, prefix, and, or) = if sqlite { ('"', "*", " AND ", " OR ") } else { ('\'', ":*", " & ", " | ") };
    let quoted = |word: &str| format!("{quote}{word}{quote}");
    let mut required: Vec<String> = wanted
        .iter()
        .map(|w| match w {
            Wanted::Whole(word) => quoted(word),
            Wanted::Begin(c) => quoted(c) + prefix,
        })
        .collect();
    // Everything lies within the root: its token would only be a list as long as the index to walk along.
    if unit != linli_registry::units(cx)?.root() {
        required.push(quoted(&rules::token('u', unit)));
    }
    let mut any: Vec<String> = audiences.into_iter().flatten().map(|a| quoted(&rules::token('a', *a))).collect();
    if audiences.is_some() && any.is_empty() {
        return Ok(Vec::new());
    }
    let deep = linli_registry::units(cx)?.path(unit).len() > 2;
    if deep {
        any.clear();
    }
    let mut query = required.join(and);
    if !any.is_empty() {
        query = format!("{query}{and}({})", any.join(or));
    }
    let before = before.unwrap_or(i64::MAX);
    // A GIN index has no order, so whatever it finds must be read before the newest are known. That is little within a
    // committee; further up the newest three thousand are looked through first, where a common word is found often enough,
    // and only if it is not, the index is asked (and no other: hence the + 0). What is searched for is read in a subquery:
    // once, not for each document.
    let sql = if deep {
        sql!(
            sqlite "SELECT d.id, d.doc FROM search JOIN search_docs d ON d.doc = search.rowid WHERE search MATCH $1 AND search.rowid < $2 ORDER BY search.rowid DESC LIMIT $3",
            pg "WITH hits AS MATERIALIZED (SELECT s.doc FROM search s
                    WHERE s.terms @@ (SELECT $1::text::tsquery) AND s.doc + 0 < $2 ORDER BY s.doc + 0 DESC LIMIT $3)
                SELECT d.id, d.doc FROM hits JOIN search_docs d ON d.doc = hits.doc ORDER BY d.doc DESC LIMIT $3"
        )
    } else {
        sql!(
            sqlite "SELECT d.id, d.doc FROM search JOIN search_docs d ON d.doc = search.rowid WHERE search MATCH $1 AND search.rowid < $2 ORDER BY search.rowid DESC LIMIT $3",
            pg "WITH near AS MATERIALIZED (SELECT n.doc FROM (SELECT doc, terms FROM search WHERE doc < $2 ORDER BY doc DESC LIMIT 3000) n
                    WHERE n.terms @@ (SELECT $1::text::tsquery) ORDER BY n.doc DESC LIMIT $3),
                far AS MATERIALIZED (SELECT s.doc FROM search s
                    WHERE (SELECT count(*) FROM near) < $3 AND s.terms @@ (SELECT $1::text::tsquery) AND s.doc + 0 < $2),
                hits AS (SELECT doc FROM near UNION SELECT doc FROM far ORDER BY doc DESC LIMIT $3)
                SELECT d.id, d.doc FROM hits JOIN search_docs d ON d.doc = hits.doc ORDER BY d.doc DESC LIMIT $3"
        )
    };
    Ok(cx.tx.all(sql, &[&query, &before, &limit])?)
}
