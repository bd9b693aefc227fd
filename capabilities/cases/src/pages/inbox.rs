//! The desk: everything that awaits a post, by due time, with the open matter beside it.
use super::{after, flash};
use crate::view::{self, Refused};
use crate::{desk, procedure, t};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use linli_core::{Cx, Error, FieldError, RawInput, Result, UnitId, time};
use linli_matters::{After, Ask};
use linli_web::ui::{Opt, Say};
use linli_web::{App, Html, PageBody, Req, encode, local};

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxView {
    s: Say,
    errors: Html,
    flash: Option<String>,
    unit_name: String,
    shown: String,
    desks: Vec<(String, String, bool)>,
    states: Vec<(String, String, bool)>,
    groups: Vec<(&'static str, Vec<view::Row>)>,
    rows_n: usize,
    more: Html,
    story: Option<Html>,
    signs: bool,
    picks: bool,
    colleagues: Vec<Opt>,
    filters: Vec<(&'static str, String)>,
    q: String,
    category: String,
    categories: Vec<Opt>,
    views: Vec<Saved>,
    back: String,
}

/// A view of one's own: its id, address and name, whether this is it.
struct Saved {
    id: String,
    href: String,
    name: String,
    on: bool,
}

/// What the inbox was asked for.
#[derive(Default)]
pub(super) struct Asked {
    after: Option<After>,
    unit: Option<String>,
    state: Option<String>,
    category: Option<String>,
    q: Option<String>,
    open: Option<String>,
    done: bool,
}

/// The address of the inbox with these filters.
fn address(unit: UnitId, state: Option<&str>, category: Option<&str>, q: Option<&str>) -> String {
    let mut href = format!("/inbox?unit={unit}");
    for (name, value) in [("state", state), ("category", category), ("q", q)] {
        if let Some(v) = value {
            href.push_str(&format!("&{name}={}", encode(v)));
        }
    }
    href
}

impl Asked {
    /// One matter, with the desk it is on.
    pub(super) fn of(number: &str) -> Asked {
        Asked { open: Some(number.to_owned()), ..Asked::default() }
    }
}

pub(super) async fn inbox(State(app): State<App>, req: Req) -> Response {
    let text = |name: &str| req.q(name).map(str::to_owned);
    let asked = Asked {
        after: after(&req),
        unit: text("unit"),
        state: text("state"),
        category: text("category"),
        q: text("q"),
        open: text("open"),
        done: req.q("done").is_some(),
    };
    let key = app.house().fresh_id().simple().to_string();
    app.page(&req, move |cx| inbox_page(cx, &asked, None, None, key)).await
}

/// Everything that awaits a post, by due time, with the open matter beside it.
pub(super) fn inbox_page(
    cx: &mut Cx<'_, '_>,
    asked: &Asked,
    refused: Option<&Refused>,
    contact: Option<(String, String)>,
    key: String,
) -> Result<PageBody> {
    let s = Say::of(cx);
    if cx.actor.person.is_none() {
        return Err(Error::SignIn);
    }
    let units = linli_registry::units(cx)?;
    let desks = desk::desks(cx.actor);
    let unit = match &asked.unit {
        Some(u) => units.current(u.parse::<UnitId>().map_err(|_| Error::NotFound)?),
        None => *desks.first().ok_or(Error::forbidden(t::P_NO_DESK))?,
    };
    let supervisor = desk::supervises(cx.actor, unit);
    let scope = desk::inbox_scope(cx, unit)?;
    let state = asked.state.as_deref().filter(|s| procedure::CASE.state(s).is_some());
    let (category, q) = (asked.category.as_deref(), asked.q.as_deref());
    let ask = Ask {
        kind: None,
        state: state.map(str::to_owned),
        category: asked.category.clone(),
        open: true,
        q: asked.q.clone(),
        after: asked.after,
        limit: 30,
    };
    let listed = linli_matters::list(cx, &scope, &ask)?;
    let back = address(unit, state, category, q);
    let views: Vec<Saved> = crate::saved_views(cx)?
        .into_iter()
        .map(|(id, v)| {
            let text = |v: &Option<String>| v.clone();
            let (st, cat, words) = (text(&v.state), text(&v.category), text(&v.q));
            let href = address(v.unit.unwrap_or(unit), st.as_deref(), cat.as_deref(), words.as_deref());
            Saved { id: id.to_string(), on: href == back, href, name: v.name }
        })
        .collect();
    let filters = [("unit", Some(unit.to_string())), ("state", state.map(str::to_owned))];
    let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut rows = view::rows(cx, &listed.items, |m| format!("{back}&open={}", m.number))?;
    let (mut story, mut title) = (None, s.t(t::P_INBOX).to_owned());
    let mut all_desks = None;
    if let Some(number) = &asked.open {
        let (sought, counts) = desk::seek(cx, number)?;
        match crate::found(cx, sought) {
            Ok(shown) => {
                all_desks = counts.then_some(shown.seen.due as usize);
                story = Some(view::story(cx, &shown, refused, key, true, contact)?);
                title = format!("{} · {title}", shown.seen.matter.title);
            }
            // After a move it may be no longer this desk's to see.
            Err(Error::NotFound) if asked.done => {}
            Err(e) => return Err(e),
        }
    }
    if refused.is_some() {
        title.insert_str(0, s.t(linli_web::t::ERROR_TITLE));
    }
    for row in &mut rows {
        row.selected = asked.open.as_deref() == Some(row.number.as_str());
    }
    let more = listed.next.map_or(Html::empty(), |n| s.more(&format!("{back}&after={}", n.token())));
    let rows_n = rows.len();
    // The badge counts what presses on all desks; of somebody with one it is known here where the list goes further than that.
    let pressing = listed.items.iter().filter(|m| desk::presses(cx, m)).count();
    let known = desks == [unit] && back == address(unit, None, None, None) && asked.after.is_none();
    let known = known && (pressing < rows_n || listed.next.is_none());
    let count = if more.as_str().is_empty() { rows_n.to_string() } else { format!("{rows_n}+") };
    let tab = |value: &str, label: &str| {
        let href = address(unit, Some(value).filter(|v| !v.is_empty()), category, q);
        (href, label.to_owned(), state.unwrap_or_default() == value)
    };
    let mut states = vec![tab("", s.t(t::P_ALL))];
    states.extend(procedure::CASE.states.iter().filter(|st| st.name != "closed").map(|st| tab(st.name, s.t(st.label))));
    // A supervisor looks after what others do; at a desk one signs, and hands to a colleague.
    let picks = !supervisor && rows_n > 0;
    let colleagues = if picks { linli_registry::staff(cx, unit)? } else { Vec::new() };
    let colleague = |(_, person, role, name): linli_registry::Staff| Opt {
        value: person.to_string(),
        label: s.lang.with_remark(name.reveal(), role.text().in_(s.lang)),
    };
    let view = InboxView {
        s,
        errors: refused.map_or(Html::empty(), |r| r.summary(s.lang)),
        flash: flash(false, asked.done).map(|f| s.t(f).to_owned()),
        unit_name: units.name(unit, s.lang).to_owned(),
        shown: s.t1(t::P_N_BY_DUE, "n", count),
        desks: desks
            .iter()
            .map(|d| (format!("/inbox?unit={d}"), units.name(*d, s.lang).to_owned(), *d == unit))
            .collect(),
        states,
        signs: picks && rows.iter().any(|r| r.signable),
        picks,
        colleagues: colleagues.into_iter().map(colleague).collect(),
        filters,
        q: asked.q.clone().unwrap_or_default(),
        category: asked.category.clone().unwrap_or_default(),
        categories: view::category_options(cx)?,
        views,
        groups: groups(rows, cx.now, s),
        rows_n,
        more,
        story,
        back,
    };
    let body = PageBody::new(title, Html::of(&view)?).desk().full();
    let counted = all_desks.or(known.then_some(pressing));
    Ok(if let Some(n) = counted { body.count("/inbox", n) } else { body })
}

/// Rows in order of due time under one heading for each urgency.
fn groups(rows: Vec<view::Row>, now: linli_core::Millis, s: Say) -> Vec<(&'static str, Vec<view::Row>)> {
    let today = time::civil_day(now);
    let mut groups =
        [t::D_LATE, linli_web::t::TODAY, t::D_LATER, linli_web::t::PAUSED].map(|title| (s.t(title), Vec::new()));
    for row in rows {
        let at = match row.due {
            Some(due) if due < now => 0,
            Some(due) if time::civil_day(due) == today => 1,
            Some(_) => 2,
            None => 3,
        };
        if let Some(group) = groups.get_mut(at) {
            group.1.push(row);
        }
    }
    groups.into_iter().filter(|g| !g.1.is_empty()).collect()
}

/// One move for several matters at once: signing, which asks nothing, or handing to one colleague. Each is a command of its own: those that cannot be
/// done are named, the others are done.
pub(super) async fn bulk(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    if req.token.is_none() {
        return app.refuse(&req, Error::SignIn).await;
    }
    let back = local(raw.get("back").unwrap_or("/inbox")).to_owned();
    let (name, given) = match raw.get("move") {
        Some("assign") => match raw.get("person") {
            Some(person) => ("assign", RawInput::default().set("person", person)),
            None => return app.refuse(&req, Error::field("person", t::V_NOBODY)).await,
        },
        _ => ("sign", RawInput::default()),
    };
    let given = linli_matters::Given { raw: given, strict: false };
    let numbers: Vec<String> = raw.values.get("number").cloned().unwrap_or_default().into_iter().take(50).collect();
    let mut failed = Vec::new();
    for number in numbers {
        let (n, given) = (number.clone(), given.clone());
        let write = move |cx: &mut Cx<'_, '_>, named| linli_matters::act_named(cx, named, name, &given, None).map(drop);
        let done = app.write_seeking(&req, move |cx| linli_matters::name(cx, &n), write).await;
        if let Err(e) = done {
            failed.push(FieldError {
                field: number.clone(),
                msg: t::P_BULK_FAILED.with("number", number).with("why", e.msg("").in_(req.lang)),
            });
        }
    }
    if failed.is_empty() { Redirect::to(&back).into_response() } else { app.refuse(&req, Error::Invalid(failed)).await }
}

/// Saves the filters of the inbox under a name, or deletes a view.
pub(super) async fn views(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let back = local(raw.get("back").unwrap_or("/inbox")).to_owned();
    let done = app
        .write(&req, move |cx| match raw.get("drop") {
            Some(id) => crate::drop_view(cx, id.parse().map_err(|_| Error::NotFound)?),
            None => crate::save_view(cx, &raw).map(drop),
        })
        .await;
    match done {
        Ok(()) => Redirect::to(&back).into_response(),
        Err(e) => app.refuse(&req, e).await,
    }
}
