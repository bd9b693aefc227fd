//! The public page of a unit, with where it comes from and what became of it.

use super::CHILDREN;
use crate::t;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use linli_core::{Cx, Error, Result, ScopeKind, UnitId, time};
use linli_registry::{Function, Unit, Units};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req, encode};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Template)]
#[template(path = "unit_history.html")]
struct HistoryView {
    s: Say,
    spans: Vec<SpanView>,
    links: Vec<LinkView>,
}

struct SpanView {
    span: String,
    name: String,
    code: String,
    parent: Option<(String, String)>,
}

struct LinkView {
    at: String,
    head: &'static str,
    unit: (String, String),
    code: String,
    note: String,
}

/// Names, codes and superiors with their dates, then splits, merges and boundary changes. Empty where nothing ever changed;
/// grounds are for those who keep the unit.
pub(super) fn history(s: Say, units: &Units, id: UnitId, grounds: bool) -> Result<Html> {
    let known = units.history(id).ok_or(Error::NotFound)?;
    if known.spans.len() < 2 && known.links.is_empty() {
        return Ok(Html::default());
    }
    let day = |at| time::day_text(time::civil_day(at));
    let named = |u: UnitId| (format!("/units/{u}"), units.name(u, s.lang).to_owned());
    let spans = known.spans.iter().rev().map(|p| SpanView {
        span: format!("{} – {}", day(p.since), p.until.map(day).unwrap_or_default()),
        name: p.name.clone(),
        code: p.code.clone(),
        parent: p.parent.map(named),
    });
    let links = known.links.iter().rev().map(|l| {
        let away = l.from == id;
        let ended = |u: UnitId| units.get(u).is_some_and(|u| u.valid_until == Some(l.at));
        let head = match (l.kind.as_str(), away) {
            ("merge", true) => t::U_MERGED_INTO,
            ("merge", false) => t::U_MERGED_FROM,
            ("split", true) if ended(id) => t::U_DIVIDED_INTO,
            ("split", true) => t::U_SPLIT_INTO,
            ("split", false) => t::U_SPLIT_FROM,
            (_, true) => t::U_BORDER_TO,
            (_, false) => t::U_BORDER_FROM,
        };
        let other = if away { l.to } else { l.from };
        // What another unit was called when that happened.
        let then = if away { None } else { Some((l.name.clone(), l.code.clone())) };
        let now = || units.get(other).map(|u| (units.name(other, s.lang).to_owned(), u.code.clone()));
        let (name, code) = then.or_else(now).unwrap_or_default();
        let note = if grounds { l.note.clone() } else { String::new() };
        // What has ended is looked at as it was; without the word the link would lead on to what came after it.
        LinkView { at: day(l.at), head: s.t(head), unit: (format!("/units/{other}?past=1"), name), code, note }
    });
    Html::of(&HistoryView { s, spans: spans.collect(), links: links.collect() })
}

