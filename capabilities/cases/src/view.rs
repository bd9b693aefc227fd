//! What the pages show of a matter: rows, chips, the story and the moves.
use crate::Shown;
use crate::t;
use askama::Template;
use linli_core::{Cx, Lang, Result, Text, UnitId};
use linli_matters::{Act, Matter, Reading, Seen, Story};
use linli_registry::Units;
use linli_web::Html;
use linli_web::ui::Say;
use std::collections::HashMap;

mod moves;
mod rows;
mod words;

use moves::{MoveView, likely, main_move, move_view};
pub(crate) use moves::{Refused, category_options, typed};
pub(crate) use rows::{Row, chip, list, mine, place_of, rows};
pub(crate) use words::{outcome_text, stage};
use words::{relation, return_text};

struct ActView {
    head: String,
    at: Html,
    words: Html,
    seq: i64,
    class: &'static str,
    icon: &'static str,
    files: Vec<(String, bool)>,
    erased: bool,
    own: bool,
    why: Option<String>,
}

#[derive(Template)]
#[template(path = "story.html")]
struct StoryView {
    s: Say,
    number: String,
    title: String,
    place: String,
    category: String,
    told: String,
    tone: &'static str,
    due: Option<Html>,
    chip: Html,
    urgent: bool,
    private: bool,
    named: Option<String>,
    acts: Vec<ActView>,
    moves: Vec<MoveView>,
    revision: i64,
    key: String,
    facts: Vec<(&'static str, Html)>,
    related: Vec<(String, String, String)>,
    duties: Vec<Duty>,
    staff: bool,
    phone: Option<(String, String)>,
    contact: Option<(String, String)>,
    can_contact: bool,
    desk: bool,
    /// The level of the headings within: the title is one above.
    h: u8,
    back: Option<(&'static str, &'static str)>,
    audience: Option<String>,
    /// The moves that are not likely now.
    others: Vec<MoveView>,
    others_open: bool,
    next: Option<String>,
}

/// One line of "why me / why not me".
pub(crate) struct Duty {
    pub(crate) actor: String,
    pub(crate) pays: String,
    pub(crate) article: String,
    pub(crate) kind: &'static str,
}

pub(crate) fn duties(cx: &mut Cx<'_, '_>, category: &str) -> Result<Vec<Duty>> {
    let categories = crate::categories(cx)?;
    let chain = crate::rules::chain(&categories, category);
    let lang = cx.actor.lang;
    let pick = |zh: &str, en: &str| if lang == Lang::Zh { zh.to_owned() } else { en.to_owned() };
    Ok(crate::responsibilities(cx)?
        .iter()
        .filter(|r| chain.contains(&r.category))
        .map(|r| Duty {
            actor: pick(&r.actor_zh, &r.actor_en),
            pays: pick(&r.pays_zh, &r.pays_en),
            article: pick(&r.article_zh, &r.article_en),
            kind: if r.statutory { t::STATUTORY } else { t::SUGGESTED }.in_(lang),
        })
        .collect())
}

/// The whole story of a matter with what one can do now.
pub(crate) fn story(
    cx: &mut Cx<'_, '_>,
    shown: &Shown,
    refused: Option<&Refused>,
    key: String,
    desk: bool,
    contact: Option<(String, String)>,
) -> Result<Html> {
    let Shown { seen, story, placed } = shown;
    let m = &seen.matter;
    let s = Say::of(cx);
    let units = linli_registry::units(cx)?;
    let procedure = linli_matters::procedure_of(cx, m)?;
    let state = procedure.state(&m.state);
    let owner = m.owner.map(|o| units.name(o, s.lang).to_owned()).unwrap_or_default();
    let own = m.reporter.is_some() && m.reporter == cx.actor.person;
    let told = match state.map_or(t::TOLD_CLOSED, |st| st.told) {
        // The verdict is asked of whoever reported, and told to everybody else.
        told if m.state == "answered" && !own => told_answered(told).with("unit", &owner),
        told => told.with("unit", &owner),
    };
    let told = told.in_(s.lang);
    let names = if story.reading == Reading::Staff { people(cx, story, m)? } else { HashMap::new() };
    let mut acts = Vec::new();
    for a in &story.acts {
        acts.push(act_view(cx, &units, seen, story, a, &names)?);
    }
    let mut moves = Vec::new();
    let (case, spot) = (shown.case(), placed.as_ref().and_then(|p| p.spot.as_ref()));
    let possible = crate::offered(cx, seen, case, &story.clocks)?;
    let main = main_move(&possible, m);
    for mv in possible.iter().filter(|mv| mv.name() != "erase") {
        let again = refused.filter(|r| r.name == mv.name());
        moves.push(move_view(cx, seen, spot, mv, Some(mv.name()) == main, again)?);
    }
    moves.sort_by_key(|mv| !mv.main);
    let (moves, others): (Vec<_>, Vec<_>) = moves.into_iter().partition(|mv| mv.main || mv.open || likely(m, mv.name));
    let related = seen
        .related()
        .iter()
        .map(|(r, kind)| (format!("/m/{}", r.number), r.title.clone(), relation(kind).in_(s.lang).to_owned()))
        .collect();
    let categories = crate::categories(cx)?;
    let staff = story.reading == Reading::Staff;
    let mut facts: Vec<(&'static str, Html)> = vec![(t::P_NUMBER.in_(s.lang), Html::text(&m.number))];
    if let Some(name) = m.assignee.filter(|_| m.open).and_then(|p| names.get(&p)) {
        facts.push((t::F_PERSON.in_(s.lang), Html::text(name)));
    }
    if staff {
        for c in story.clocks.iter().filter(|c| c.stopped.is_none()) {
            let label = stage(&c.stage).in_(s.lang);
            facts.push((label, s.clock(Some(c.due), !c.running)));
        }
        if story.clocks.iter().any(|c| c.provisional && c.stopped.is_none()) {
            facts.push((t::P_PROVISIONAL.in_(s.lang), Html::text(t::P_PROVISIONAL_WHY.in_(s.lang))));
        }
    }
    if let Some(case) = case {
        let yes_no = |b: bool| if b { t::SOLVED_YES } else { t::SOLVED_NO }.in_(s.lang);
        if let Some(outcome) = &case.outcome {
            facts.push((t::P_CLAIM.in_(s.lang), Html::text(outcome_text(outcome).in_(s.lang))));
        }
        if let Some(solved) = case.solved {
            facts.push((t::P_VERDICT.in_(s.lang), Html::text(yes_no(solved))));
        }
        if let Some(called) = case.called_solved {
            facts.push((t::P_CALLED.in_(s.lang), Html::text(yes_no(called))));
        }
    }
    let committee = units.get(m.committee);
    let phone = committee.and_then(|c| c.phone.clone()).map(|p| (units.name(m.committee, s.lang).to_owned(), p));
    let can_contact = m.reporter.is_some()
        && seen.seat.handles()
        && m.open
        && contact.is_none()
        && matches!(
            seen.seat.role(),
            linli_core::Role::Worker
                | linli_core::Role::Head
                | linli_core::Role::Handler
                | linli_core::Role::Dispatcher
        );
    Html::of(&StoryView {
        s,
        number: m.number.clone(),
        title: m.title.clone(),
        place: place_of(cx, m),
        category: categories
            .iter()
            .find(|c| c.code == m.category)
            .map(|c| c.name(s.lang).to_owned())
            .unwrap_or_default(),
        told,
        tone: if m.state == "answered" {
            "s-warn"
        } else if m.open {
            "s-info"
        } else {
            "s-good"
        },
        next: m.open.then(|| next(m, own, &owner, s)),
        h: if desk { 3 } else { 2 },
        back: (!desk).then(|| back(cx, own, s)),
        audience: m.audience.filter(|_| m.kind == "case").map(|a| {
            if a == units.root() {
                s.t(t::R_SEEN_BY_ALL).to_owned()
            } else {
                s.t1(t::P_SEEN_BY, "unit", units.name(a, s.lang))
            }
        }),
        others_open: others.iter().any(|mv| mv.open),
        others,
        due: m.due.filter(|_| m.open).map(|d| s.when(d)),
        chip: chip(cx, m)?,
        urgent: m.term_class == "urgent",
        private: m.audience.is_none() && m.kind == "case",
        named: m.named.map(|n| units.name(n, s.lang).to_owned()),
        acts,
        moves,
        revision: m.revision,
        key,
        facts,
        related,
        duties: duties(cx, &m.category)?,
        staff,
        phone,
        contact,
        can_contact,
        desk,
    })
}

/// The names of those who acted and of who is to act: staff see who does what.
fn people(cx: &mut Cx<'_, '_>, story: &Story, m: &Matter) -> Result<HashMap<linli_core::PersonId, String>> {
    let mut ids: Vec<_> = story.acts.iter().filter(|a| a.post.is_some()).filter_map(|a| a.person).collect();
    ids.extend(m.assignee);
    ids.sort();
    ids.dedup();
    Ok(linli_registry::people_names(cx, &ids)?.into_iter().map(|(id, name)| (id, name.reveal().clone())).collect())
}

fn act_view(
    cx: &mut Cx<'_, '_>,
    units: &Units,
    seen: &Seen,
    story: &Story,
    a: &Act,
    names: &HashMap<linli_core::PersonId, String>,
) -> Result<ActView> {
    let s = Say::of(cx);
    let mine = a.person.is_some() && a.person == cx.actor.person;
    let by_reporter = a.person.is_some() && a.person == seen.matter.reporter && a.unit.is_none();
    let who = match a.unit {
        Some(unit) => {
            let name = units.name(unit, s.lang).to_owned();
            match a.person.and_then(|p| names.get(&p)) {
                Some(person) => format!("{name} {person}"),
                None => name,
            }
        }
        None if mine => t::P_YOU.in_(s.lang).to_owned(),
        None if by_reporter => t::P_RESIDENT.in_(s.lang).to_owned(),
        None => t::P_SYSTEM.in_(s.lang).to_owned(),
    };
    let told = linli_matters::procedure_of(cx, &seen.matter)?
        .moves
        .iter()
        .find(|mv| mv.act == a.act)
        .map_or(t::TOLD_REPORT, |mv| mv.told);
    // "You" is the resident; whoever handles it reads of the resident.
    let own = seen.matter.reporter.is_some() && seen.matter.reporter == cx.actor.person;
    let told = if told == t::TOLD_CONTACT && !own { t::TOLD_CONTACT_STAFF } else { told };
    let mut head = told.with("unit", &who).in_(s.lang);
    let colon = s.t(linli_web::t::COLON);
    let unit_named = |key: &str| a.data.0.get(key).and_then(|v| v.as_str()).and_then(|v| v.parse::<UnitId>().ok());
    if matches!(a.act.as_str(), "case.dispatch" | "case.rule" | "case.order_redo")
        && let Some(to) = a.owner
    {
        head = format!("{head}{colon}{}", units.name(to, s.lang));
    }
    if let Some(unit) = unit_named("unit").filter(|_| a.act == "case.assist") {
        head = format!("{head}{colon}{}", units.name(unit, s.lang));
    }
    if let Some(unit) = unit_named("escalated_to") {
        head = format!("{head}{colon}{}", units.name(unit, s.lang));
    }
    if let (Some(from), Some(into)) = (unit_named("from"), unit_named("into")) {
        let why = match a.data.0.get("because").and_then(|v| v.as_str()) {
            Some("merge") => t::HANDED_MERGE,
            Some("split") => t::HANDED_SPLIT,
            Some("end") => t::HANDED_END,
            _ => t::HANDED_BOUNDARY,
        };
        head = why.with("from", units.name(from, s.lang)).with("into", units.name(into, s.lang)).in_(s.lang);
    }
    if let Some(outcome) = a.data.0.get("outcome").and_then(|v| v.as_str()) {
        head = format!("{head}{colon}{}", outcome_text(outcome).in_(s.lang));
    }
    if let Some(reason) = a.data.0.get("reason").and_then(|v| v.as_str()) {
        head = format!("{head}{colon}{}", return_text(reason).in_(s.lang));
    }
    if let Some(satisfied) = a.data.0.get("satisfied").and_then(serde_json::Value::as_bool) {
        let solved = a.data.0.get("solved").and_then(serde_json::Value::as_bool).unwrap_or(false);
        let (a, b) = (
            if solved { t::SOLVED_YES } else { t::SOLVED_NO },
            if satisfied { t::VERDICT_SATISFIED } else { t::VERDICT_DISSATISFIED },
        );
        head = format!("{head}{colon}{}{}{}", a.in_(s.lang), s.t(t::P_AND), b.in_(s.lang));
    }
    // Who judged it badly wants to know that it is not the same person who does it again.
    let again = match a.data.0.get("redo_by").and_then(|v| v.as_str()) {
        Some("another_person") => Some(t::REDO_ANOTHER),
        Some(_) => Some(t::REDO_SUPERIOR),
        None => None,
    };
    if let Some(again) = again {
        head = format!("{head}{}{}", s.t(t::P_AND), again.in_(s.lang));
    }
    let rule = a.data.0.get("route").and_then(|r| r.get("rule")).and_then(|v| v.as_str()).and_then(|v| v.parse().ok());
    let why = match rule {
        Some(rule) => crate::explain(cx, rule, s.lang)?.map(|(note, _)| note),
        None => None,
    };
    let files = story
        .files
        .iter()
        .filter(|f| f.act == a.id)
        .map(|f| (format!("/files/{}", f.id), f.mime.starts_with("audio/")))
        .collect();
    let class = match a.act.as_str() {
        "case.answer" | "case.end_review" => "is-ours s-good",
        "case.decline" | "case.return" | "case.refuse" => "is-ours s-warn",
        "case.instruct" => "is-ours s-bad",
        "case.overdue" => "s-bad",
        _ if a.readers == "staff" => "is-minor",
        _ if a.unit.is_some() => "is-ours s-info",
        _ => "",
    };
    let icon = match a.act.as_str() {
        "case.report" => "report",
        "case.answer" => "check",
        "case.verdict" => "person",
        "case.return" | "case.decline" => "return",
        "case.instruct" | "case.overdue" => "warn",
        "case.contact" | "case.call_back" => "phone",
        "case.lapse" | "case.ask_extension" => "clock",
        "case.ask_pause" => "pause",
        "case.dispatch" | "case.rule" => "arrow",
        "case.handed_over" | "task.handed_over" => "transfer",
        _ if a.unit.is_some() => "unit",
        _ => "discuss",
    };
    let erased = a.commitment.is_some() && a.words.is_none();
    let words = a.words.as_deref().map(Html::words).unwrap_or_default();
    let own = mine && a.words.is_some() && seen.matter.kind == "case";
    Ok(ActView { head, at: s.when(a.at), words, seq: a.seq, class, icon, files, erased, own, why })
}

fn told_answered(told: Text) -> Text {
    if told.key == t::TOLD_ANSWERED.key { t::TOLD_ANSWERED_OTHERS } else { told }
}

/// What has not happened yet, as the last line of the story.
fn next(m: &Matter, own: bool, owner: &str, s: Say) -> String {
    match m.state.as_str() {
        "answered" if own => s.t(t::N_VERDICT_YOU).to_owned(),
        "answered" => s.t(t::N_VERDICT).to_owned(),
        "received" | "dispatched" | "sent" => s.t1(t::N_SIGN, "unit", owner),
        "handling" | "approval" | "doing" => s.t1(t::N_ANSWER, "unit", owner),
        "paused" => s.t1(t::N_RESUME, "unit", owner),
        _ => s.t1(t::N_DECIDE, "unit", owner),
    }
}

/// Where the list is that this matter stands in.
fn back(cx: &Cx<'_, '_>, own: bool, s: Say) -> (&'static str, &'static str) {
    if own {
        ("/matters", s.t(t::P_MY_MATTERS))
    } else if !crate::desk::desks(cx.actor).is_empty() {
        ("/inbox", s.t(t::P_INBOX))
    } else {
        ("/cases", s.t(t::P_CASES))
    }
}
