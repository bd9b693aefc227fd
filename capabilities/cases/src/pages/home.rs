//! The first page: what awaits one, the four big actions, what is new nearby.
use crate::{procedure, t, view};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::ScopeKind;
use linli_matters::Ask;
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    s: Say,
    signed_in: bool,
    committee: String,
    waiting: Html,
    waiting_n: usize,
    /// None when all there is waits for an answer and stands above.
    mine: Option<Html>,
    near: Html,
    near_title: String,
    near_href: String,
}

pub(super) async fn home(State(app): State<App>, req: Req) -> Response {
    app.page(&req, |cx| {
        if cx.actor.is_staff() && cx.actor.homes.is_empty() {
            let admin = cx.actor.posts.iter().all(|p| p.role == linli_core::Role::Admin);
            return Ok(PageBody::go(if admin { "/admin/units" } else { "/inbox" }));
        }
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let unit = cx.actor.homes.first().map_or(units.root(), |h| h.committee);
        let (mut waiting, mut mine, mut whole) = (Vec::new(), Vec::new(), true);
        if cx.actor.person.is_some() {
            let scope = cx.scope(procedure::LIST, ScopeKind::Mine, &[])?;
            let all = linli_matters::list(cx, &scope, &Ask { limit: 12, ..Ask::default() })?;
            whole = all.next.is_none();
            (waiting, mine) = all.items.into_iter().partition(|m| m.state == "answered");
            mine.truncate(5);
        }
        let scope = cx.scope(procedure::LIST, ScopeKind::Public(unit), units.path(unit))?;
        let near = linli_matters::list(cx, &scope, &Ask { limit: 6, ..Ask::default() })?.items;
        let href = |m: &linli_matters::Matter| format!("/m/{}", m.number);
        let (waiting_n, signed_in) = (waiting.len(), cx.actor.person.is_some());
        let rows = view::rows(cx, &waiting, href)?;
        let waiting = view::list(cx, &rows, None, true)?;
        let rows = view::rows(cx, &mine, href)?;
        let mine = if rows.is_empty() && waiting_n > 0 { None } else { Some(view::mine(cx, &rows, None, true)?) };
        let rows = view::rows(cx, &near, href)?;
        let near = view::list(cx, &rows, None, signed_in)?;
        let place = units.name(unit, s.lang).to_owned();
        let title = if signed_in { place.clone() } else { s.t(linli_web::t::APP_NAME).to_owned() };
        let near_title = t::H_NEAR.with("place", &place).in_(s.lang);
        let view = Home {
            s,
            signed_in,
            committee: place,
            waiting_n,
            waiting,
            mine,
            near,
            near_title,
            near_href: format!("/cases?unit={unit}"),
        };
        let body = PageBody::new(title, Html::of(&view)?);
        Ok(if whole { body.count("/matters", waiting_n) } else { body })
    })
    .await
}
