//! Lists: each has one scope, is paged by key, and is served by an index in its own order.
use crate::{Matter, search};
use linli_core::{Cx, Error, MatterId, Millis, Result, Scope, UnitId};
use linli_db::{Asked, sql};
use linli_registry::Unit;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a list shows and from where it goes on.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this state.
    pub state: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Open matters by due time instead of all by newest.
    pub open: bool,
    /// Words to find.
    pub q: Option<String>,
    /// Go on after this place.
    pub after: Option<After>,
    /// How many, 1 to 100.
    pub limit: i64,
}

/// The place in a list after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// The due time (open lists) or document number (searches) of the last row.
    pub key: i64,
    /// Its id.
    pub id: Uuid,
}

impl After {
    /// As it stands in a URL.
    pub fn token(&self) -> String {
        format!("{}.{}", self.key, self.id.simple())
    }
    /// Reads it from a URL.
    pub fn parse(s: &str) -> Option<After> {
        let (key, id) = s.split_once('.')?;
        Some(After { key: key.parse().ok()?, id: Uuid::parse_str(id).ok()? })
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The matters.
    pub items: Vec<Matter>,
    /// Where the next page begins, if there is one.
    pub next: Option<After>,
}

/// A page of the matters in a scope.
pub fn list(cx: &mut Cx<'_, '_>, scope: &Scope, ask: &Ask) -> Result<Listed> {
    let limit = ask.limit.clamp(1, 100);
    // A department holds no ground: what is within it is what stands on its desk.
    let desk_of = match scope {
        Scope::Within(unit, sealed) if !linli_registry::units(cx)?.get(*unit).is_some_and(Unit::holds_ground) => {
            Some(Scope::Desk(*unit, sealed.clone()))
        }
        _ => None,
    };
    let scope = desk_of.as_ref().unwrap_or(scope);
    let mut listed = if ask.q.as_deref().is_some_and(|q| !q.trim().is_empty()) {
        searched(cx, scope, ask, limit)?
    } else {
        let items = match scope {
            Scope::Desk(unit, _) => desk(cx, *unit, ask, limit + 1)?,
            Scope::Mine(person, _) => mine(cx, *person, ask, limit + 1)?,
            Scope::Within(unit, _) if ask.open => within_open(cx, *unit, ask, limit + 1)?,
            Scope::Within(unit, _) => within(cx, *unit, ask, limit + 1)?,
            Scope::Public(unit, audiences, _) => public(cx, *unit, audiences, ask, limit + 1)?,
        };
        Listed { items, next: None }
    };
    if listed.items.len() as i64 > limit {
        listed.items.truncate(limit as usize);
        listed.next = listed.items.last().map(|m| after(scope, ask, m));
    }
    Ok(listed)
}

/// The newest within a unit, whoever asks.
pub(crate) fn within_unit(cx: &mut Cx<'_, '_>, unit: UnitId, ask: &Ask) -> Result<Listed> {
    let limit = ask.limit.clamp(1, 100);
    let mut items = within(cx, unit, ask, limit + 1)?;
    let more = items.len() as i64 > limit;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|m| After { key: 0, id: m.id.0 });
    Ok(Listed { items, next })
}

