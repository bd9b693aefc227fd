//! What an administrator keeps: categories, the responsibility list, routing rules (replayed before they count) and terms.
use crate::store::{Category, Responsibility, RuleRow};
use crate::{ADMIN, procedure, t, view};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use linli_core::{
    Choice, Cx, Error, Facts, Field, FieldError, FieldKind, Input, Lang, Millis, Msg, RawInput, Result, Role, UnitId,
    time,
};
use linli_db::Json;
use linli_matters::{Ask, Matter, Terms};
use linli_registry::Units;
use linli_web::ui::{self, FieldView, Opt, Say};
use linli_web::{App, Html, PageBody, Req};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/categories", get(categories).post(change_categories))
        .route("/admin/responsibilities", get(responsibilities).post(change_responsibilities))
        .route("/admin/rules", get(rules).post(change_rules))
        .route("/admin/terms", get(terms).post(change_terms))
}

// ---- what all of them share

/// A form that was refused: what was typed, and what is wrong.
#[derive(Default)]
struct Again {
    raw: RawInput,
    errors: Vec<FieldError>,
}

/// Refuses whoever keeps nothing of this kind for a unit.
fn keep(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<()> {
    let units = linli_registry::units(cx)?;
    units.get(unit).ok_or(Error::NotFound)?;
    if cx.actor.person.is_none() {
        return Err(Error::SignIn);
    }
    let facts = Facts { owner_path: units.path(unit).to_vec(), ..Facts::default() };
    // Units are public, so whoever may not keep one is told so.
    cx.could(ADMIN, &facts).map(drop).ok_or(Error::forbidden(t::A_NOT_ADMIN))
}

fn keep_root(cx: &mut Cx<'_, '_>) -> Result<()> {
    let root = linli_registry::units(cx)?.root();
    keep(cx, root)
}

/// A form's fields with what was typed, and the summary of what is wrong; an error at no field is told at the first.
fn fields(
    s: Say,
    list: &[Field],
    raw: &RawInput,
    errors: &[FieldError],
    options: &dyn Fn(&str) -> Vec<Opt>,
) -> (Html, Html) {
    let known = |e: &FieldError| list.iter().any(|f| f.name == e.field);
    let first = list.first().map_or("", |f| f.name);
    let told = |e: &FieldError| FieldError {
        field: if known(e) { e.field.clone() } else { first.into() },
        msg: e.msg.clone(),
    };
    let errors: Vec<FieldError> = errors.iter().map(told).collect();
    let shown = list.iter().map(|field| {
        ui::field(&FieldView { field, prefix: "", raw, errors: &errors, options: &options(field.name), lang: s.lang })
    });
    let shown = Html::join(shown);
    (ui::errors(&errors, s.lang), shown)
}

/// Shows the page again with what was wrong; what is no matter of the form is refused as a whole.
async fn come_back(
    app: &App,
    req: &Req,
    e: Error,
    raw: RawInput,
    page: impl FnOnce(&mut Cx<'_, '_>, &Again) -> Result<PageBody> + Send + 'static,
) -> Response {
    let status = StatusCode::from_u16(e.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let errors = match e {
        Error::Invalid(errors) => errors,
        Error::Conflict(msg) => vec![FieldError { field: String::new(), msg }],
        other => return app.refuse(req, other).await,
    };
    let again = Again { raw, errors };
    app.framed(req, status, move |cx| {
        let body = page(cx, &again)?;
        Ok(PageBody { title: format!("{}{}", linli_web::t::ERROR_TITLE.in_(cx.actor.lang), body.title), ..body })
    })
    .await
}

/// Every category, those above before those under them: rules and duties may be for either.
fn all_categories(list: &[Category], lang: Lang) -> Vec<Opt> {
    let mut out = Vec::new();
    for top in list.iter().filter(|c| c.parent.is_none()) {
        out.push(Opt { value: top.code.clone(), label: top.name(lang).to_owned() });
        let under = list.iter().filter(|c| c.parent.as_deref() == Some(&top.code));
        out.extend(
            under.map(|c| Opt { value: c.code.clone(), label: format!("{} › {}", top.name(lang), c.name(lang)) }),
        );
    }
    out
}

fn category_name(list: &[Category], code: &str, lang: Lang) -> String {
    list.iter().find(|c| c.code == code).map_or(code, |c| c.name(lang)).to_owned()
}

fn class_text(class: &str, lang: Lang) -> String {
    let text = match class {
        "urgent" => t::P_URGENT,
        "consultation" => t::CLASS_CONSULTATION,
        "ordinary" => t::CLASS_ORDINARY,
        "complex" => t::CLASS_COMPLEX,
        "*" => t::CLASS_ALL,
        other => return other.to_owned(),
    };
    text.in_(lang).to_owned()
}

/// The classes that terms know, as options.
fn classes(terms: &Terms, lang: Lang) -> Vec<Opt> {
    let own = terms.classes.keys().filter(|c| *c != "*");
    own.map(|c| Opt { value: c.clone(), label: class_text(c, lang) }).collect()
}

// ---- categories

const AUDIENCES: &[Choice] = &[
    Choice { code: "root", label: t::A_SEEN_ALL },
    Choice { code: "committee", label: t::A_SEEN_COMMITTEE },
    Choice { code: "estate", label: t::A_SEEN_ESTATE },
    Choice { code: "group", label: t::A_SEEN_GROUP },
    Choice { code: "private", label: t::A_SEEN_PRIVATE },
];
const CATEGORY: &[Field] = &[
    Field::required("code", t::A_CODE, FieldKind::Line { max: 64 }).hint(t::A_CODE_HINT),
    Field::new("parent", t::A_PARENT, FieldKind::Category),
    Field::required("name_zh", t::A_NAME_ZH, FieldKind::Line { max: 40 }),
    Field::required("name_en", t::A_NAME_EN, FieldKind::Line { max: 80 }),
    Field::required("sort", t::A_SORT, FieldKind::Number { min: 0, max: 1_000_000 }),
    Field::required("term_class", t::A_CLASS, FieldKind::Category).hint(t::A_CLASS_HINT),
    Field::required("audience", t::A_AUDIENCE, FieldKind::Choice(AUDIENCES)).hint(t::A_AUDIENCE_HINT),
    Field::new("danger", t::A_DANGER, FieldKind::Yes),
    Field::new("proof", t::A_PROOF, FieldKind::Line { max: 200 }).hint(t::A_PROOF_HINT),
    Field::new("examples", t::A_EXAMPLES, FieldKind::Words { min: 0, max: 4000 }).hint(t::A_EXAMPLES_HINT),
];

struct CategoryRow {
    href: String,
    code: String,
    name: String,
    class: String,
    audience: &'static str,
    danger: bool,
    inner: bool,
}

#[derive(Template)]
#[template(path = "admin_categories.html")]
struct CategoriesView {
    s: Say,
    done: bool,
    rows: Vec<CategoryRow>,
    editing: Option<String>,
    open: bool,
    errors: Html,
    fields: Html,
}

fn category_raw(c: &Category) -> RawInput {
    let raw = RawInput::default()
        .set("code", &c.code)
        .set("parent", c.parent.as_deref().unwrap_or_default())
        .set("name_zh", &c.name_zh)
        .set("name_en", &c.name_en)
        .set("sort", c.sort)
        .set("term_class", &c.term_class)
        .set("audience", &c.audience)
        .set("proof", c.proof.as_deref().unwrap_or_default())
        .set("examples", &c.examples);
    if c.danger { raw.set("danger", "true") } else { raw }
}

fn read_category(raw: &RawInput) -> Result<Category> {
    let input = Input::check(CATEGORY, raw, false)?;
    Ok(Category {
        code: input.words("code").into(),
        parent: input.text("parent").map(str::to_owned),
        sort: input.number("sort").unwrap_or(0),
        name_zh: input.words("name_zh").into(),
        name_en: input.words("name_en").into(),
        examples: input.words("examples").into(),
        term_class: input.words("term_class").into(),
        audience: input.words("audience").into(),
        danger: input.yes("danger"),
        proof: input.text("proof").map(str::to_owned),
    })
}

fn categories_page(cx: &mut Cx<'_, '_>, code: Option<&str>, done: bool, again: Option<&Again>) -> Result<PageBody> {
    keep_root(cx)?;
    let s = Say::of(cx);
    let (all, terms) = (crate::categories(cx)?, linli_matters::terms(cx)?);
    let edited = code.map(|code| all.iter().find(|c| c.code == code).ok_or(Error::NotFound)).transpose()?;
    let raw = again.map_or_else(|| edited.map(category_raw).unwrap_or_default(), |a| a.raw.clone());
    let options = |field: &str| match field {
        "parent" => all_categories(&all, s.lang),
        "term_class" => classes(&terms, s.lang),
        _ => Vec::new(),
    };
    let (errors, fields) = fields(s, CATEGORY, &raw, again.map_or(&[][..], |a| &a.errors), &options);
    let audience = |code: &str| AUDIENCES.iter().find(|a| a.code == code).map_or("", |a| s.t(a.label));
    let row = |c: &Category| CategoryRow {
        href: format!("/admin/categories?code={}#form", linli_web::encode(&c.code)),
        code: c.code.clone(),
        name: c.name(s.lang).to_owned(),
        class: class_text(&c.term_class, s.lang),
        audience: audience(&c.audience),
        danger: c.danger,
        inner: c.parent.is_some(),
    };
    let order = all_categories(&all, s.lang);
    let rows = order.iter().filter_map(|o| all.iter().find(|c| c.code == o.value)).map(row).collect();
    let editing = edited.map(|c| c.name(s.lang).to_owned());
    let view = CategoriesView { s, done, rows, open: again.is_some() || editing.is_some(), editing, errors, fields };
    Ok(PageBody::new(s.t(t::A_CATEGORIES), Html::of(&view)?).desk())
}

async fn categories(State(app): State<App>, req: Req) -> Response {
    let (code, done) = (req.q("code").map(str::to_owned), req.q("done").is_some());
    app.page(&req, move |cx| categories_page(cx, code.as_deref(), done, None)).await
}

async fn change_categories(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let given = raw.clone();
    let done = app
        .write(&req, move |cx| {
            keep_root(cx)?;
            match given.get("act") {
                Some("end") => crate::end_category(cx, given.get("code").unwrap_or_default()),
                _ => crate::put_category(cx, &read_category(&given)?),
            }
        })
        .await;
    match done {
        Ok(()) => Redirect::to("/admin/categories?done=1").into_response(),
        Err(e) => come_back(&app, &req, e, raw, |cx, again| categories_page(cx, None, false, Some(again))).await,
    }
}

// ---- the responsibility list

const LINE: FieldKind = FieldKind::Line { max: 200 };
const DUTY: &[Field] = &[
    Field::required("category", t::F_CATEGORY, FieldKind::Category),
    Field::required("actor_zh", t::A_ACTOR_ZH, LINE),
    Field::required("actor_en", t::A_ACTOR_EN, LINE),
    Field::new("pays_zh", t::A_PAYS_ZH, LINE),
    Field::new("pays_en", t::A_PAYS_EN, LINE),
    Field::required("article_zh", t::A_ARTICLE_ZH, LINE).hint(t::A_ARTICLE_HINT),
    Field::required("article_en", t::A_ARTICLE_EN, LINE),
    Field::new("statutory", t::A_STATUTORY, FieldKind::Yes).hint(t::A_STATUTORY_HINT),
];

struct DutyRow {
    id: String,
    category: String,
    actor: String,
    pays: String,
    article: String,
    statutory: bool,
}

#[derive(Template)]
#[template(path = "admin_responsibilities.html")]
struct DutiesView {
    s: Say,
    done: bool,
    rows: Vec<DutyRow>,
    open: bool,
    errors: Html,
    fields: Html,
}

fn read_duty(raw: &RawInput) -> Result<Responsibility> {
    let input = Input::check(DUTY, raw, false)?;
    let text = |name: &str| input.words(name).to_owned();
    Ok(Responsibility {
        id: Uuid::nil(),
        category: text("category"),
        actor_zh: text("actor_zh"),
        actor_en: text("actor_en"),
        pays_zh: text("pays_zh"),
        pays_en: text("pays_en"),
        article_zh: text("article_zh"),
        article_en: text("article_en"),
        statutory: input.yes("statutory"),
    })
}

fn duties_page(cx: &mut Cx<'_, '_>, done: bool, again: Option<&Again>) -> Result<PageBody> {
    keep_root(cx)?;
    let s = Say::of(cx);
    let (all, list) = (crate::categories(cx)?, crate::responsibilities(cx)?);
    let said = |zh: &str, en: &str| if s.lang == Lang::Zh { zh.to_owned() } else { en.to_owned() };
    let row = |r: &Responsibility| DutyRow {
        id: r.id.to_string(),
        category: category_name(&all, &r.category, s.lang),
        actor: said(&r.actor_zh, &r.actor_en),
        pays: said(&r.pays_zh, &r.pays_en),
        article: said(&r.article_zh, &r.article_en),
        statutory: r.statutory,
    };
    let options = |field: &str| if field == "category" { all_categories(&all, s.lang) } else { Vec::new() };
    let raw = again.map_or_else(RawInput::default, |a| a.raw.clone());
    let (errors, fields) = fields(s, DUTY, &raw, again.map_or(&[][..], |a| &a.errors), &options);
    let view = DutiesView { s, done, rows: list.iter().map(row).collect(), open: again.is_some(), errors, fields };
    Ok(PageBody::new(s.t(t::P_RESPONSIBILITIES), Html::of(&view)?).desk())
}

async fn responsibilities(State(app): State<App>, req: Req) -> Response {
    let done = req.q("done").is_some();
    app.page(&req, move |cx| duties_page(cx, done, None)).await
}

async fn change_responsibilities(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let given = raw.clone();
    let done = app
        .write(&req, move |cx| {
            keep_root(cx)?;
            match given.get("act") {
                Some("end") => crate::end_responsibility(cx, id_in(&given)?),
                _ => crate::put_responsibility(cx, read_duty(&given)?).map(drop),
            }
        })
        .await;
    match done {
        Ok(()) => Redirect::to("/admin/responsibilities?done=1").into_response(),
        Err(e) => come_back(&app, &req, e, raw, |cx, again| duties_page(cx, false, Some(again))).await,
    }
}

fn id_in(raw: &RawInput) -> Result<Uuid> {
    raw.get("id").and_then(|id| Uuid::parse_str(id).ok()).ok_or(Error::NotFound)
}

// ---- routing rules

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

/// The first instant of the civil day in a field; nothing typed, or today, is now. A day gone by is refused: what was decided
/// then is not decided again.
fn from_day(raw: &RawInput, field: &str, now: Millis) -> Result<Millis> {
    let Some(text) = raw.get(field) else { return Ok(now) };
    let day = time::parse_day(text).ok_or(Error::field(field, linli_core::t::NOT_A_DATE))?;
    match day - time::civil_day(now) {
        0 => Ok(now),
        ahead if ahead > 0 => Ok(time::day_start(day)),
        _ => Err(Error::field(field, t::A_E_PAST)),
    }
}

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
        "serving" => format!("serving:{}", detail()?),
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
        Some(("serving", kind)) => t::A_SERVING_KIND.with("kind", kind).in_(lang),
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
    let (errors, fields) = fields(s, RULE, &raw, again.map_or(&[][..], |a| &a.errors), &options);
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

async fn rules(State(app): State<App>, req: Req) -> Response {
    let (unit, done) = (req.q("unit").map(str::to_owned), req.q("done").is_some());
    app.page(&req, move |cx| rules_page(cx, unit.as_deref(), done, None, None)).await
}

/// The first press replays and shows; only the button under the replay puts the rule in force.
async fn change_rules(State(app): State<App>, mut req: Req) -> Response {
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
            come_back(&app, &req, e, raw, move |cx, again| rules_page(cx, Some(&unit), false, None, Some(again))).await
        }
    }
}

