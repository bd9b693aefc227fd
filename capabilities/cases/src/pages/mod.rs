//! The pages of cases: home, report, my matters, a matter's story, the desk, the duty view, public lists and figures.
mod duty;
mod figures;
mod home;
mod inbox;
mod lists;
mod matter;
mod open;
mod report;

use crate::t;
use axum::Router;
use axum::routing::{get, post};
use linli_core::{Cx, Error, Lang, Result, Role, ScopeKind, UnitId, time};
use linli_matters::After;
use linli_registry::{Function, Unit, Units};
use linli_web::{App, Req};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home::home))
        .route("/report", get(report::report_form).post(report::report_step))
        .route("/matters", get(lists::mine))
        .route("/m/{number}", get(matter::matter))
        .route("/m/{number}/who", post(matter::who))
        .route("/m/{number}/{move}", post(matter::make_move))
        .route("/inbox", get(inbox::inbox))
        .route("/inbox/bulk", post(inbox::bulk))
        .route("/inbox/views", post(inbox::views))
        .route("/duty", get(duty::duty))
        .route("/duty/alarm", post(duty::solve_alarm))
        .route("/cases", get(lists::cases))
        .route("/cases.csv", get(lists::cases_csv))
        .route("/figures", get(figures::figures))
        .route("/figures.csv", get(figures::figures_csv))
        .route("/definitions", get(open::definitions))
        .route("/responsibilities", get(open::responsibilities))
        .route("/files/{id}", get(matter::file))
}

pub(crate) fn after(req: &Req) -> Option<After> {
    req.q("after").and_then(After::parse)
}

/// Where one is among the units: link, name, whether this is the page one is on.
type Crumb = (String, String, bool);

fn crumbs(units: &Units, unit: UnitId, lang: Lang, href: &str) -> Vec<Crumb> {
    units.path(unit).iter().map(|u| (format!("{href}{u}"), units.name(*u, lang).to_owned(), *u == unit)).collect()
}

/// The same, for pages that show only what one may look into: the rest of the way is named, not linked.
fn own_crumbs(cx: &Cx<'_, '_>, units: &Units, unit: UnitId, lang: Lang, href: &str) -> Vec<Crumb> {
    let mut crumbs = crumbs(units, unit, lang, href);
    for (crumb, at) in crumbs.iter_mut().zip(units.path(unit)) {
        let path = units.path(*at);
        let seen =
            [ScopeKind::Within(*at), ScopeKind::Desk(*at)].into_iter().any(|k| cx.scope(crate::LIST, k, path).is_ok());
        if !seen {
            crumb.0.clear();
        }
    }
    crumbs
}

fn flash(sent: bool, done: bool) -> Option<linli_core::Text> {
    if sent {
        Some(t::P_SENT)
    } else if done {
        Some(linli_web::t::SAVED)
    } else {
        None
    }
}

/// The units one may look into from here.
fn below(units: &Units, unit: UnitId, lang: Lang, href: &str) -> Vec<(String, String)> {
    let seen = |u: &&Unit| matches!(u.function, Function::Dispatch | Function::Serve | Function::Unit | Function::Ops);
    units
        .children(unit)
        .filter(seen)
        .take(120)
        .map(|u| (format!("{href}{}", u.id), units.name(u.id, lang).to_owned()))
        .collect()
}

pub(crate) fn class_text(class: &str, lang: Lang) -> String {
    match class {
        "urgent" => t::P_URGENT.in_(lang).to_owned(),
        "consultation" => t::CLASS_CONSULTATION.in_(lang).to_owned(),
        "ordinary" => t::CLASS_ORDINARY.in_(lang).to_owned(),
        "complex" => t::CLASS_COMPLEX.in_(lang).to_owned(),
        "*" => t::CLASS_ALL.in_(lang).to_owned(),
        other => other.to_owned(),
    }
}

/// A term in words.
pub(crate) fn term_text(term: work_calendar::Term, lang: Lang) -> String {
    use work_calendar::Term::{WallClock, WorkingDays, WorkingHours};
    let hours = |ms: i64| {
        if ms % time::HOUR == 0 {
            t::N_HOURS.with("n", ms / time::HOUR).in_(lang)
        } else {
            t::N_MINUTES.with("n", ms / time::MINUTE).in_(lang)
        }
    };
    match term {
        WorkingDays(n) => t::N_WORKING_DAYS.with("n", n).in_(lang),
        WorkingHours(ms) => t::IN_WORKING_TIME.with("time", hours(ms)).in_(lang),
        WallClock(ms) => t::ON_THE_WALL.with("time", hours(ms)).in_(lang),
    }
}

/// The unit a page of staff is about: the one asked for, else where one's post is.
fn unit_asked(cx: &Cx<'_, '_>, asked: Option<&str>) -> Result<UnitId> {
    match asked {
        Some(text) => text.parse().map_err(|_| Error::NotFound),
        None => own_desk(cx),
    }
}

/// Where one's post is.
pub(crate) fn own_desk(cx: &Cx<'_, '_>) -> Result<UnitId> {
    let own = cx.actor.posts.iter().find(|p| p.role != Role::GroupLeader).map(|p| p.unit);
    own.ok_or(if cx.actor.person.is_none() { Error::SignIn } else { Error::forbidden(t::P_NO_DESK) })
}
