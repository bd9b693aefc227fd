//! Lists: one's own matters, and the cases of a unit.
use super::{Crumb, after, crumbs};
use crate::{Behind, procedure, t, view};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::{Cx, Error, Result, ScopeKind, UnitId, time};
use linli_matters::{After, Ask, Listed, Matter};
use linli_registry::Function;
use linli_web::csv::Csv;
use linli_web::ui::{Opt, Say};
use linli_web::{App, Html, PageBody, Req, encode};

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
        let list = view::mine(cx, &rows, listed.next.map(|n| format!("{here}?after={}", n.token())), false)?;
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
    /// The figure whose cases these are, and its definition.
    behind: Option<(String, &'static str)>,
    /// The page is short because the rest was not looked through yet.
    beyond: bool,
    csv: String,
    most: usize,
}

/// What the list of cases was asked for.
struct Asked {
    unit: Option<String>,
    q: Option<String>,
    category: Option<String>,
    open: bool,
    behind: Option<Behind>,
    after: Option<After>,
}

impl Asked {
    fn of(req: &Req) -> Asked {
        let text = |name: &str| req.q(name).map(str::to_owned);
        let day = |name: &str| req.q(name).and_then(time::parse_day).map(i64::from);
        let behind = text("figure").zip(day("from").zip(day("to")));
        Asked {
            unit: text("unit"),
            q: text("q"),
            category: text("category"),
            open: req.q("open").is_some(),
            behind: behind.map(|(figure, (from, to))| Behind { figure, of: req.q("part") == Some("of"), from, to }),
            after: after(req),
        }
    }
    /// The same in a query, without the place in the list.
    fn query(&self, unit: UnitId) -> String {
        let mut query = format!("?unit={unit}");
        for (name, value) in [("q", &self.q), ("category", &self.category)] {
            if let Some(v) = value {
                query.push_str(&format!("&{name}={}", encode(v)));
            }
        }
        if self.open {
            query.push_str("&open=1");
        }
        if let Some(b) = &self.behind {
            let (from, to) = (time::day_text(b.from as i32), time::day_text(b.to as i32));
            let part = if b.of { "of" } else { "n" };
            query.push_str(&format!("&figure={}&part={part}&from={from}&to={to}", encode(&b.figure)));
        }
        query
    }
}

/// The unit a list of cases is about: the one asked for, else where one works or lives, else the whole district.
fn unit_of(cx: &mut Cx<'_, '_>, asked: Option<&str>) -> Result<UnitId> {
    let units = linli_registry::units(cx)?;
    match asked {
        Some(u) => {
            let by_id = u.parse::<UnitId>().ok().filter(|u| units.get(*u).is_some());
            let found = by_id.or_else(|| units.by_code(u).map(|u| u.id)).ok_or(Error::NotFound)?;
            Ok(units.current(found))
        }
        None => Ok(cx
            .actor
            .posts
            .first()
            .map(|p| p.unit)
            .filter(|u| units.committee_of(*u).is_some() || *u == units.root())
            .or(cx.actor.homes.first().map(|h| h.committee))
            .unwrap_or(units.root())),
    }
}

/// One page of a list of cases, and whether one sees everything within the unit or what everybody may.
fn page(cx: &mut Cx<'_, '_>, unit: UnitId, asked: &Asked, limit: i64) -> Result<(Listed, bool)> {
    if let Some(behind) = &asked.behind {
        return Ok((crate::behind(cx, unit, behind, asked.after, limit as usize)?, true));
    }
    let path = linli_registry::units(cx)?.path(unit).to_vec();
    let (scope, inside) = match cx.scope(procedure::LIST, ScopeKind::Within(unit), &path) {
        Ok(scope) => (scope, true),
        Err(_) => (cx.scope(procedure::LIST, ScopeKind::Public(unit), &path)?, false),
    };
    let (q, category) = (asked.q.clone(), asked.category.clone());
    let open = asked.open && inside;
    let ask = Ask { kind: Some("case".into()), state: None, category, open, q, after: asked.after, limit };
    Ok((linli_matters::list(cx, &scope, &ask)?, inside))
}