// ---- terms

const TERMS: &[Field] = &[
    Field::required("terms", t::A_TERMS_JSON, FieldKind::Words { min: 2, max: 20_000 }).hint(t::A_TERMS_HINT),
    Field::new("from", t::A_FROM, FieldKind::Date).hint(t::A_FROM_HINT),
];

/// Reads new terms. Whatever the terms in force know must be known by the new ones too: a stage without a term would stop
/// every matter that reaches it.
fn read_terms(text: &str, old: &Terms, used: &[String]) -> Result<Terms> {
    let wrong = |msg: Msg| FieldError { field: "terms".into(), msg };
    let unread = |e: serde_json::Error| {
        let cause = t::A_E_JSON.with("line", e.line()).with("column", e.column()).with("cause", &e);
        Error::Invalid(vec![wrong(cause)])
    };
    let new: Terms = serde_json::from_str(text).map_err(unread)?;
    let mut errors = Vec::new();
    let terms = new
        .classes
        .iter()
        .flat_map(|(class, stages)| stages.iter().map(move |(stage, term)| (class.as_str(), stage, term)));
    for (class, stage, _) in
        terms.chain(new.warn.iter().map(|(stage, term)| ("warn", stage, term))).filter(|(.., term)| term.amount() <= 0)
    {
        errors.push(wrong(t::A_E_POSITIVE.with("class", class).with("stage", stage)));
    }
    let classes = old.classes.keys().chain(used).filter(|c| *c != "*");
    let stages: std::collections::BTreeSet<&String> = old.classes.values().flat_map(|stages| stages.keys()).collect();
    for class in classes.collect::<std::collections::BTreeSet<_>>() {
        if !new.classes.contains_key(class) {
            errors.push(wrong(t::A_E_CLASS.with("class", class)));
            continue;
        }
        for stage in stages.iter().filter(|s| old.term(class, s).is_some() && new.term(class, s).is_none()) {
            errors.push(wrong(t::A_E_STAGE.with("class", class).with("stage", stage)));
        }
    }
    if new.source.trim().is_empty() {
        errors.push(wrong(t::A_E_SOURCE.msg()));
    }
    if errors.is_empty() { Ok(new) } else { Err(Error::Invalid(errors)) }
}