/// What names a unit as its ancestor of this depth, newest first from before an id on, whoever asks.
pub(crate) fn lying_in(
    cx: &mut Cx<'_, '_>,
    unit: UnitId,
    depth: usize,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Matter>> {
    within_at(cx, unit, depth, &Ask { after: Some(After { key: 0, id: before }), ..Ask::default() }, limit)
}

fn searched(cx: &mut Cx<'_, '_>, scope: &Scope, ask: &Ask, limit: i64) -> Result<Listed> {
    if matches!(scope, Scope::Mine(..) | Scope::Desk(..)) {
        return sifted(cx, scope, ask, limit);
    }
    let found = search::find(cx, scope, ask.q.as_deref().unwrap_or_default(), ask.after.map(|a| a.key), limit)?;
    let next =
        (found.len() as i64 == limit).then(|| found.last().map(|(id, doc)| After { key: *doc, id: id.0 })).flatten();
    let ids: Vec<MatterId> = found.into_iter().map(|f| f.0).collect();
    let mut items = by_ids(cx, &ids)?;
    if let Scope::Public(_, audiences, _) = scope {
        items.retain(|m| m.audience.is_some_and(|a| audiences.contains(&a)));
    }
    items.retain(|m| {
        ask.kind.as_ref().is_none_or(|k| *k == m.kind)
            && ask.state.as_ref().is_none_or(|s| *s == m.state)
            && ask.category.as_ref().is_none_or(|c| *c == m.category)
    });
    Ok(Listed { items, next })
}

/// The place after a row in a list's own order.
fn after(scope: &Scope, ask: &Ask, m: &Matter) -> After {
    let by_due = matches!(scope, Scope::Desk(..)) || ask.open && !matches!(scope, Scope::Mine(..));
    After { key: if by_due { m.due.unwrap_or(Millis::MAX) } else { 0 }, id: m.id.0 }
}

/// One's own matters and a desk are short and not scopes of the index: the hundred first rows are sifted by their title,
/// place and number.
fn sifted(cx: &mut Cx<'_, '_>, scope: &Scope, ask: &Ask, limit: i64) -> Result<Listed> {
    let q = ask.q.as_deref().unwrap_or_default().trim().to_lowercase();
    let mut page = list(cx, scope, &Ask { q: None, limit: 100, ..ask.clone() })?;
    page.items.retain(|m| [&m.title, &m.place_name, &m.number].iter().any(|t| t.to_lowercase().contains(&q)));
    if page.items.len() as i64 > limit {
        page.items.truncate(limit as usize);
        page.next = page.items.last().map(|m| after(scope, ask, m));
    }
    Ok(page)
}

/// Matters by id, in the order asked for.
pub(crate) fn by_ids(cx: &mut Cx<'_, '_>, ids: &[MatterId]) -> Result<Vec<Matter>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let raw: Vec<Uuid> = ids.iter().map(|i| i.0).collect();
    let mut items: Vec<Matter> =
        cx.tx.all(sql!("SELECT * FROM matters WHERE id IN UUIDS($1) LIMIT 200"), &[&raw.as_slice()])?;
    items.sort_by_key(|m| ids.iter().position(|i| *i == m.id));
    Ok(items)
}

fn due_after(ask: &Ask) -> (i64, Uuid) {
    ask.after.map_or((i64::MIN, Uuid::nil()), |a| (a.key, a.id))
}
fn id_before(ask: &Ask) -> Uuid {
    ask.after.map_or(Uuid::max(), |a| a.id)
}

/// A unit that has ended is the owner of what has not been handed over yet: that stands on its heir's desk already.
fn desk(cx: &mut Cx<'_, '_>, unit: UnitId, ask: &Ask, limit: i64) -> Result<Vec<Matter>> {
    let units = linli_registry::units(cx)?;
    let mut rows = owned(cx, unit, ask, limit)?;
    for gone in units.stands_for(unit) {
        rows.extend(owned(cx, *gone, ask, limit)?);
        rows.sort_by_key(|m| (m.due, m.id));
        rows.truncate(limit as usize);
    }
    Ok(rows)
}

/// How many there are, asked ahead: [`number`] takes it.
pub type Number = Asked<(i64,)>;

/// The number that was asked for.
pub fn number(cx: &mut Cx<'_, '_>, asked: Number) -> Result<i64> {
    Ok(cx.tx.take(asked)?.first().map_or(0, |(n,)| *n))
}

/// The owners of what stands on these desks: those that have ended too.
pub(crate) fn owners(cx: &mut Cx<'_, '_>, desks: &[Scope]) -> Result<Vec<Uuid>> {
    let units = linli_registry::units(cx)?;
    let of = |scope: &Scope| match scope {
        Scope::Desk(unit, _) => Some(*unit),
        _ => None,
    };
    let all = desks.iter().filter_map(of).flat_map(|u| std::iter::once(u).chain(units.stands_for(u).iter().copied()));
    Ok(all.map(|u| u.0).collect())
}

/// How many matters of these desks are due before an instant, all together; counted no further than `most`.
pub fn due_before(cx: &mut Cx<'_, '_>, desks: &[Scope], before: Millis, most: i64) -> Result<Number> {
    let desks = owners(cx, desks)?;
    Ok(cx.tx.ask(
        sql!("SELECT count(*) FROM (SELECT 1 FROM matters WHERE open AND owner IN UUIDS($1) AND due < $2 LIMIT $3) AS due"),
        &[&desks.as_slice(), &before, &most],
    )?)
}

