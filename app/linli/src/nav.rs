//! Where one can go: residents' tabs on a phone, the desk's side navigation, each place shown to whoever has a use for it.
use linli_cases::t;
use linli_core::{Cx, Result, Role, Text};
use linli_web::{Counts, Nav, NavItem};

/// The navigation for the actor of a page.
pub(crate) fn nav(cx: &mut Cx<'_, '_>, counted: &Counts) -> Result<Nav> {
    let units = linli_registry::units(cx)?;
    let actor = cx.actor;
    let lang = actor.lang;
    let item = |href: &str, icon: &'static str, label: Text| NavItem {
        href: href.into(),
        icon,
        label: label.in_(lang).into(),
        count: 0,
    };
    let is = |roles: &[Role]| actor.posts.iter().any(|p| roles.contains(&p.role));
    let desk = is(&[Role::Worker, Role::Head, Role::Handler, Role::Dispatcher, Role::Supervisor]);
    let home = actor.homes.first().map(|h| h.committee);
    let unit = home.or(actor.posts.first().map(|p| p.unit));
    let (mut tabs, mut side) = (Vec::new(), Vec::new());
    if actor.person.is_some() && !actor.is_staff() {
        tabs.push(item("/", "home", linli_web::t::HOME));
        tabs.push(item("/report", "report", t::H_REPORT));
        let waiting = count(cx, counted, "/matters", linli_cases::my_turn)?;
        tabs.push(NavItem { count: waiting, ..item("/matters", "inbox", t::P_MY_MATTERS) });
        tabs.push(item("/cases", "eye", t::P_CASES));
    }
    if desk {
        let pressing = count(cx, counted, "/inbox", linli_cases::pressing)?;
        side.push(NavItem { count: pressing, ..item("/inbox", "inbox", t::P_INBOX) });
        side.push(item("/duty", "clock", t::P_DUTY));
    }
    if is(&[Role::Worker, Role::Head]) {
        side.push(item("/households", "people", linli_office::t::H_TITLE));
    }
    if actor.is_staff() {
        side.push(item("/report", "report", t::H_REPORT));
        side.push(item("/cases", "eye", t::P_CASES));
        side.push(item("/responsibilities", "book", t::P_RESPONSIBILITIES));
    }
    if desk {
        side.push(item("/figures", "chart", t::P_FIGURES));
    }
    if is(&[Role::Admin]) {
        side.push(item("/admin/units", "unit", linli_office::t::U_TITLE));
        side.push(item("/admin/posts", "person", linli_office::t::P_TITLE));
        side.push(item("/admin/categories", "filter", t::P_CATEGORIES));
        side.push(item("/admin/responsibilities", "document", t::A_DUTIES_NAV));
        side.push(item("/admin/rules", "arrow", t::P_RULES));
        side.push(item("/admin/terms", "clock", t::P_TERMS));
        side.push(item("/admin/calendar", "calendar", linli_office::t::C_TITLE));
        side.push(item("/admin/letters", "warn", linli_office::t::D_TITLE));
    }
    Ok(Nav {
        place: unit.map(|u| units.name(u, lang).to_owned()).unwrap_or_default(),
        tabs,
        side,
        phone: home.and_then(|h| units.get(h)).and_then(|u| u.phone.clone()),
        signed_in: actor.person.is_some(),
    })
}

/// What the page has counted, else one bounded statement.
fn count(cx: &mut Cx<'_, '_>, counted: &Counts, href: &str, ask: fn(&mut Cx<'_, '_>) -> Result<usize>) -> Result<i64> {
    match counted.iter().find(|c| c.0 == href) {
        Some((_, n)) => Ok(*n),
        None => Ok(ask(cx)? as i64),
    }
}
