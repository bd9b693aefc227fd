//! Cases (诉求): a resident says what is wrong; it reaches the right desk; clocks run; the resident judges.
mod admin;
mod admin_pages;
mod api;
mod desk;
mod drafts;
mod figures;
mod pages;
mod procedure;
mod report;
pub mod rules;
mod saved;
mod setup;
mod store;
mod suggest;
mod uploads;
mod view;

pub use admin::{
    Replayed, end_category, end_responsibility, end_rule, put_category, put_responsibility, put_rule, replay,
};
pub use admin_pages::routes as admin_routes;
pub use api::{openapi, routes as api_routes};
pub use desk::{my_turn, pressing};
pub use drafts::{Draft, draft, drafts, drop_draft, keep_draft, send_draft};
pub use figures::{Behind, Figure, Figures, behind, figures};
pub use pages::routes;
pub use procedure::{CASE, LIST, REPORT, REPORT_FOR, TASK, VIEW};
pub use report::{FIELDS as REPORT_FIELDS, Preview, Report, preview, read, report};
pub use saved::{SavedView, drop_view, save_view, saved_views};
pub use setup::{Defaults, load_defaults};
pub use store::{Case, Category, Responsibility, RuleRow};

use linli_core::{Cx, Error, Lang, MatterId, Millis, Module, PlaceId, Relation, Result, Role, Rule, UnitId};
use linli_matters::Matter;
use rules::{Route, RouteFacts};
use std::sync::Arc;
use uuid::Uuid;

linli_texts::texts!();

/// Who keeps categories, the responsibility list and the routing rules of a unit.
pub const ADMIN: &str = "case.admin";

/// What the capability tells the house.
pub const MODULE: Module = Module::named("cases")
    .texts(TEXTS)
    .policy(&[Rule::new(ADMIN, Role::Admin, Relation::Unit)])
    .jobs(&[drafts::CLEAN])
    .ticks(&[drafts::FORGET]);

const CATEGORIES: &str = "cases.categories";
const RULES: &str = "cases.rules";
const DUTIES: &str = "cases.responsibilities";

/// The categories in force.
pub fn categories(cx: &mut Cx<'_, '_>) -> Result<Arc<Vec<Category>>> {
    cx.cached(CATEGORIES, |cx| store::categories(cx.tx, cx.now))
}

/// The public responsibility list in force.
pub fn responsibilities(cx: &mut Cx<'_, '_>) -> Result<Arc<Vec<Responsibility>>> {
    cx.cached(DUTIES, |cx| store::responsibilities(cx.tx, cx.now))
}

/// Every routing rule, past ones too: the stored explanation of an old dispatch must stay readable.
pub fn routing_rules(cx: &mut Cx<'_, '_>) -> Result<Arc<Vec<RuleRow>>> {
    cx.cached(RULES, |cx| store::rules(cx.tx))
}

impl Category {
    /// Its name.
    pub fn name(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.name_zh,
            Lang::En => &self.name_en,
        }
    }
}

/// What the case knows beyond its matter. The caller has seen the matter.
pub fn case(cx: &mut Cx<'_, '_>, matter: MatterId) -> Result<Option<Case>> {
    store::case(cx.tx, matter)
}

/// A case as its page and the API show it.
pub(crate) struct Shown {
    pub(crate) seen: linli_matters::Seen,
    pub(crate) story: linli_matters::Story,
    /// None for matters of another kind.
    pub(crate) placed: Option<store::Placed>,
}

impl Shown {
    pub(crate) fn case(&self) -> Option<&Case> {
        self.placed.as_ref().map(|p| &p.case)
    }
}

/// By its number, if the actor may see it.
pub(crate) fn shown(cx: &mut Cx<'_, '_>, number: &str) -> Result<Shown> {
    let sought = linli_matters::seek(cx, number)?;
    found(cx, sought)
}

/// The same after a write that knows its id and place: all of it is asked for at once.
pub(crate) fn shown_known(cx: &mut Cx<'_, '_>, number: &str, known: Option<Known>) -> Result<Shown> {
    let Some(Known { id, place }) = known else { return shown(cx, number) };
    let sought = linli_matters::seek_id(cx, id)?;
    let placed = store::ask_placed(cx.tx, id, place)?;
    let (seen, story, asked) = linli_matters::read(cx, sought, |_, _| Ok(placed))?;
    let placed = store::placed(cx.tx, asked)?;
    Ok(Shown { seen, story, placed })
}

/// What a write knows of the matter it has written.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) id: MatterId,
    pub(crate) place: Option<PlaceId>,
}
impl Known {
    pub(crate) fn of(m: &Matter) -> Known {
        Known { id: m.id, place: m.place }
    }
}

/// The same for what was sought before.
pub(crate) fn found(cx: &mut Cx<'_, '_>, sought: linli_matters::Sought) -> Result<Shown> {
    let (seen, story, asked) = linli_matters::read(cx, sought, |tx, m| store::ask_placed(tx, m.id, m.place))?;
    let placed = store::placed(cx.tx, asked)?;
    Ok(Shown { seen, story, placed })
}

