//! Routing rules: replayed on past cases before they count.
use super::{LINE, all_categories, category_name, classes, from_day, id_in, keep};
use crate::pages::class_text;
use crate::store::RuleRow;
use crate::{procedure, t};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use linli_core::{Choice, Cx, Error, Field, FieldKind, Input, Lang, Millis, RawInput, Result, Role, UnitId};
use linli_db::Json;
use linli_matters::{Ask, Matter};
use linli_registry::Units;
use linli_web::form::{Again, Helps, come_back, fields};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const STAGES: &[Choice] =
    &[Choice { code: "report", label: t::A_STAGE_REPORT }, Choice { code: "dispatch", label: t::A_STAGE_DISPATCH }];
const PLACES: &[Choice] = &[
    Choice { code: "any", label: t::A_ANY },
    Choice { code: "dwelling", label: t::A_PLACE_DWELLING },
    Choice { code: "door", label: t::A_PLACE_DOOR },
    Choice { code: "building", label: t::A_PLACE_BUILDING },
    Choice { code: "spot", label: t::A_PLACE_SPOT },
];
const IN_ESTATE: &[Choice] = &[
    Choice { code: "any", label: t::A_ANY },
    Choice { code: "yes", label: t::A_IN_ESTATE },
    Choice { code: "no", label: t::A_OUT_OF_ESTATE },
];
const TARGETS: &[Choice] = &[
    Choice { code: "committee", label: t::A_TO_COMMITTEE },
    Choice { code: "above", label: t::A_TO_ABOVE },
    Choice { code: "serving", label: t::A_TO_SERVING },
    Choice { code: "unit", label: t::A_TO_UNIT },
];
const RULE: &[Field] = &[
    Field::required("stage", t::A_STAGE, FieldKind::Choice(STAGES)),
    Field::new("category", t::F_CATEGORY, FieldKind::Category).hint(t::A_RULE_CATEGORY_HINT),
    Field::new("class", t::A_CLASS, FieldKind::Category),
    Field::new("place", t::A_PLACE, FieldKind::Choice(PLACES)),
    Field::new("in_estate", t::A_WHERE, FieldKind::Choice(IN_ESTATE)),
    Field::required("to", t::A_TO, FieldKind::Choice(TARGETS)),
    Field::new("target", t::A_TARGET, FieldKind::Line { max: 80 }).hint(t::A_TARGET_HINT),
    Field::required("note_zh", t::A_NOTE_ZH, LINE).hint(t::A_NOTE_HINT),
    Field::required("note_en", t::A_NOTE_EN, LINE),
    Field::new("from", t::A_FROM, FieldKind::Date).hint(t::A_FROM_HINT),
];

/// How many matters a replay looks at.
const REPLAYED: i64 = 200;

/// Reads a rule from its form. A unit is typed by its code or its whole name.
fn read_rule(raw: &RawInput, scope: UnitId, units: &Units, now: Millis) -> Result<RuleRow> {
    let input = Input::check(RULE, raw, false)?;
    let chosen = |name: &str| input.text(name).filter(|v| *v != "any");
    let mut facts = Map::new();
    for name in ["class", "place"] {
        facts.extend(chosen(name).map(|v| (name.to_owned(), json!(v))));
    }
    facts.extend(chosen("in_estate").map(|v| ("in_estate".to_owned(), json!(v == "yes"))));
    let detail = || input.text("target").ok_or(Error::field("target", linli_core::t::REQUIRED));
    let target = match input.words("to") {
        "serving" => format!("serving:{}", linli_registry::kind_code(detail()?)),
        "unit" => {
            let typed = detail()?;
            let named = || units.live().find(|u| u.name == typed).map(|u| u.code.as_str());
            let code = units.by_own_code(typed).map(|u| u.code.as_str()).or_else(named);
            format!("unit:{}", code.ok_or(Error::field("target", linli_core::t::NOT_AN_ID))?)
        }
        other => other.to_owned(),
    };
    Ok(RuleRow {
        id: Uuid::nil(),
        scope,
        stage: input.words("stage").into(),
        category: input.text("category").map(str::to_owned),
        facts: Json(Value::Object(facts)),
        target,
        note_zh: input.words("note_zh").into(),
        note_en: input.words("note_en").into(),
        author: None,
        valid_from: from_day(raw, "from", now)?,
        valid_until: None,
    })
}

/// A rule's target in words.
fn target_text(target: &str, units: &Units, lang: Lang) -> String {
    match target.split_once(':') {
        Some(("unit", code)) => {
            units.by_code(code).map_or(code.to_owned(), |u| format!("{}（{code}）", units.name(u.id, lang)))
        }
        Some(("serving", kind)) => t::A_SERVING_KIND.with("kind", linli_registry::kind_name(kind, lang)).in_(lang),
        _ if target == "committee" => t::A_TO_COMMITTEE.in_(lang).to_owned(),
        _ => t::A_TO_ABOVE.in_(lang).to_owned(),
    }
}

