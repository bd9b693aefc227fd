//! Lists: one's own matters, and the cases of a unit.
use super::{Crumb, after, crumbs};
use crate::{procedure, t, view};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::{Error, Result, ScopeKind, UnitId};
use linli_matters::Ask;
use linli_registry::Function;
use linli_web::ui::{Opt, Say};
use linli_web::{App, Html, PageBody, Req};

pub(super) async fn mine(State(app): State<App>, req: Req) -> Response {
    let (at, here) = (after(&req), req.uri.path().to_owned());
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        if cx.actor.person.is_none() {
            return Err(Error::SignIn);
        }
        let scope = cx.scope(procedure::LIST, ScopeKind::Mine, &[])?;
        let listed = linli_matters::list(cx, &scope, &Ask { after: at, limit: 20, ..Ask::default() })?;
        let rows = view::rows(cx, &listed.items, |m| format!("/m/{}", m.number))?;
        let whole = at.is_none() && listed.next.is_none();
        let waiting = listed.items.iter().filter(|m| m.state == "answered").count();
        let list = view::list(cx, &rows, listed.next.map(|n| format!("{here}?after={}", n.token())), false)?;
        let body = titled(s.t(t::P_MY_MATTERS), s.t(t::P_MY_LEAD), list)?;
        Ok(if whole { body.count("/matters", waiting) } else { body })
    })
    .await
}

#[derive(Template)]
#[template(path = "titled.html")]
struct Titled<'a> {
    title: &'a str,
    lead: &'a str,
    body: Html,
}

fn titled(title: &str, lead: &str, body: Html) -> Result<PageBody> {
    Ok(PageBody::new(title, Html::of(&Titled { title, lead, body })?))
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesView {
    s: Say,
    unit: String,
    unit_name: String,
    ups: Vec<Crumb>,
    downs: Vec<(String, String)>,
    q: String,
    category: String,
    categories: Vec<Opt>,
    list: Html,
    inside: bool,
    open: bool,
}

/// The public list by place and category; staff of the area see everything within it.
pub(super) async fn cases(State(app): State<App>, req: Req) -> Response {
    let (at, q, category, unit, open) = (
        after(&req),
        req.q("q").map(str::to_owned),
        req.q("category").map(str::to_owned),
        req.q("unit").map(str::to_owned),
        req.q("open").is_some(),
    );
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let unit = match unit {
            Some(u) => u
                .parse::<UnitId>()
                .ok()
                .filter(|u| units.get(*u).is_some())
                .or_else(|| units.by_code(&u).map(|u| u.id))
                .map(|u| units.current(u))
                .ok_or(Error::NotFound)?,
            None => cx
                .actor
                .posts
                .first()
                .map(|p| p.unit)
                .filter(|u| units.committee_of(*u).is_some() || *u == units.root())
                .or(cx.actor.homes.first().map(|h| h.committee))
                .unwrap_or(units.root()),
        };
        let path = units.path(unit).to_vec();
        let (scope, inside) = match cx.scope(procedure::LIST, ScopeKind::Within(unit), &path) {
            Ok(scope) => (scope, true),
            Err(_) => (cx.scope(procedure::LIST, ScopeKind::Public(unit), &path)?, false),
        };
        let open = open && inside;
        let ask = Ask { kind: None, state: None, category: category.clone(), open, q: q.clone(), after: at, limit: 20 };
        let listed = linli_matters::list(cx, &scope, &ask)?;
        let rows = view::rows(cx, &listed.items, |m| format!("/m/{}", m.number))?;
        let query = |extra: String| {
            let mut href = format!("/cases?unit={unit}");
            for (name, value) in [("q", &q), ("category", &category)] {
                if let Some(v) = value {
                    href.push_str(&format!("&{name}={}", linli_web::encode(v)));
                }
            }
            if open {
                href.push_str("&open=1");
            }
            href + &extra
        };
        let list = view::list(cx, &rows, listed.next.map(|n| query(format!("&after={}", n.token()))), false)?;
        let link = |u: &linli_registry::Unit| (format!("/cases?unit={}", u.id), units.name(u.id, s.lang).to_owned());
        let view = CasesView {
            s,
            unit: unit.to_string(),
            unit_name: units.name(unit, s.lang).to_owned(),
            ups: crumbs(&units, unit, s.lang, "/cases?unit="),
            downs: units
                .children(unit)
                .filter(|u| !matches!(u.function, Function::Unit | Function::Ops))
                .take(60)
                .map(link)
                .collect(),
            q: q.clone().unwrap_or_default(),
            category: category.clone().unwrap_or_default(),
            categories: view::category_options(cx)?,
            list,
            inside,
            open,
        };
        let title = format!("{} · {}", view.unit_name, s.t(t::P_CASES));
        let body = PageBody::new(title, Html::of(&view)?);
        Ok(if inside { body.desk() } else { body })
    })
    .await
}
