//! The duty view: overdue, due soon, ownerless (always nought), and what is broken.
use super::{Crumb, below, own_crumbs, unit_asked};
use crate::{procedure, t, view};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use linli_core::{Error, ScopeKind, time};
use linli_matters::Ask;
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};

#[derive(Template)]
#[template(path = "duty.html")]
struct DutyView {
    s: Say,
    ups: Vec<Crumb>,
    downs: Vec<(String, String)>,
    as_of: Html,
    unit_name: String,
    soon: Html,
    soon_n: usize,
    late: Html,
    late_n: String,
    ownerless: i64,
    tends: bool,
    alarms: Vec<(String, String, Html, i64)>,
    next: Html,
}

/// The duty view: overdue, due within two hours, ownerless (always nought), and what is broken.
pub(super) async fn duty(State(app): State<App>, req: Req) -> Response {
    let unit = req.q("unit").map(str::to_owned);
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        // What an old link names has no desk any more: its heir has.
        let unit = units.current(unit_asked(cx, unit.as_deref())?);
        let path = units.path(unit).to_vec();
        let scope = cx
            .scope(procedure::LIST, ScopeKind::Within(unit), &path)
            .or_else(|_| cx.scope(procedure::LIST, ScopeKind::Desk(unit), &path))?;
        let listed = linli_matters::list(cx, &scope, &Ask { open: true, limit: 100, ..Ask::default() })?;
        let (late, rest): (Vec<_>, Vec<_>) = listed.items.into_iter().partition(|m| m.due.is_some_and(|d| d < cx.now));
        let (soon, next): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|m| m.due.is_some_and(|d| d < cx.now + 2 * time::HOUR));
        let full = late.len() == 100;
        let href = |m: &linli_matters::Matter| format!("/m/{}", m.number);
        let rows = view::rows(cx, &late, href)?;
        let late_html = view::list(cx, &rows, None, false)?;
        let rows = view::rows(cx, &soon, href)?;
        let soon_html = view::list(cx, &rows, None, false)?;
        let rows = view::rows(cx, &next[..next.len().min(20)], href)?;
        let next_html = view::list(cx, &rows, None, false)?;
        // Only those who may put an alarm right are shown it.
        let tends =
            cx.actor.posts.iter().any(|p| matches!(p.role, linli_core::Role::Dispatcher | linli_core::Role::Admin));
        let alarms = if tends { linli_matters::open_alarms(cx)? } else { Vec::new() };
        let texts = [&t::ALARM_BROKEN_RULE, &linli_matters::t::ALARM_CALENDAR];
        let alarms = alarms
            .into_iter()
            .map(|a| {
                let known = texts.iter().find(|t| t.key == a.code);
                let text = known.map_or(a.code, |t| t.with("about", &a.about).in_(s.lang));
                (a.id.to_string(), text, s.when(a.at), a.seen)
            })
            .collect();
        let view = DutyView {
            s,
            ups: own_crumbs(cx, &units, unit, s.lang, "/duty?unit="),
            downs: below(&units, unit, s.lang, "/duty?unit="),
            as_of: s.when(cx.now),
            unit_name: units.name(unit, s.lang).to_owned(),
            soon_n: soon.len(),
            soon: soon_html,
            late_n: if full { "100+".into() } else { late.len().to_string() },
            late: late_html,
            ownerless: linli_matters::ownerless(cx)?,
            tends,
            alarms,
            next: next_html,
        };
        Ok(PageBody::new(s.t(t::P_DUTY), Html::of(&view)?).desk())
    })
    .await
}

pub(super) async fn solve_alarm(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let Some(id) = raw.get("id").and_then(|i| uuid::Uuid::parse_str(i).ok()) else {
        return app.refuse(&req, Error::NotFound).await;
    };
    let done = app
        .write(&req, move |cx| {
            let units = linli_registry::units(cx)?;
            let facts = linli_core::Facts { owner_path: units.path(units.root()).to_vec(), ..Default::default() };
            let staffed =
                cx.actor.posts.iter().any(|p| matches!(p.role, linli_core::Role::Dispatcher | linli_core::Role::Admin));
            if !staffed {
                cx.may(crate::ADMIN, crate::ADMIN, &facts)?;
            }
            linli_matters::solve_alarm(cx, id)
        })
        .await;
    match done {
        Ok(()) => Redirect::to("/duty").into_response(),
        Err(e) => app.refuse(&req, e).await,
    }
}