/// When a rule holds, in words.
fn facts_text(facts: &Value, lang: Lang) -> String {
    let of = |list: &[Choice], code: &str| list.iter().find(|c| c.code == code).map(|c| c.label.in_(lang).to_owned());
    let said = facts.as_object().into_iter().flatten().filter_map(|(name, value)| match (name.as_str(), value) {
        ("class", Value::String(class)) => Some(class_text(class, lang)),
        ("place", Value::String(kind)) => of(PLACES, kind),
        ("in_estate", Value::Bool(inside)) => of(IN_ESTATE, if *inside { "yes" } else { "no" }),
        _ => None,
    });
    said.collect::<Vec<_>>().join(" · ")
}

struct RuleView {
    id: String,
    stage: &'static str,
    category: String,
    facts: String,
    target: String,
    note: String,
    scope: String,
    own: bool,
    author: String,
    from: String,
    until: Option<String>,
    state: &'static str,
    in_force: bool,
    ahead: bool,
}

struct MovedView {
    number: String,
    title: String,
    before: String,
    after: String,
}

struct ReplayView {
    said: String,
    moved: Vec<MovedView>,
    hidden: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "admin_rules.html")]
struct RulesView {
    s: Say,
    done: bool,
    unit: String,
    unit_name: String,
    scopes: Vec<(String, String, bool)>,
    rules: Vec<RuleView>,
    replay: Option<ReplayView>,
    open: bool,
    errors: Html,
    fields: Html,
}

/// The unit whose rules are shown: the one asked for, or where the administrator's post is.
fn scope_of(cx: &mut Cx<'_, '_>, asked: Option<&str>) -> Result<UnitId> {
    let units = linli_registry::units(cx)?;
    let unit = match asked {
        Some(text) => {
            text.parse::<UnitId>().ok().or_else(|| units.by_code(text).map(|u| u.id)).ok_or(Error::NotFound)?
        }
        None => cx.actor.posts.iter().find(|p| p.role == Role::Admin).map_or(units.root(), |p| p.unit),
    };
    keep(cx, unit)?;
    Ok(unit)
}