/// How many of a person's own matters are answered and wait for the verdict; counted no further than `most`.
pub fn answered(cx: &mut Cx<'_, '_>, mine: &Scope, most: i64) -> Result<Number> {
    let Scope::Mine(person, _) = mine else { return Err(Error::internal("nobody's own matters")) };
    Ok(cx.tx.ask(
        sql!(
            "SELECT count(*) FROM (SELECT 1 FROM matters WHERE reporter = $1 AND state = 'answered' LIMIT $2) AS mine"
        ),
        &[person, &most],
    )?)
}

fn owned(cx: &mut Cx<'_, '_>, unit: UnitId, ask: &Ask, limit: i64) -> Result<Vec<Matter>> {
    let (due, id) = due_after(ask);
    Ok(cx.tx.all(
        sql!(
            "SELECT * FROM matters
             WHERE open AND owner = $1 AND (due, id) > ($2, $3) [AND state = $4] [AND category = $5] [AND kind = $6] ORDER BY due, id LIMIT $7"
        ),
        &[&unit, &due, &id, &ask.state, &ask.category, &ask.kind, &limit],
    )?)
}

fn mine(cx: &mut Cx<'_, '_>, person: linli_core::PersonId, ask: &Ask, limit: i64) -> Result<Vec<Matter>> {
    Ok(cx.tx.all(
        sql!(
            "SELECT * FROM matters
             WHERE reporter = $1 AND id < $2 [AND state = $3] ORDER BY id DESC LIMIT $4"
        ),
        &[&person, &id_before(ask), &ask.state, &limit],
    )?)
}

/// The depth of a unit chooses the column; each depth is a statement of its own because SQL cannot take a column as
/// parameter.
macro_rules! by_depth {
    ($cx:expr, $of:expr, $params:expr; $($depth:literal => $sql:expr),+ $(,)?) => {{
        match $of {
            $($depth => Ok($cx.tx.all($sql, $params)?),)+
            _ => Err(Error::NotFound),
        }
    }};
}

