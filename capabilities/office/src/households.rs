//! *My households*: by stair, with names, telephones, open cases and the last contact. It prints as the day's visiting list.
use crate::t;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use linli_core::{Cx, Error, Lang, Millis, PlaceId, Result, Role, Text, UnitId};
use linli_registry::{Function, HouseholdId, HouseholdRow, Units};
use linli_web::api::signed_in;
use linli_web::ui::{self, Opt, Say};
use linli_web::{App, Html, PageBody, Req, local};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/households", get(list)).route("/households/contact", post(contact))
}

/// How many households a page shows.
const PAGE: usize = 60;

/// What is asked of the list.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) unit: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) after: Option<(i64, HouseholdId)>,
    pub(crate) limit: usize,
}

/// A page of the list, read under its scope.
pub(crate) struct Listed {
    pub(crate) committee: UnitId,
    pub(crate) group: Option<UnitId>,
    pub(crate) rows: Vec<HouseholdRow>,
    pub(crate) open: HashMap<PlaceId, Vec<(String, String)>>,
    pub(crate) next: Option<String>,
}

/// Where the next page goes on, as it stands in a URL.
pub(crate) fn token(after: (i64, HouseholdId)) -> String {
    format!("{}.{}", after.0, after.1.0.simple())
}

/// Reads it from a URL.
pub(crate) fn parse_token(text: &str) -> Option<(i64, HouseholdId)> {
    let (sort, id) = text.split_once('.')?;
    Some((sort.parse().ok()?, id.parse().ok()?))
}

/// The committee asked for, or the one worked at; and the building group within it.
fn whose(cx: &mut Cx<'_, '_>, asked: &Asked) -> Result<(UnitId, Option<UnitId>)> {
    signed_in(cx)?;
    let units = linli_registry::units(cx)?;
    let own = || cx.actor.posts.iter().find(|p| matches!(p.role, Role::Worker | Role::Head)).map(|p| p.unit);
    let committee = match &asked.unit {
        Some(text) => crate::asked::find_unit(&units, text).ok_or(Error::NotFound)?,
        None => own().ok_or(Error::forbidden(t::H_NO_POST))?,
    };
    let group = match &asked.group {
        Some(text) => Some(
            crate::asked::find_unit(&units, text)
                .filter(|g| units.committee_of(*g) == Some(committee))
                .ok_or(Error::NotFound)?,
        ),
        None => None,
    };
    Ok((committee, group))
}

/// Reads a page of the list. Whoever shows it calls [`note`] first or after, in a write of its own.
pub(crate) fn read(cx: &mut Cx<'_, '_>, asked: &Asked) -> Result<Listed> {
    let (committee, group) = whose(cx, asked)?;
    let scope = linli_registry::households_scope(cx, committee)?;
    let mut rows = linli_registry::households_of(cx, &scope, committee, group, asked.after, asked.limit + 1)?;
    let more = rows.len() > asked.limit;
    rows.truncate(asked.limit);
    let dwellings: Vec<PlaceId> = rows.iter().map(|r| r.dwelling).collect();
    let open = linli_matters::open_by_place(cx, &dwellings)?;
    let next = rows.last().filter(|_| more).map(|r| token(r.after));
    Ok(Listed { committee, group, rows, open, next })
}

/// Puts on record that the list is read: once a day and list, visible to everybody on it.
pub(crate) fn note(cx: &mut Cx<'_, '_>, asked: &Asked) -> Result<()> {
    let (committee, group) = whose(cx, asked)?;
    let scope = linli_registry::households_scope(cx, committee)?;
    linli_registry::note_list_read(cx, &scope, group)
}

/// The building groups of a committee: the innermost of its subdivisions.
fn groups(units: &Units, committee: UnitId, lang: Lang) -> Vec<Opt> {
    let depth = |u: &linli_registry::Unit| units.level(&u.level).map_or(0, |l| l.depth);
    let all: Vec<_> = units.within(committee).filter(|u| u.function == Function::Group).collect();
    let deepest = all.iter().map(|u| depth(u)).max();
    all.iter()
        .filter(|u| Some(depth(u)) == deepest)
        .map(|u| Opt { value: u.id.to_string(), label: units.name(u.id, lang).to_owned() })
        .collect()
}

pub(crate) fn tenure(code: &str) -> Text {
    match code {
        "owner" => t::TENURE_OWNER,
        "tenant" => t::TENURE_TENANT,
        _ => t::TENURE_OCCUPANT,
    }
}

struct MemberView {
    name: String,
    tenure: &'static str,
    phone: Option<String>,
}

struct Line {
    id: String,
    name: String,
    members: Vec<MemberView>,
    open: Vec<(String, String)>,
    last: Option<Html>,
    today: bool,
}

struct Stair {
    label: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "households.html")]
struct View {
    s: Say,
    done: bool,
    committee: String,
    unit: String,
    desks: Vec<(String, String, bool)>,
    groups: Vec<Opt>,
    group: String,
    stairs: Vec<Stair>,
    who: String,
    today: String,
    here: String,
    more: Html,
}

async fn list(State(app): State<App>, req: Req) -> Response {
    let text = |name: &str| req.q(name).map(str::to_owned);
    let asked =
        Asked { unit: text("unit"), group: text("group"), after: req.q("after").and_then(parse_token), limit: PAGE };
    let (here, done) = (req.here(), req.q("done").is_some());
    // On record before it is shown; where there is nothing to see, nothing is recorded.
    let noted = {
        let asked = asked.clone();
        app.write(&req, move |cx| note(cx, &asked)).await
    };
    if let Err(e) = noted {
        return app.refuse(&req, e).await;
    }
    app.page(&req, move |cx| page(cx, &asked, here, done)).await
}