/// The classes that categories in force use.
fn used_classes(cx: &mut Cx<'_, '_>) -> Result<Vec<String>> {
    Ok(crate::categories(cx)?.iter().map(|c| c.term_class.clone()).collect())
}

struct ClassView {
    class: String,
    stages: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "admin_terms.html")]
struct TermsView {
    s: Say,
    done: bool,
    source: String,
    classes: Vec<ClassView>,
    warn: Vec<(&'static str, String)>,
    open: bool,
    errors: Html,
    fields: Html,
}

fn terms_page(cx: &mut Cx<'_, '_>, done: bool, again: Option<&Again>) -> Result<PageBody> {
    keep_root(cx)?;
    let s = Say::of(cx);
    let terms = linli_matters::terms(cx)?;
    let text = serde_json::to_string_pretty(&*terms).map_err(Error::internal)?;
    let raw = again.map_or_else(|| RawInput::default().set("terms", text), |a| a.raw.clone());
    let (errors, fields) = fields(s, TERMS, &raw, again.map_or(&[][..], |a| &a.errors), &|_| Vec::new());
    let said = |stages: &std::collections::BTreeMap<String, work_calendar::Term>| -> Vec<(&'static str, String)> {
        stages.iter().map(|(stage, term)| (s.t(view::stage(stage)), crate::pages::term_text(*term, s.lang))).collect()
    };
    let view = TermsView {
        s,
        done,
        source: terms.source.clone(),
        classes: terms
            .classes
            .iter()
            .map(|(class, stages)| ClassView { class: class_text(class, s.lang), stages: said(stages) })
            .collect(),
        warn: said(&terms.warn),
        open: again.is_some(),
        errors,
        fields,
    };
    Ok(PageBody::new(s.t(t::P_TERMS), Html::of(&view)?).desk())
}

async fn terms(State(app): State<App>, req: Req) -> Response {
    let done = req.q("done").is_some();
    app.page(&req, move |cx| terms_page(cx, done, None)).await
}

async fn change_terms(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let given = raw.clone();
    let done = app
        .write(&req, move |cx| {
            keep_root(cx)?;
            let input = Input::check(TERMS, &given, false)?;
            let (old, used) = (linli_matters::terms(cx)?, used_classes(cx)?);
            let new = read_terms(input.words("terms"), &old, &used)?;
            linli_matters::set_terms(cx, from_day(&given, "from", cx.now)?, &new)
        })
        .await;
    match done {
        Ok(()) => Redirect::to("/admin/terms?done=1").into_response(),
        Err(e) => come_back(&app, &req, e, raw, |cx, again| terms_page(cx, false, Some(again))).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_core::Text;
    use work_calendar::Term;

    fn terms() -> Terms {
        let text = r#"{"classes": {"*": {"sign": {"working_hours": 7200000}}, "ordinary": {"answer": {"working_days": 5}}}, "warn": {}, "source": "x"}"#;
        serde_json::from_str(text).unwrap()
    }

    fn told(text: &str) -> Vec<Text> {
        match read_terms(text, &terms(), &["ordinary".into()]) {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|e| e.msg.text).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn new_terms_must_know_whatever_the_old_ones_did() {
        let new = r#"{"classes": {"*": {"sign": {"working_hours": 3600000}}, "ordinary": {"answer": {"working_days": 3}}}, "warn": {}, "source": "y"}"#;
        let read = read_terms(new, &terms(), &["ordinary".into()]).unwrap();
        assert_eq!(read.term("ordinary", "answer"), Some(Term::WorkingDays(3)));
        assert_eq!(told(&new.replace(r#""*": {"sign": {"working_hours": 3600000}}, "#, "")), [t::A_E_STAGE]);
        assert_eq!(told(&new.replace("ordinary", "other")), [t::A_E_CLASS]);
        assert_eq!(told(&new.replace("3600000", "0")), [t::A_E_POSITIVE]);
        assert_eq!(told(&new.replace("working_days", "days")), [t::A_E_JSON]);
        assert_eq!(told(&new.replace(r#""y""#, r#"" ""#)), [t::A_E_SOURCE]);
    }

    #[test]
    fn nothing_is_put_in_force_for_a_day_gone_by() {
        let now = time::day_start(20_000) + time::HOUR;
        let from = |text: &str| from_day(&RawInput::default().set("from", text), "from", now);
        assert_eq!(from("").unwrap(), now);
        assert_eq!(from(&time::day_text(20_000)).unwrap(), now);
        assert_eq!(from(&time::day_text(20_001)).unwrap(), time::day_start(20_001));
        assert!(from(&time::day_text(19_999)).is_err() && from("soon").is_err());
    }

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