/// The moves to offer: what the actor could make now, without those that this case has no use for.
pub(crate) fn offered(
    cx: &mut Cx<'_, '_>,
    seen: &linli_matters::Seen,
    case: Option<&Case>,
    clocks: &[linli_matters::StageClock],
) -> Result<Vec<&'static linli_matters::Move>> {
    let urgent = seen.matter.term_class == "urgent";
    let is = |f: fn(&Case) -> bool| case.is_some_and(f);
    let mut moves = linli_matters::moves(cx, seen)?;
    // What would only be refused is not offered: a return out of its window or after a ruling, a second extension, an answer
    // by whoever gave the one that is done again.
    let left = match (case, seen.seat.unit()) {
        (Some(case), Some(unit)) => procedure::left_to_another(cx, &seen.matter, case, unit)?,
        _ => false,
    };
    let returnable = clocks.iter().any(|c| c.stage == "return" && c.stopped.is_none() && c.due >= cx.now);
    moves.retain(|mv| match mv.act {
        "case.return" => returnable && is(|c| !c.ruled && c.dispatched.is_some()),
        "case.ask_extension" => is(|c| !c.extended) && !urgent,
        "case.ask_pause" => !urgent,
        "case.answer" => !left,
        "case.verdict_for" => is(|c| c.on_behalf),
        _ => true,
    });
    Ok(moves)
}

/// What routing knows of a matter.
fn facts_of(cx: &mut Cx<'_, '_>, m: &Matter) -> Result<RouteFacts> {
    let place = match m.place {
        Some(id) => linli_registry::place(cx, id)?,
        None => None,
    };
    let spot =
        place.map(|p| store::Spot { kind: p.kind, committee: p.committee, within: [p.estate, p.micro_grid, p.group] });
    facts_at(cx, m, spot.as_ref())
}

/// The same where the place is known already.
fn facts_at(cx: &mut Cx<'_, '_>, m: &Matter, spot: Option<&store::Spot>) -> Result<RouteFacts> {
    let categories = categories(cx)?;
    let units = linli_registry::units(cx)?;
    Ok(RouteFacts {
        categories: rules::chain(&categories, &m.category),
        class: m.term_class.clone(),
        path: match spot {
            Some(s) => linli_registry::within(&units, s.committee, s.within),
            None => units.path(m.committee).to_vec(),
        },
        committee: m.committee,
        estate: spot.and_then(|s| s.within[0]),
        place: spot.map(|s| s.kind.clone()),
        named: m.named,
    })
}

/// Where a case goes by the rules in force, with the explanation; broken rules are put before the duty desk.
pub(crate) fn route_of(cx: &mut Cx<'_, '_>, m: &Matter, stage: &str) -> Result<Route> {
    let facts = facts_of(cx, m)?;
    decide(cx, &facts, stage)
}

pub(crate) fn decide(cx: &mut Cx<'_, '_>, facts: &RouteFacts, stage: &str) -> Result<Route> {
    let rules = routing_rules(cx)?;
    let units = linli_registry::units(cx)?;
    let route = rules::route(&rules, &units, facts, stage, cx.now);
    for (rule, why) in &route.passed_over {
        if *why == rules::BROKEN {
            linli_matters::raise(cx, t::ALARM_BROKEN_RULE.key, &rule.to_string())?;
        }
    }
    Ok(route)
}

/// A ruling becomes a rule: such cases of this committee's town go to that unit from now on.
pub(crate) fn rule_from_ruling(cx: &mut Cx<'_, '_>, m: &Matter, judge: UnitId, unit: UnitId) -> Result<Uuid> {
    let units = linli_registry::units(cx)?;
    let code = units.get(unit).map(|u| u.code.clone()).ok_or(Error::NotFound)?;
    let scope = units.dispatch_above(m.committee).filter(|town| *town == judge).unwrap_or(units.root());
    let row = RuleRow {
        id: cx.id(),
        scope,
        stage: "dispatch".into(),
        category: Some(m.category.clone()),
        facts: linli_db::Json(serde_json::json!({})),
        target: format!("unit:{code}"),
        note_zh: t::RULE_FROM_RULING.zh.replace("{number}", &m.number),
        note_en: t::RULE_FROM_RULING.en.replace("{number}", &m.number),
        author: cx.actor.person,
        valid_from: cx.now,
        valid_until: None,
    };
    store::put_rule(cx.tx, &row, cx.now)?;
    cx.changed(RULES)?;
    Ok(row.id)
}

/// The rule that decided a dispatch, in words: "why did this go there".
pub fn explain(cx: &mut Cx<'_, '_>, rule: Uuid, lang: Lang) -> Result<Option<(String, Millis)>> {
    let rules = routing_rules(cx)?;
    Ok(rules.iter().find(|r| r.id == rule).map(|r| {
        let note = if lang == Lang::Zh { &r.note_zh } else { &r.note_en };
        (note.clone(), r.valid_from)
    }))
}
