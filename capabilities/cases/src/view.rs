//! What the pages show of a matter: rows, chips, the story and the moves.
use crate::Shown;
use crate::store::Spot;
use crate::t;
use askama::Template;
use linli_core::{Cx, FieldError, FieldKind, Lang, Millis, RawInput, Result, Text, UnitId};
use linli_matters::{Act, Matter, Move, Reading, Seen, Story};
use linli_registry::Units;
use linli_web::Html;
use linli_web::ui::{self, FieldView, Opt, Say, Tone};
use std::collections::HashMap;

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

struct MoveView {
    name: &'static str,
    label: &'static str,
    main: bool,
    open: bool,
    fields: Html,
    icon: &'static str,
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

/// What was typed into a move's form that was refused.
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) raw: RawInput,
    pub(crate) errors: Vec<FieldError>,
}

impl Refused {
    /// Its errors, linked to the fields of that move's form. When others have moved the matter meanwhile the form may be
    /// gone: what was typed into it stands here, to be copied.
    pub(crate) fn summary(&self, lang: Lang) -> Html {
        let linked = |e: &FieldError| match e.field.as_str() {
            "" => e.clone(),
            field => FieldError { field: format!("{}-{field}", self.name), msg: e.msg.clone() },
        };
        let errors = ui::errors(&self.errors.iter().map(linked).collect::<Vec<_>>(), lang);
        if self.errors.iter().any(|e| !e.field.is_empty()) {
            return errors;
        }
        Html::join(vec![errors, typed(&self.raw, lang)])
    }
}