#[derive(Template)]
#[template(path = "unit.html")]
struct UnitView {
    s: Say,
    id: String,
    name: String,
    level: String,
    code: String,
    phone: Option<String>,
    preparatory: bool,
    ended: Option<String>,
    next: Vec<(String, String)>,
    ups: Vec<(String, String)>,
    downs: Vec<(String, String)>,
    serves: Vec<(String, String)>,
    served_by: Vec<(String, String)>,
    roles: Vec<(&'static str, usize)>,
    acts: bool,
    figures: bool,
    asked: Option<String>,
    history: Html,
}

/// What a unit serves: the outermost of the places for which it is the nearest of its kind.
fn served(units: &Units, unit: &Unit) -> Vec<UnitId> {
    if unit.function != Function::Unit {
        return Vec::new();
    }
    let by_it = |place: UnitId| units.serving(place, &unit.kind) == Some(unit.id);
    let places = units
        .live()
        .filter(|u| matches!(u.function, Function::Root | Function::Dispatch | Function::Serve | Function::Estate));
    places.filter(|p| by_it(p.id) && !p.parent.is_some_and(by_it)).map(|p| p.id).collect()
}

/// The desks that serve a place, one of each kind, and their names.
fn serving(units: &Units, unit: &Unit) -> Vec<UnitId> {
    if !matches!(unit.function, Function::Dispatch | Function::Serve | Function::Group | Function::Estate) {
        return Vec::new();
    }
    let kinds: BTreeSet<&str> =
        units.live().filter(|u| u.function == Function::Unit).map(|u| u.kind.as_str()).collect();
    kinds.into_iter().filter_map(|kind| units.serving(unit.id, kind)).collect()
}

/// `asked` is the id or code of the past by which somebody came here.
fn public_page(cx: &mut Cx<'_, '_>, id: UnitId, asked: Option<&str>) -> Result<PageBody> {
    let s = Say::of(cx);
    let units = linli_registry::units(cx)?;
    let unit = units.get(id).ok_or(Error::NotFound)?;
    let link = |u: UnitId| (format!("/units/{u}"), units.name(u, s.lang).to_owned());
    let mut roles: BTreeMap<linli_core::Role, usize> = BTreeMap::new();
    if unit.live() {
        for (_, _, role, _) in linli_registry::staff(cx, id)? {
            *roles.entry(role).or_default() += 1;
        }
    }
    let view = UnitView {
        s,
        id: id.to_string(),
        name: units.name(id, s.lang).to_owned(),
        level: units.level_name(&unit.level, s.lang).to_owned(),
        code: unit.code.clone(),
        phone: unit.phone.clone().filter(|_| unit.live()),
        preparatory: unit.status == "preparatory",
        ended: unit.valid_until.map(|at| s.date(at)),
        next: units.successors(id).into_iter().filter(|u| *u != id).map(link).collect(),
        ups: unit.path.iter().rev().skip(1).rev().map(|u| link(*u)).collect(),
        downs: units.children(id).take(CHILDREN).map(|u| link(u.id)).collect(),
        serves: served(&units, unit).into_iter().map(link).collect(),
        served_by: serving(&units, unit).into_iter().map(link).collect(),
        roles: roles.into_iter().map(|(role, n)| (s.t(role.text()), n)).collect(),
        acts: !matches!(unit.function, Function::Group | Function::Estate),
        figures: [ScopeKind::Within(id), ScopeKind::Desk(id)]
            .into_iter()
            .any(|kind| cx.scope("case.list", kind, units.path(id)).is_ok()),
        asked: asked.and_then(|a| units.formerly(a)).map(|(name, code, until)| {
            let until = time::day_text(time::civil_day(until));
            t::U_ASKED.with("name", name).with("code", code).with("at", until).in_(s.lang)
        }),
        history: history(s, &units, id, false)?,
    };
    Ok(PageBody::new(view.name.clone(), Html::of(&view)?))
}

/// By id or code, present or past: an old one leads to the unit that came after it; where several did, they are listed. With
/// `past` a unit that has ended is shown itself.
pub(super) async fn show(State(app): State<App>, req: Req) -> Response {
    let text = match req.part("id") {
        Ok(text) => text.to_owned(),
        Err(e) => return app.refuse(&req, e).await,
    };
    let (formerly, past) = (req.q("formerly").map(str::to_owned), req.q("past").is_some());
    let found = app
        .read(&req, move |cx| {
            let units = linli_registry::units(cx)?;
            let formerly = |there: String| Some(format!("/units/{there}?formerly={}", encode(&text)));
            let asked = text.parse::<UnitId>().ok().and_then(|id| units.get(id));
            let unit = asked.or_else(|| units.by_code(&text)).ok_or(Error::NotFound)?;
            Ok(match units.successors(unit.id)[..] {
                _ if past && asked.is_some() => (unit.id, None),
                [now] if now != unit.id => (now, formerly(now.to_string())),
                _ if asked.is_none() && unit.code != text => (unit.id, formerly(encode(&unit.code))),
                _ => (unit.id, None),
            })
        })
        .await;
    match found {
        Ok((_, Some(there))) => Redirect::temporary(&there).into_response(),
        Ok((id, None)) => app.page(&req, move |cx| public_page(cx, id, formerly.as_deref())).await,
        Err(e) => app.refuse(&req, e).await,
    }
}