/// The public list by place and category; staff of the area see everything within it, and what stands behind a figure.
pub(super) async fn cases(State(app): State<App>, req: Req) -> Response {
    let asked = Asked::of(&req);
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let unit = unit_of(cx, asked.unit.as_deref())?;
        let units = linli_registry::units(cx)?;
        let (listed, inside) = page(cx, unit, &asked, 20)?;
        let rows = view::rows(cx, &listed.items, |m| format!("/m/{}", m.number))?;
        let query = asked.query(unit);
        let next = listed.next.map(|n| format!("/cases{query}&after={}", n.token()));
        let beyond = next.is_some() && rows.len() < 20 && asked.behind.is_some();
        let list = view::list(cx, &rows, next, false)?;
        let link = |u: &linli_registry::Unit| (format!("/cases?unit={}", u.id), units.name(u.id, s.lang).to_owned());
        let day = |d: i64| linli_web::words::day(d as i32, s.lang);
        let behind = asked.behind.as_ref().and_then(|b| {
            let (label, definition) = b.texts()?;
            let title = if b.of { t::X_BEHIND_ALL } else { t::X_BEHIND };
            let title = title.with("figure", s.t(label)).with("from", day(b.from)).with("to", day(b.to)).in_(s.lang);
            Some((title, s.t(definition)))
        });
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
            q: asked.q.clone().unwrap_or_default(),
            category: asked.category.clone().unwrap_or_default(),
            categories: view::category_options(cx)?,
            list,
            inside,
            open: asked.open && inside,
            behind,
            beyond,
            csv: format!("/cases.csv{query}"),
            most: TAKEN,
        };
        let title = format!("{} · {}", view.unit_name, s.t(t::P_CASES));
        let body = PageBody::new(title, Html::of(&view)?);
        Ok(if inside { body.desk() } else { body })
    })
    .await
}

/// At most so many rows are taken away at once; a longer list says in its last row that it is cut.
const TAKEN: usize = 2000;
/// And the list is asked for at most so often: what stands behind a figure may be thin.
const TURNS: usize = 40;

/// The list as a table to take away: the same rows as on the page, told to the same reader.
pub(super) async fn cases_csv(State(app): State<App>, req: Req) -> Response {
    let mut asked = Asked::of(&req);
    let made = app
        .read(&req, move |cx| {
            let s = Say::of(cx);
            let unit = unit_of(cx, asked.unit.as_deref())?;
            let (units, categories) = (linli_registry::units(cx)?, crate::categories(cx)?);
            let heads = [
                t::P_NUMBER,
                t::X_TITLE,
                t::F_CATEGORY,
                t::R_SPOT,
                t::X_OWNER,
                t::X_STATE,
                t::X_OPENED,
                t::X_DUE,
                t::X_CLOSED,
                t::P_URGENT,
                t::P_SUPERVISED,
            ];
            let mut csv = Csv::new(&heads.map(|h| s.t(h)));
            let at = |ms: Option<linli_core::Millis>| ms.map(time::rfc3339).unwrap_or_default();
            let mut rows = 0;
            for turn in 1.. {
                let (listed, _) = page(cx, unit, &asked, 100)?;
                for m in &listed.items {
                    let category = categories.iter().find(|c| c.code == m.category).map_or("", |c| c.name(s.lang));
                    let yes = |b: bool| if b { s.t(t::X_YES) } else { "" };
                    csv.row(&[
                        m.number.as_str(),
                        &m.title,
                        category,
                        &view::place_of(cx, m),
                        m.owner.map_or("", |o| units.name(o, s.lang)),
                        state(cx, m)?,
                        &time::rfc3339(m.opened),
                        &at(m.due.filter(|_| m.open)),
                        &at(m.closed),
                        yes(m.term_class == "urgent"),
                        yes(m.supervised),
                    ]);
                }
                rows += listed.items.len();
                asked.after = listed.next;
                if asked.after.is_none() {
                    break;
                }
                if rows >= TAKEN || turn == TURNS {
                    csv.row(&[s.t1(t::X_CUT, "n", rows)]);
                    break;
                }
            }
            Ok((csv, format!("cases-{}", time::day_text(time::civil_day(cx.now)))))
        })
        .await;
    match made {
        Ok((csv, name)) => csv.into_response(&name),
        Err(e) => app.refuse(&req, e).await,
    }
}

/// The state in a word: staff read its name, residents whose turn it is.
fn state(cx: &Cx<'_, '_>, m: &Matter) -> Result<&'static str> {
    let text = match m.state.as_str() {
        name if cx.actor.is_staff() => {
            linli_matters::kind(cx, &m.kind)?.state(name).map_or(linli_matters::t::STATE_UNKNOWN, |s| s.label)
        }
        "received" | "dispatched" | "sent" => t::C_WAITING,
        "answered" => t::C_ANSWERED,
        "closed" => t::S_CLOSED,
        _ => t::C_HANDLED,
    };
    Ok(text.in_(cx.actor.lang))
}