/// What somebody had typed into a form that is no longer there.
pub(crate) fn typed(raw: &RawInput, lang: Lang) -> Html {
    let typed: Vec<&str> = ["words", "way"].into_iter().filter_map(|f| raw.get(f)).collect();
    ui::typed(t::P_TYPED.in_(lang), &typed.join("\n"))
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

/// What is often done in a state stands open to the eye; the rest waits behind one press.
fn likely(m: &Matter, name: &str) -> bool {
    match m.state.as_str() {
        "received" => matches!(name, "dispatch" | "answer" | "decline" | "add" | "urge" | "withdraw"),
        "dispatched" => matches!(name, "return" | "urge" | "add" | "withdraw"),
        "handling" => matches!(name, "contact" | "progress" | "dispatch" | "return" | "add" | "urge" | "withdraw"),
        "approval" => matches!(name, "refuse"),
        "review" => matches!(name, "order_redo"),
        "sent" | "doing" => true,
        _ => matches!(name, "add" | "urge" | "withdraw" | "instruct" | "call_back"),
    }
}

/// The likeliest next step is open and prominent.
fn main_move(possible: &[&'static Move], m: &Matter) -> Option<&'static str> {
    let order: &[&str] = match m.state.as_str() {
        "received" => &["sign"],
        "dispatched" | "sent" => &["sign"],
        "handling" => &["answer"],
        "doing" => &["done"],
        "approval" => &["approve"],
        "ruling" => &["rule"],
        "answered" => &["verdict"],
        "review" => &["end_review"],
        "paused" => &["resume"],
        _ => &[],
    };
    order.iter().copied().find(|name| possible.iter().any(|mv| mv.name() == *name))
}

fn move_view(
    cx: &mut Cx<'_, '_>,
    seen: &Seen,
    spot: Option<&Spot>,
    mv: &'static Move,
    main: bool,
    again: Option<&Refused>,
) -> Result<MoveView> {
    let lang = cx.actor.lang;
    let (raw, errors) = again.map_or((RawInput::default(), Vec::new()), |r| (r.raw.clone(), r.errors.clone()));
    let prefix = format!("{}-", mv.name());
    let mut fields = Vec::new();
    for field in mv.input {
        let mut options = options(cx, seen, &field.kind)?;
        if mv.act == "case.dispatch" && field.name == "unit" {
            let label = match suggested(cx, seen, spot)? {
                Some(unit) => t::F_UNIT_BY_RULE.with("unit", unit),
                None => linli_web::t::CHOOSE.msg(),
            };
            options.insert(0, Opt { value: String::new(), label: label.in_(lang) });
        }
        fields.push(ui::field(&FieldView {
            field,
            prefix: &prefix,
            raw: &raw,
            errors: &errors,
            options: &options,
            lang,
        }));
        if matches!(field.kind, FieldKind::Files { .. }) && seen.matter.reporter == cx.actor.person {
            fields.push(ui::voice(&prefix, lang));
        }
    }
    let icon = match mv.name() {
        "sign" | "approve" | "answer" | "done" | "verdict" => "check",
        "return" | "decline" | "refuse" => "return",
        "dispatch" | "rule" | "order_redo" => "transfer",
        "assist" => "people",
        "contact" => "phone",
        "assign" => "person",
        "note" => "edit",
        "link" => "link",
        "recategorise" => "sort",
        "withdraw" => "cross",
        "resume" => "play",
        "ask_pause" | "ask_extension" => "pause",
        "instruct" | "urge" => "warn",
        _ => "discuss",
    };
    Ok(MoveView {
        name: mv.name(),
        label: mv.label.in_(lang),
        main,
        open: main || again.is_some(),
        fields: Html::join(fields),
        icon,
    })
}

/// Where the rules in force would send it: shown before the one tap, and only where that unit can take it.
fn suggested(cx: &mut Cx<'_, '_>, seen: &Seen, spot: Option<&Spot>) -> Result<Option<String>> {
    let facts = crate::facts_at(cx, &seen.matter, spot)?;
    let (rules, units) = (crate::routing_rules(cx)?, linli_registry::units(cx)?);
    let unit = crate::rules::route(&rules, &units, &facts, "dispatch", cx.now).unit;
    Ok((Some(unit) != seen.seat.unit()).then(|| units.name(unit, cx.actor.lang).to_owned()))
}

/// The options a field offers on the page. The unit lists are short by design: who serves the place, the units of its town,
/// the departments; anything else is found by search.
pub(crate) fn options(cx: &mut Cx<'_, '_>, seen: &Seen, kind: &FieldKind) -> Result<Vec<Opt>> {
    let lang = cx.actor.lang;
    Ok(match kind {
        FieldKind::Category => category_options(cx)?,
        FieldKind::Colleague => match seen.seat.unit() {
            Some(unit) => linli_registry::staff(cx, unit)?
                .into_iter()
                .map(|(_, person, role, name)| Opt {
                    value: person.to_string(),
                    label: lang.with_remark(name.reveal(), role.text().in_(lang)),
                })
                .collect(),
            None => Vec::new(),
        },
        FieldKind::Unit { .. } => {
            let units = linli_registry::units(cx)?;
            let town = units.dispatch_above(seen.matter.committee);
            let mut found: Vec<&linli_registry::Unit> = Vec::new();
            found.extend(units.get(seen.matter.committee));
            found.extend(town.and_then(|t| units.get(t)));
            found.extend(
                town.into_iter()
                    .flat_map(|t| units.children(t))
                    .filter(|u| u.function == linli_registry::Function::Unit),
            );
            found.extend(units.ops().and_then(|o| units.get(o)));
            found.extend(
                units
                    .live()
                    .filter(|u| {
                        u.function == linli_registry::Function::Unit && town.is_none_or(|t| !u.path.contains(&t))
                    })
                    .take(120),
            );
            let own = seen.seat.unit();
            found.retain(|u| Some(u.id) != own && !crate::rules::names(&units, seen.matter.named, u.id));
            found
                .into_iter()
                .map(|u| Opt { value: u.id.to_string(), label: units.name(u.id, lang).to_owned() })
                .collect()
        }
        _ => Vec::new(),
    })
}

/// Categories as options, children after their parents.
pub(crate) fn category_options(cx: &mut Cx<'_, '_>) -> Result<Vec<Opt>> {
    let categories = crate::categories(cx)?;
    let lang = cx.actor.lang;
    let mut out = Vec::new();
    for top in categories.iter().filter(|c| c.parent.is_none()) {
        let children: Vec<_> = categories.iter().filter(|c| c.parent.as_deref() == Some(&top.code)).collect();
        if children.is_empty() {
            out.push(Opt { value: top.code.clone(), label: top.name(lang).to_owned() });
        }
        out.extend(
            children
                .into_iter()
                .map(|c| Opt { value: c.code.clone(), label: format!("{} › {}", top.name(lang), c.name(lang)) }),
        );
    }
    Ok(out)
}

pub(crate) fn outcome_text(code: &str) -> Text {
    match code {
        "solved" => t::OUTCOME_SOLVED,
        "partly" => t::OUTCOME_PARTLY,
        "explained" => t::OUTCOME_EXPLAINED,
        "withdrawn" => t::OUTCOME_WITHDRAWN,
        _ => t::OUTCOME_DECLINED,
    }
}

fn return_text(code: &str) -> Text {
    match code {
        "wrong_place" => t::RETURN_WRONG_PLACE,
        "lacks_information" => t::RETURN_LACKS_INFORMATION,
        "same_as_other" => t::RETURN_SAME_AS_OTHER,
        _ => t::RETURN_NOT_OURS,
    }
}

fn relation(kind: &str) -> Text {
    match kind {
        "parent" => t::REL_PARENT,
        "child" => t::REL_CHILD,
        _ => t::REL_RELATED,
    }
}

/// The name of a stage.
pub(crate) fn stage(code: &str) -> Text {
    match code {
        "sign" => t::STAGE_SIGN,
        "return" => t::STAGE_RETURN,
        "contact" => t::STAGE_CONTACT,
        "answer" => t::STAGE_ANSWER,
        "ruling" => t::STAGE_RULING,
        "approval" => t::STAGE_APPROVAL,
        "pause" => t::STAGE_PAUSE,
        "verdict" => t::STAGE_VERDICT,
        _ => t::STAGE_REVIEW,
    }
}