/// The last cases within a unit, newest first and without their titles: whoever keeps rules sees numbers and units, not
/// what people wrote.
fn recent(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<Vec<Matter>> {
    let mut found = Vec::new();
    let mut after = None;
    while (found.len() as i64) < REPLAYED {
        let ask = Ask { after, limit: 100.min(REPLAYED - found.len() as i64), ..Ask::default() };
        let page = linli_matters::recent(cx, unit, &ask)?;
        found.extend(page.items.into_iter().filter(|m| m.kind == procedure::CASE.kind));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(found)
}

fn replay_view(cx: &mut Cx<'_, '_>, unit: UnitId, raw: &RawInput) -> Result<ReplayView> {
    let units = linli_registry::units(cx)?;
    let lang = cx.actor.lang;
    let rule = RuleRow { id: cx.id(), ..read_rule(raw, unit, &units, cx.now)? };
    let matters = recent(cx, unit)?;
    let moved = crate::replay(cx, &rule, &matters)?;
    let name = |u: UnitId| units.name(u, lang).to_owned();
    let moved = moved.into_iter().map(|r| MovedView {
        number: r.number,
        title: r.title,
        before: name(r.before),
        after: name(r.after),
    });
    let hidden = RULE.iter().filter_map(|f| Some((f.name.to_owned(), raw.get(f.name)?.to_owned()))).collect();
    let moved: Vec<MovedView> = moved.collect();
    let said = if moved.is_empty() { t::A_REPLAY_NONE } else { t::A_REPLAY_SOME };
    let said = said.with("n", matters.len()).with("moved", moved.len()).in_(lang);
    Ok(ReplayView { said, moved, hidden })
}

fn rules_page(
    cx: &mut Cx<'_, '_>,
    asked: Option<&str>,
    done: bool,
    replayed: Option<&RawInput>,
    again: Option<&Again>,
) -> Result<PageBody> {
    let unit = scope_of(cx, asked)?;
    let s = Say::of(cx);
    let replay = replayed.map(|raw| replay_view(cx, unit, raw)).transpose()?;
    let units = linli_registry::units(cx)?;
    let (all, terms, list) = (crate::categories(cx)?, linli_matters::terms(cx)?, crate::routing_rules(cx)?);
    let path = units.path(unit);
    let now = cx.now;
    let ended = |r: &RuleRow| r.valid_until.is_some_and(|u| u <= now);
    // One's own rules with their past; of those above only what holds here now.
    let mut shown: Vec<&RuleRow> =
        list.iter().filter(|r| r.scope == unit || (path.contains(&r.scope) && !ended(r))).collect();
    shown.sort_by_key(|r| (ended(r), r.scope != unit, std::cmp::Reverse((r.valid_from, r.id))));
    let mut authors: Vec<_> = shown.iter().filter_map(|r| r.author).collect();
    authors.sort();
    authors.dedup();
    let names = linli_registry::people_names(cx, &authors)?;
    let rule = |r: &&RuleRow| {
        let (over, ahead) = (ended(r), r.valid_from > now);
        let state = if over {
            t::A_OVER
        } else if ahead {
            t::A_AHEAD
        } else {
            t::A_IN_FORCE
        };
        RuleView {
            id: r.id.to_string(),
            stage: STAGES.iter().find(|c| c.code == r.stage).map_or("", |c| s.t(c.label)),
            category: r.category.as_ref().map_or_else(|| s.t(t::P_ALL).to_owned(), |c| category_name(&all, c, s.lang)),
            facts: facts_text(&r.facts.0, s.lang),
            target: target_text(&r.target, &units, s.lang),
            note: if s.lang == Lang::Zh { r.note_zh.clone() } else { r.note_en.clone() },
            scope: units.name(r.scope, s.lang).to_owned(),
            own: r.scope == unit,
            author: r
                .author
                .and_then(|a| names.get(&a))
                .map_or_else(|| s.t(t::P_SYSTEM).to_owned(), |n| n.reveal().clone()),
            from: s.date(r.valid_from),
            until: r.valid_until.map(|u| s.date(u)),
            state: s.t(state),
            in_force: !over && !ahead,
            ahead,
        }
    };
    let options = |field: &str| match field {
        "category" => all_categories(&all, s.lang),
        "class" => classes(&terms, s.lang),
        _ => Vec::new(),
    };
    let fresh = || RawInput::default().set("stage", "dispatch").set("place", "any").set("in_estate", "any");
    let raw = again.map(|a| a.raw.clone()).or(replayed.cloned()).unwrap_or_else(fresh);
    let (errors, fields) =
        fields(s.lang, "", RULE, &raw, again.map_or(&[][..], |a| &a.errors), Helps::options(&options))?;
    let ups = path
        .iter()
        .chain(units.children(unit).take(60).map(|u| &u.id).filter(|u| units.children(**u).next().is_some()));
    let view = RulesView {
        s,
        done,
        unit: unit.to_string(),
        unit_name: units.name(unit, s.lang).to_owned(),
        scopes: ups
            .map(|u| (format!("/admin/rules?unit={u}"), units.name(*u, s.lang).to_owned(), *u == unit))
            .collect(),
        rules: shown.iter().map(rule).collect(),
        open: again.is_some() || replay.is_some(),
        replay,
        errors,
        fields,
    };
    let title = format!("{} · {}", view.unit_name, s.t(t::A_RULES));
    Ok(PageBody::new(title, Html::of(&view)?).desk())
}

pub(super) async fn show(State(app): State<App>, req: Req) -> Response {
    let (unit, done) = (req.q("unit").map(str::to_owned), req.q("done").is_some());
    app.page(&req, move |cx| rules_page(cx, unit.as_deref(), done, None, None)).await
}

/// The first press replays and shows; only the button under the replay puts the rule in force.
pub(super) async fn change(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let unit = raw.get("unit").unwrap_or_default().to_owned();
    let (given, asked) = (raw.clone(), unit.clone());
    let done = match raw.get("act") {
        Some("end") => {
            let write = move |cx: &mut Cx<'_, '_>| crate::end_rule(cx, id_in(&given)?);
            app.write(&req, write).await
        }
        Some("confirm") => {
            let write = move |cx: &mut Cx<'_, '_>| {
                let scope = scope_of(cx, Some(&asked))?;
                let units = linli_registry::units(cx)?;
                crate::put_rule(cx, read_rule(&given, scope, &units, cx.now)?).map(drop)
            };
            app.write(&req, write).await
        }
        _ => {
            let tried = app
                .read(&req, move |cx| {
                    let scope = scope_of(cx, Some(&asked))?;
                    replay_view(cx, scope, &given).map(drop)
                })
                .await;
            match tried {
                Ok(()) => return app.page(&req, move |cx| rules_page(cx, Some(&unit), false, Some(&raw), None)).await,
                Err(e) => Err(e),
            }
        }
    };
    match done {
        Ok(()) => Redirect::to(&format!("/admin/rules?unit={}&done=1", linli_web::encode(&unit))).into_response(),
        Err(e) => {
            come_back(&app, &req, e, "", raw, move |cx, again| rules_page(cx, Some(&unit), false, None, Some(again)))
                .await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_with_the_facts_that_were_chosen() {
        let raw = RawInput::default()
            .set("stage", "dispatch")
            .set("place", "any")
            .set("in_estate", "yes")
            .set("class", "urgent");
        let raw = raw.set("to", "serving").set("target", "property").set("note_zh", "理由").set("note_en", "why");
        let units = Units::default();
        let rule = read_rule(&raw, UnitId(Uuid::nil()), &units, 5).unwrap();
        assert_eq!((rule.target.as_str(), rule.valid_from), ("serving:property", 5));
        assert_eq!(rule.facts.0, json!({"class": "urgent", "in_estate": true}));
        let unknown = read_rule(&raw.set("to", "unit"), UnitId(Uuid::nil()), &units, 5);
        assert!(matches!(unknown, Err(Error::Invalid(e)) if e[0].field == "target"));
    }
}
