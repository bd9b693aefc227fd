//! Views of the inbox that somebody has named, for that person alone.
use crate::{store, t};
use linli_core::{Cx, Error, Field, FieldKind, Input, PersonId, Personal, RawInput, Result, Sealed, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

const BODY: &str = "inbox_views.body";
/// The name under which they are kept in memory.
const VIEWS: &str = "cases.inbox_views";
/// At most so many for one person.
const MOST: usize = 20;

/// What a saved view asks.
const FIELDS: &[Field] = &[
    Field::required("name", t::V_NAME, FieldKind::Line { max: 30 }),
    Field::new("unit", t::X_UNIT, FieldKind::Unit { picker: "any" }),
    Field::new("state", t::X_STATE, FieldKind::Line { max: 40 }),
    Field::new("category", t::F_CATEGORY, FieldKind::Category),
    Field::new("q", t::V_WORDS, FieldKind::Line { max: 80 }),
];

/// A named set of filters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    /// What its owner calls it.
    pub name: String,
    /// The desk.
    pub unit: Option<UnitId>,
    /// Only this state.
    pub state: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Words to find.
    pub q: Option<String>,
}

fn me(cx: &Cx<'_, '_>) -> Result<PersonId> {
    cx.actor.person.ok_or(Error::SignIn)
}

/// One's own views, in the order in which they were made.
pub fn saved_views(cx: &mut Cx<'_, '_>) -> Result<Vec<(Uuid, SavedView)>> {
    let person = me(cx)?;
    // Few have any and they seldom change, but every page of the inbox asks: all are kept in memory, as encrypted as stored.
    let all = cx.cached(VIEWS, |cx| {
        let mut of: HashMap<PersonId, Vec<(Uuid, Sealed)>> = HashMap::new();
        for (person, id, body) in store::inbox_views(cx.tx)? {
            of.entry(person).or_default().push((id, body));
        }
        Ok(of)
    })?;
    let read = |(id, body): &(Uuid, Sealed)| {
        let text = cx.open(BODY, body)?;
        Ok((*id, serde_json::from_str(text.reveal()).map_err(Error::internal)?))
    };
    all.get(&person).into_iter().flatten().map(read).collect()
}

/// Saves a view; the same name again replaces the first.
pub fn save_view(cx: &mut Cx<'_, '_>, raw: &RawInput) -> Result<Uuid> {
    let person = me(cx)?;
    let input = Input::check(FIELDS, raw, false)?;
    let text = |name: &str| input.text(name).map(str::to_owned);
    let view = SavedView {
        name: input.words("name").to_owned(),
        unit: input.id("unit"),
        state: text("state"),
        category: text("category"),
        q: text("q"),
    };
    let (same, others): (Vec<_>, Vec<_>) = saved_views(cx)?.into_iter().partition(|(_, v)| v.name == view.name);
    if others.len() >= MOST {
        return Err(Error::field("name", t::V_MOST.with("n", MOST)));
    }
    for (id, _) in same {
        store::drop_inbox_view(cx.tx, id, person)?;
    }
    let body = Personal::new(serde_json::to_string(&view).map_err(Error::internal)?);
    let (id, body) = (cx.id(), cx.seal(BODY, &body)?);
    store::put_inbox_view(cx.tx, id, person, cx.now, &body)?;
    cx.changed(VIEWS)?;
    Ok(id)
}

/// Deletes one's own view; somebody else's does not exist.
pub fn drop_view(cx: &mut Cx<'_, '_>, id: Uuid) -> Result<()> {
    let person = me(cx)?;
    match store::drop_inbox_view(cx.tx, id, person)? {
        0 => Err(Error::NotFound),
        _ => cx.changed(VIEWS),
    }
}