fn page(cx: &mut Cx<'_, '_>, asked: &Asked, here: String, done: bool) -> Result<PageBody> {
    let s = Say::of(cx);
    let listed = read(cx, asked)?;
    let units = linli_registry::units(cx)?;
    let today = linli_core::time::civil_day(cx.now);
    let mut stairs: Vec<(Option<UnitId>, Option<String>, Stair)> = Vec::new();
    for row in listed.rows {
        let open = listed.open.get(&row.dwelling).cloned().unwrap_or_default();
        let line = line(s, &row, open, today);
        match stairs.last_mut().filter(|(group, door, _)| *group == row.group && *door == row.door) {
            Some((_, _, stair)) => stair.lines.push(line),
            None => {
                let group = row.group.map(|g| units.name(g, s.lang).to_owned());
                let label = [group, row.door.clone()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
                let label = if label.is_empty() { s.t(t::H_NO_STAIR).to_owned() } else { label };
                stairs.push((row.group, row.door, Stair { label, lines: vec![line] }));
            }
        }
    }
    let desks = cx.actor.posts.iter().filter(|p| matches!(p.role, Role::Worker | Role::Head));
    let group = listed.group.map(|g| g.to_string()).unwrap_or_default();
    let view = View {
        s,
        done,
        committee: units.name(listed.committee, s.lang).to_owned(),
        unit: listed.committee.to_string(),
        desks: desks
            .map(|p| {
                (
                    format!("/households?unit={}", p.unit),
                    units.name(p.unit, s.lang).to_owned(),
                    p.unit == listed.committee,
                )
            })
            .collect(),
        groups: groups(&units, listed.committee, s.lang),
        stairs: stairs.into_iter().map(|(_, _, stair)| stair).collect(),
        who: cx.actor.name.clone(),
        today: linli_web::words::date(today, s.lang),
        here,
        more: listed.next.map_or(Html::empty(), |n| {
            s.more(&format!("/households?unit={}&group={group}&after={n}", listed.committee))
        }),
        group,
    };
    Ok(PageBody::new(s.t(t::H_TITLE), Html::of(&view)?).desk())
}

fn line(s: Say, row: &HouseholdRow, open: Vec<(String, String)>, today: i32) -> Line {
    let day = |at: Millis| linli_core::time::civil_day(at);
    Line {
        id: row.id.to_string(),
        name: row.name.clone(),
        members: row
            .members
            .iter()
            .map(|m| MemberView {
                name: m.name.reveal().clone(),
                tenure: s.t(tenure(&m.tenure)),
                phone: m.phone.as_ref().map(|p| p.reveal().clone()),
            })
            .collect(),
        open,
        last: row.last_contact.map(|at| ui::when(at, s.now, s.lang)),
        today: row.last_contact.is_some_and(|at| day(at) == today),
    }
}

async fn contact(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let Some(household) = raw.get("household").and_then(|h| h.parse::<HouseholdId>().ok()) else {
        return app.refuse(&req, Error::NotFound).await;
    };
    let back = local(raw.get("back").unwrap_or("/households")).to_owned();
    let done = app.write(&req, move |cx| linli_registry::note_contact(cx, household, cx.now)).await;
    match done {
        Ok(()) => Redirect::to(&format!("{back}#h{household}")).into_response(),
        Err(e) => app.refuse(&req, e).await,
    }
}

/// The same list for the API.
pub(crate) async fn api(State(app): State<App>, req: Req) -> Response {
    let text = |name: &str| req.q(name).map(str::to_owned);
    let after =
        match req.q("after").map(|a| parse_token(a).ok_or(Error::field("after", linli_core::t::NOT_AN_ID))).transpose()
        {
            Ok(after) => after,
            Err(e) => return app.refuse(&req, e).await,
        };
    let limit = match linli_web::api::limit(&req, 60, 99) {
        Ok(limit) => limit,
        Err(e) => return app.refuse(&req, e).await,
    };
    let asked = Asked { unit: text("unit"), group: text("group"), after, limit };
    let noted = {
        let asked = asked.clone();
        app.write(&req, move |cx| note(cx, &asked)).await
    };
    let made = match noted {
        Ok(()) => app.read(&req, move |cx| as_json(cx, &asked)).await,
        Err(e) => Err(e),
    };
    app.api(&req, StatusCode::OK, made).await
}

fn as_json(cx: &mut Cx<'_, '_>, asked: &Asked) -> Result<Value> {
    let listed = read(cx, asked)?;
    let items: Vec<Value> = listed
        .rows
        .iter()
        .map(|r| {
            let members: Vec<Value> =
                r.members.iter().map(|m| json!({"person": m.person, "name": m.name.reveal(), "phone": m.phone.as_ref().map(|p| p.reveal()), "tenure": m.tenure})).collect();
            let cases: Vec<Value> = listed.open.get(&r.dwelling).into_iter().flatten().map(|(number, title)| json!({"number": number, "title": title})).collect();
            json!({"id": r.id, "dwelling": r.dwelling, "name": r.name, "door": r.door, "group": r.group, "members": members, "open_cases": cases,
                "last_contact": r.last_contact.map(linli_core::time::rfc3339)})
        })
        .collect();
    Ok(json!({"items": items, "next": listed.next}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_goes_through_a_url() {
        let at = (i64::MAX, HouseholdId(uuid::Uuid::from_u128(7)));
        assert_eq!(parse_token(&token(at)), Some(at));
        assert_eq!(
            (parse_token(""), parse_token("1.x"), parse_token("x.00000000000000000000000000000007")),
            (None, None, None)
        );
    }
}