fn depth(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<usize> {
    Ok(linli_registry::units(cx)?.path(unit).len())
}

fn within_open(cx: &mut Cx<'_, '_>, unit: UnitId, ask: &Ask, limit: i64) -> Result<Vec<Matter>> {
    let (due, id) = due_after(ask);
    let params: &[&dyn linli_db::Param] = &[&unit, &due, &id, &ask.state, &ask.category, &limit];
    by_depth!(cx, depth(cx, unit)?, params;
        1 => sql!("SELECT * FROM matters WHERE open AND u1 = $1 AND (due, id) > ($2, $3) [AND state = $4] [AND category = $5] ORDER BY due, id LIMIT $6"),
        2 => sql!("SELECT * FROM matters WHERE open AND u2 = $1 AND (due, id) > ($2, $3) [AND state = $4] [AND category = $5] ORDER BY due, id LIMIT $6"),
        3 => sql!("SELECT * FROM matters WHERE open AND u3 = $1 AND (due, id) > ($2, $3) [AND state = $4] [AND category = $5] ORDER BY due, id LIMIT $6"),
        4 => sql!("SELECT * FROM matters WHERE open AND u4 = $1 AND (due, id) > ($2, $3) [AND state = $4] [AND category = $5] ORDER BY due, id LIMIT $6"),
        5 => sql!("SELECT * FROM matters WHERE open AND u5 = $1 AND (due, id) > ($2, $3) [AND state = $4] [AND category = $5] ORDER BY due, id LIMIT $6"),
        6 => sql!("SELECT * FROM matters WHERE open AND u6 = $1 AND (due, id) > ($2, $3) [AND state = $4] [AND category = $5] ORDER BY due, id LIMIT $6"),
    )
}

fn within(cx: &mut Cx<'_, '_>, unit: UnitId, ask: &Ask, limit: i64) -> Result<Vec<Matter>> {
    let depth = depth(cx, unit)?;
    within_at(cx, unit, depth, ask, limit)
}

fn within_at(cx: &mut Cx<'_, '_>, unit: UnitId, depth: usize, ask: &Ask, limit: i64) -> Result<Vec<Matter>> {
    let before = id_before(ask);
    let params: &[&dyn linli_db::Param] = &[&unit, &before, &ask.state, &ask.category, &limit];
    by_depth!(cx, depth, params;
        1 => sql!("SELECT * FROM matters WHERE u1 = $1 AND id < $2 [AND state = $3] [AND category = $4] ORDER BY id DESC LIMIT $5"),
        2 => sql!("SELECT * FROM matters WHERE u2 = $1 AND id < $2 [AND state = $3] [AND category = $4] ORDER BY id DESC LIMIT $5"),
        3 => sql!("SELECT * FROM matters WHERE u3 = $1 AND id < $2 [AND state = $3] [AND category = $4] ORDER BY id DESC LIMIT $5"),
        4 => sql!("SELECT * FROM matters WHERE u4 = $1 AND id < $2 [AND state = $3] [AND category = $4] ORDER BY id DESC LIMIT $5"),
        5 => sql!("SELECT * FROM matters WHERE u5 = $1 AND id < $2 [AND state = $3] [AND category = $4] ORDER BY id DESC LIMIT $5"),
        6 => sql!("SELECT * FROM matters WHERE u6 = $1 AND id < $2 [AND state = $3] [AND category = $4] ORDER BY id DESC LIMIT $5"),
    )
}

/// What an actor of these audiences may see within a unit. From the dispatch level up only what everybody may see is
/// listed, by an index of that; below, the unit's own index with the audiences as filter (a committee's cases are few): by
/// `coalesce` neither engine takes the audience for an index, and PostgreSQL expects it to hold often enough that the first page
/// is not worth a sort of all.
fn public(cx: &mut Cx<'_, '_>, unit: UnitId, audiences: &[UnitId], ask: &Ask, limit: i64) -> Result<Vec<Matter>> {
    let before = id_before(ask);
    let raw: Vec<Uuid> = audiences.iter().map(|a| a.0).collect();
    let raw = raw.as_slice();
    let deep: &[&dyn linli_db::Param] = &[&unit, &before, &raw, &ask.category, &limit];
    match depth(cx, unit)? {
        // Everything lies in the root. (With u1 = $1 beside it PostgreSQL would forget that the audience is u1.)
        1 => Ok(cx.tx.all(
            sql!("SELECT * FROM matters WHERE audience = u1 AND id < $1 [AND category = $2] ORDER BY id DESC LIMIT $3"),
            &[&before, &ask.category, &limit],
        )?),
        2 => Ok(cx.tx.all(
            sql!("SELECT * FROM matters WHERE u2 = $1 AND id < $2 AND audience = u1 [AND category = $3] ORDER BY id DESC LIMIT $4"),
            &[&unit, &before, &ask.category, &limit],
        )?),
        of => by_depth!(cx, of, deep;
            3 => sql!("SELECT * FROM matters WHERE u3 = $1 AND id < $2 AND coalesce(audience IN UUIDS($3), FALSE) [AND category = $4] ORDER BY id DESC LIMIT $5"),
            4 => sql!("SELECT * FROM matters WHERE u4 = $1 AND id < $2 AND coalesce(audience IN UUIDS($3), FALSE) [AND category = $4] ORDER BY id DESC LIMIT $5"),
            5 => sql!("SELECT * FROM matters WHERE u5 = $1 AND id < $2 AND coalesce(audience IN UUIDS($3), FALSE) [AND category = $4] ORDER BY id DESC LIMIT $5"),
            6 => sql!("SELECT * FROM matters WHERE u6 = $1 AND id < $2 AND coalesce(audience IN UUIDS($3), FALSE) [AND category = $4] ORDER BY id DESC LIMIT $5"),
        ),
    }
}

/// Open matters at a place or like it, newest first: shown to whoever is about to report the same.
pub(crate) fn open_at(cx: &mut Cx<'_, '_>, place: linli_core::PlaceId, audiences: &[UnitId]) -> Result<Vec<Matter>> {
    let raw: Vec<Uuid> = audiences.iter().map(|a| a.0).collect();
    Ok(cx.tx.all(
        sql!(
            "SELECT * FROM matters
             WHERE place = $1 AND open AND audience IN UUIDS($2) ORDER BY id DESC LIMIT 5"
        ),
        &[&place, &raw.as_slice()],
    )?)
}
