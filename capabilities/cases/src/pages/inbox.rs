//! The desk: everything that awaits a post, by due time, with the open matter beside it.
use super::{after, flash};
use crate::view::{self, Refused};
use crate::{desk, procedure, t};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use linli_core::{Cx, Error, FieldError, Result, UnitId, time};
use linli_matters::{After, Ask};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req, local};

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
    bulk: bool,
    back: String,
}

/// What the inbox was asked for.
#[derive(Default)]
pub(super) struct Asked {
    after: Option<After>,
    unit: Option<String>,
    state: Option<String>,
    open: Option<String>,
    done: bool,
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
        Some(u) => u.parse::<UnitId>().map_err(|_| Error::NotFound)?,
        None => *desks.first().ok_or(Error::forbidden(t::P_NO_DESK))?,
    };
    let supervisor = desk::supervises(cx.actor, unit);
    let scope = desk::inbox_scope(cx, unit)?;
    let state = asked.state.as_deref().filter(|s| procedure::CASE.state(s).is_some());
    let ask = Ask { state: state.map(str::to_owned), open: true, after: asked.after, limit: 30, ..Ask::default() };
    let listed = linli_matters::list(cx, &scope, &ask)?;
    let mut back = format!("/inbox?unit={unit}");
    if let Some(state) = state {
        back.push_str(&format!("&state={state}"));
    }
    let mut rows = view::rows(cx, &listed.items, |m| format!("{back}&open={}", m.number))?;
    let (mut story, mut title) = (None, s.t(t::P_INBOX).to_owned());
    if let Some(number) = &asked.open {
        match linli_matters::see(cx, number) {
            Ok(seen) => {
                story = Some(view::story(cx, &seen, refused, key, true, contact)?);
                title = format!("{} · {title}", seen.matter.title);
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
    // The badge counts what presses on the first desk; here it is known where the list goes further than that.
    let pressing = listed.items.iter().filter(|m| desk::presses(cx, m)).count();
    let known = desks.first() == Some(&unit) && state.is_none() && asked.after.is_none();
    let known = known && (pressing < rows_n || listed.next.is_none());
    let count = if more.as_str().is_empty() { rows_n.to_string() } else { format!("{rows_n}+") };
    let tab = |value: &str, label: &str| {
        let href =
            if value.is_empty() { format!("/inbox?unit={unit}") } else { format!("/inbox?unit={unit}&state={value}") };
        (href, label.to_owned(), state.unwrap_or_default() == value)
    };
    let mut states = vec![tab("", s.t(t::P_ALL))];
    states.extend(procedure::CASE.states.iter().filter(|st| st.name != "closed").map(|st| tab(st.name, s.t(st.label))));
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
        bulk: !supervisor && rows.iter().any(|r| r.signable),
        groups: groups(rows, cx.now, s),
        rows_n,
        more,
        story,
        back,
    };
    let body = PageBody::new(title, Html::of(&view)?).desk().full();
    Ok(if known { body.count("/inbox", pressing) } else { body })
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

/// One move for several matters at once: signing, which asks nothing. Each is a command of its own: those that cannot be
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
    let numbers: Vec<String> = raw.values.get("number").cloned().unwrap_or_default().into_iter().take(50).collect();
    let mut failed = Vec::new();
    for number in numbers {
        let n = number.clone();
        let done = app
            .write(&req, move |cx| {
                let id = linli_matters::id_of(cx, &n)?;
                linli_matters::act(cx, id, "sign", &linli_matters::Given::default(), None).map(drop)
            })
            .await;
        if let Err(e) = done {
            failed.push(FieldError {
                field: number.clone(),
                msg: t::P_BULK_FAILED.with("number", number).with("why", e.msg("").in_(req.lang)),
            });
        }
    }
    if failed.is_empty() { Redirect::to(&back).into_response() } else { app.refuse(&req, Error::Invalid(failed)).await }
}
