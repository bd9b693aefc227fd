//! Matters in a list.
use crate::t;
use askama::Template;
use linli_core::{Cx, Millis, Result};
use linli_matters::Matter;
use linli_web::Html;
use linli_web::ui::{self, Say, Tone};

/// A matter in a list.
pub(crate) struct Row {
    pub(crate) href: String,
    pub(crate) number: String,
    pub(crate) title: String,
    pub(crate) category: String,
    pub(crate) place: String,
    pub(crate) owner: String,
    pub(crate) chip: Html,
    pub(crate) clock: Html,
    pub(crate) urgent: bool,
    pub(crate) supervised: bool,
    pub(crate) closed: bool,
    pub(crate) selected: bool,
    pub(crate) due: Option<Millis>,
    /// It awaits a signature.
    pub(crate) signable: bool,
}

pub(crate) fn rows(cx: &mut Cx<'_, '_>, items: &[Matter], href: impl Fn(&Matter) -> String) -> Result<Vec<Row>> {
    let units = linli_registry::units(cx)?;
    let categories = crate::categories(cx)?;
    let lang = cx.actor.lang;
    items
        .iter()
        .map(|m| {
            Ok(Row {
                href: href(m),
                number: m.number.clone(),
                title: m.title.clone(),
                category: categories
                    .iter()
                    .find(|c| c.code == m.category)
                    .map(|c| c.name(lang).to_owned())
                    .unwrap_or_default(),
                place: place_of(cx, m),
                owner: m.owner.map(|o| units.name(o, lang).to_owned()).unwrap_or_default(),
                chip: chip(cx, m)?,
                clock: if m.open { ui::clock(m.due, m.due.is_none(), cx.now, lang) } else { Html::empty() },
                urgent: m.term_class == "urgent" && m.open,
                supervised: m.supervised,
                closed: !m.open,
                selected: false,
                due: m.due.filter(|_| m.open),
                signable: matches!(m.state.as_str(), "received" | "dispatched" | "sent"),
            })
        })
        .collect()
}

/// Where it is, for this reader: a room number is told to whoever reported and to those who work on it, to nobody else.
pub(crate) fn place_of(cx: &Cx<'_, '_>, m: &Matter) -> String {
    let own = m.reporter.is_some() && m.reporter == cx.actor.person;
    if own || cx.actor.is_staff() { m.place_name.clone() } else { linli_matters::rules::without_room(&m.place_name) }
}

/// The state as a chip. Residents read whose turn it is, never the name of a state inside the offices.
pub(crate) fn chip(cx: &mut Cx<'_, '_>, m: &Matter) -> Result<Html> {
    let state = linli_matters::kind(cx, &m.kind)?.state(&m.state).map_or(linli_matters::t::STATE_UNKNOWN, |s| s.label);
    let own = m.reporter.is_some() && m.reporter == cx.actor.person;
    let (tone, icon, plain) = match m.state.as_str() {
        "received" | "dispatched" | "sent" => (Tone::Wait, "clock", t::C_WAITING),
        "approval" | "ruling" | "review" if cx.actor.is_staff() => (Tone::Warn, "unit", t::C_HANDLED),
        "handling" | "doing" | "approval" | "ruling" | "review" => (Tone::Info, "wrench", t::C_HANDLED),
        "paused" => (Tone::Quiet, "pause", linli_web::t::PAUSED),
        "answered" if own => (Tone::Warn, "person", t::C_YOUR_TURN),
        "answered" => (Tone::Good, "discuss", t::C_ANSWERED),
        _ => (Tone::Good, "check-circle", t::S_CLOSED),
    };
    let word = if cx.actor.is_staff() && !own { state } else { plain };
    Ok(ui::chip(tone, icon, word.in_(cx.actor.lang)))
}

#[derive(Template)]
#[template(path = "rows.html")]
struct RowsView<'a> {
    s: Say,
    rows: &'a [Row],
    more: Html,
    narrow: bool,
    mine: bool,
}

/// A list of matters with a link to what follows; `narrow` keeps each row's state below its title.
pub(crate) fn list(cx: &Cx<'_, '_>, rows: &[Row], more: Option<String>, narrow: bool) -> Result<Html> {
    let s = Say::of(cx);
    Html::of(&RowsView { s, rows, more: more.map_or(Html::empty(), |href| s.more(&href)), narrow, mine: false })
}

/// One's own matters; an empty list says how to begin.
pub(crate) fn mine(cx: &Cx<'_, '_>, rows: &[Row], more: Option<String>, narrow: bool) -> Result<Html> {
    let s = Say::of(cx);
    Html::of(&RowsView { s, rows, more: more.map_or(Html::empty(), |href| s.more(&href)), narrow, mine: true })
}
