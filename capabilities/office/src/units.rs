//! Keeping the trees of units, and the public page of one.
use crate::asked::{admin_unit, find_unit, helps, keep, unit_label};
use crate::t;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use linli_core::{
    Choice, Cx, Error, Field, FieldError, FieldKind, Input, Lang, PlaceId, RawInput, Result, ScopeKind, Text, UnitId,
    time,
};
use linli_registry::{Function, NewUnit, Part, Renamed, UNITS, Unit, Units};
use linli_web::form::{self, Again, Form, come_back};
use linli_web::ui::{self, Opt, Say};
use linli_web::{App, Html, PageBody, Req, encode};
use std::collections::{BTreeMap, BTreeSet};

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/admin/units", get(admin).post(act)).route("/units/{id}", get(show))
}

const STATUS: &[Choice] =
    &[Choice { code: "formal", label: t::U_FORMAL }, Choice { code: "preparatory", label: t::U_PREPARATORY }];
const CODE: FieldKind = FieldKind::Line { max: 32 };
const NAME: FieldKind = FieldKind::Line { max: 80 };
const NOTE: Field = Field::new("note", t::U_NOTE, FieldKind::Line { max: 200 });

/// A new unit; on the page its parent is the unit one stands at.
pub(crate) const CREATE: Form = Form {
    name: "create",
    title: t::U_CREATE,
    says: t::U_CREATE_SAYS,
    icon: "plus",
    fields: &[
        Field::required("level", t::U_LEVEL, FieldKind::Category),
        Field::required("code", t::U_CODE, CODE),
        Field::required("name", t::U_NAME, NAME),
        Field::new("name_en", t::U_NAME_EN, NAME),
        Field::required("kind", t::U_KIND, FieldKind::Category).hint(t::U_KIND_HINT),
        Field::required("status", t::U_STATUS, FieldKind::Choice(STATUS)),
        Field::new("phone", t::U_PHONE, FieldKind::Line { max: 40 }),
    ],
    danger: false,
};
/// A new name, code, kind or status.
pub(crate) const RENAME: Form = Form {
    name: "rename",
    title: t::U_RENAME,
    says: t::U_RENAME_SAYS,
    icon: "edit",
    fields: &[
        Field::new("name", t::U_NAME, NAME),
        Field::new("name_en", t::U_NAME_EN, NAME),
        Field::new("code", t::U_CODE, CODE),
        Field::new("kind", t::U_KIND, FieldKind::Category).hint(t::U_KIND_HINT),
        Field::new("status", t::U_STATUS, FieldKind::Choice(STATUS)),
        NOTE,
    ],
    danger: false,
};
/// The public telephone.
pub(crate) const PHONE: Form = Form {
    name: "phone",
    title: t::U_SET_PHONE,
    says: t::U_PHONE_SAYS,
    icon: "phone",
    fields: &[Field::new("phone", t::U_PHONE, FieldKind::Line { max: 40 })],
    danger: false,
};
/// Another superior.
pub(crate) const PARENT: Form = Form {
    name: "parent",
    title: t::U_MOVE,
    says: t::U_MOVE_SAYS,
    icon: "transfer",
    fields: &[Field::required("parent", t::U_PARENT, NAME).hint(t::U_UNIT_HINT), NOTE],
    danger: false,
};
/// Becomes part of another unit.
pub(crate) const MERGE: Form = Form {
    name: "merge",
    title: t::U_MERGE,
    says: t::U_MERGE_SAYS,
    icon: "arrow",
    fields: &[
        Field::required("into", t::U_INTO, NAME).hint(t::U_UNIT_HINT),
        NOTE,
        Field::required("sure", t::U_SURE, FieldKind::Yes),
    ],
    danger: true,
};
/// Ends.
pub(crate) const RETIRE: Form = Form {
    name: "retire",
    title: t::U_RETIRE,
    says: t::U_RETIRE_SAYS,
    icon: "stop",
    fields: &[Field::required("sure", t::U_SURE, FieldKind::Yes)],
    danger: true,
};

/// Every form of one unit, besides the split.
pub(crate) const FORMS: [&Form; 6] = [&CREATE, &RENAME, &PHONE, &PARENT, &MERGE, &RETIRE];

/// Does what a form says upon a unit; gives the unit to look at afterwards.
pub(crate) fn apply(cx: &mut Cx<'_, '_>, form: &Form, unit: UnitId, raw: &RawInput, strict: bool) -> Result<UnitId> {
    keep(cx, UNITS, unit)?;
    let input = Input::check(form.fields, raw, strict)?;
    let text = |name: &str| input.text(name).map(str::to_owned);
    let units = linli_registry::units(cx)?;
    let named =
        |field: &str| find_unit(&units, input.words(field)).ok_or(Error::field(field, linli_registry::t::NO_UNIT));
    match form.name {
        "create" => {
            let new = NewUnit {
                parent: Some(unit),
                level: input.words("level").into(),
                kind: input.words("kind").into(),
                code: input.words("code").into(),
                name: input.words("name").into(),
                name_en: text("name_en"),
                status: input.words("status").into(),
                phone: text("phone"),
                valid_from: None,
            };
            linli_registry::create_unit(cx, new)
        }
        "rename" => {
            let new = Renamed {
                code: text("code"),
                name: text("name"),
                name_en: text("name_en"),
                kind: text("kind"),
                status: text("status"),
            };
            linli_registry::rename_unit(cx, unit, &new, input.words("note"))?;
            Ok(unit)
        }
        "phone" => {
            linli_registry::set_unit_phone(cx, unit, input.text("phone"))?;
            Ok(unit)
        }
        "parent" => {
            linli_registry::change_parent(cx, unit, named("parent")?, input.words("note"))?;
            Ok(unit)
        }
        "merge" => {
            let into = named("into")?;
            sure(&input)?;
            linli_registry::merge_units(cx, &[unit], into, input.words("note"))?;
            Ok(into)
        }
        "retire" => {
            sure(&input)?;
            let above = units.get(unit).and_then(|u| u.parent).unwrap_or(unit);
            linli_registry::retire_unit(cx, unit)?;
            Ok(above)
        }
        _ => Err(Error::NotFound),
    }
}

fn sure(input: &Input) -> Result<()> {
    if input.yes("sure") { Ok(()) } else { Err(Error::field("sure", linli_core::t::REQUIRED)) }
}

// ---- the split

/// How many new units one form makes.
const PARTS: usize = 4;

/// Reads the split's form: up to four parts (`code1`, `name1`, `name_en1` …) and for each thing (`u.ID`, `p.ID`) the number
/// of the part it goes to. What stays is not named.
pub(crate) fn split_parts(raw: &RawInput, kind: &str, status: &str) -> Result<Vec<Part>> {
    let mut errors = Vec::new();
    let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
    let mut wrong = |field: String, text: Text| errors.push(FieldError { field, msg: text.msg() });
    for n in 1..=PARTS {
        let get = |what: &str| raw.get(&format!("{what}{n}")).map(str::to_owned);
        match (get("code"), get("name")) {
            (None, None) => {}
            (Some(code), Some(name)) => {
                let unit = NewUnit {
                    kind: kind.into(),
                    status: status.into(),
                    code,
                    name,
                    name_en: get("name_en"),
                    ..NewUnit::default()
                };
                parts.insert(n, Part { unit, places: Vec::new(), units: Vec::new() });
            }
            (None, Some(_)) => wrong(format!("code{n}"), linli_core::t::REQUIRED),
            (Some(_), None) => wrong(format!("name{n}"), linli_core::t::REQUIRED),
        }
    }
    for (key, to) in raw.values.iter().filter_map(|(k, v)| Some((k.split_once('.')?, v.first()?.trim()))) {
        let Ok(n) = to.parse::<usize>() else { continue };
        match (parts.get_mut(&n), key) {
            (Some(part), ("u", id)) => part.units.extend(id.parse::<UnitId>()),
            (Some(part), ("p", id)) => part.places.extend(id.parse::<PlaceId>()),
            (None, ("u" | "p", _)) if (1..=PARTS).contains(&n) => {
                let field = format!("code{n}");
                if !errors.iter().any(|e| e.field == field) {
                    errors.push(FieldError { field, msg: linli_core::t::REQUIRED.msg() });
                }
            }
            _ => {}
        }
    }
    if parts.is_empty() && errors.is_empty() {
        errors.push(FieldError { field: "code1".into(), msg: linli_core::t::REQUIRED.msg() });
    }
    if errors.is_empty() { Ok(parts.into_values().collect()) } else { Err(Error::Invalid(errors)) }
}

/// An error of the registry about a part has no number: it is told at the part it speaks of, or at the first.
fn at_part(e: Error, parts: &[Part]) -> Error {
    let Error::Invalid(errors) = e else { return e };
    let number = |msg: &linli_core::Msg| {
        let code = msg.args.iter().find(|(name, _)| *name == "code").map(|(_, code)| code);
        parts.iter().position(|p| Some(&p.unit.code) == code).unwrap_or(0) + 1
    };
    let told = |e: FieldError| match e.field.as_str() {
        "code" | "name" | "name_en" => FieldError { field: format!("{}{}", e.field, number(&e.msg)), msg: e.msg },
        _ => e,
    };
    Error::Invalid(errors.into_iter().map(told).collect())
}

fn split(cx: &mut Cx<'_, '_>, unit: UnitId, raw: &RawInput) -> Result<UnitId> {
    keep(cx, UNITS, unit)?;
    let units = linli_registry::units(cx)?;
    let old = units.get(unit).ok_or(Error::NotFound)?;
    let parts = split_parts(raw, &old.kind, &old.status)?;
    let made =
        linli_registry::split_unit(cx, unit, &parts, raw.get("retire").is_some(), raw.get("note").unwrap_or_default())
            .map_err(|e| at_part(e, &parts))?;
    Ok(made.first().copied().unwrap_or(unit))
}

struct PartView {
    n: usize,
    code: String,
    name: String,
    name_en: String,
    code_error: Option<String>,
    name_error: Option<String>,
}

struct Thing {
    key: String,
    label: String,
    to: String,
}

struct SplitView {
    open: bool,
    errors: Html,
    parts: Vec<PartView>,
    things: Vec<Thing>,
    retire: bool,
    note: String,
}

fn split_view(cx: &mut Cx<'_, '_>, unit: &Unit, units: &Units, again: Option<&Again>) -> Result<SplitView> {
    let lang = cx.actor.lang;
    let empty = RawInput::default();
    let (raw, errors) = again.map_or((&empty, &[][..]), |a| (&a.raw, &a.errors));
    let typed = |name: String| raw.get(&name).unwrap_or_default().to_owned();
    let error = |field: String| errors.iter().find(|e| e.field == field).map(|e| e.msg.in_(lang));
    let parts = (1..=PARTS).map(|n| PartView {
        n,
        code: typed(format!("code{n}")),
        name: typed(format!("name{n}")),
        name_en: typed(format!("name_en{n}")),
        code_error: error(format!("code{n}")),
        name_error: error(format!("name{n}")),
    });
    let parts = parts.collect();
    let mut things: Vec<(String, String)> =
        units.children(unit.id).map(|u| (format!("u.{}", u.id), units.name(u.id, lang).to_owned())).collect();
    if unit.function == Function::Serve {
        let tops = linli_registry::children_places(cx, unit.id, None)?;
        things.extend(tops.into_iter().map(|p| (format!("p.{}", p.id), p.name)));
    }
    let things = things.into_iter().map(|(key, label)| Thing { to: typed(key.clone()), key, label }).collect();
    let own = |e: &FieldError| e.field.starts_with("code") || e.field.starts_with("name");
    let summary: Vec<FieldError> = errors
        .iter()
        .map(|e| FieldError {
            field: format!("split-{}", if own(e) { e.field.as_str() } else { "code1" }),
            msg: e.msg.clone(),
        })
        .collect();
    Ok(SplitView {
        open: again.is_some(),
        errors: ui::errors(&summary, lang),
        parts,
        things,
        retire: raw.get("retire").is_some(),
        note: typed("note".into()),
    })
}

// ---- the administrator's page

#[derive(Template)]
#[template(path = "units_admin.html")]
struct AdminView {
    s: Say,
    done: bool,
    unit: String,
    name: String,
    q: String,
    found: Option<Vec<Row>>,
    ups: Vec<(String, String)>,
    downs: Vec<Row>,
    facts: Vec<(&'static str, String)>,
    former: Option<String>,
    history: Html,
    forms: Html,
    split: Option<SplitView>,
}

struct Row {
    href: String,
    name: String,
    code: String,
    level: String,
    formerly: Option<String>,
}

fn row(units: &Units, u: &Unit, lang: Lang) -> Row {
    Row {
        formerly: None,
        href: format!("/admin/units?unit={}", u.id),
        name: units.name(u.id, lang).to_owned(),
        code: u.code.clone(),
        level: units.level_name(&u.level, lang).to_owned(),
    }
}

/// The kinds one can choose: those the district has, then those it might.
fn kinds(units: &Units, lang: Lang) -> Vec<Opt> {
    let here: BTreeSet<&str> = units.live().map(|u| u.kind.as_str()).collect();
    let more = linli_registry::KINDS.iter().map(|(code, _)| *code).filter(|code| !here.contains(code));
    let label = |code: &str| linli_registry::kind_name(code, lang).to_owned();
    here.iter().copied().chain(more).map(|code| Opt { value: code.to_owned(), label: label(code) }).collect()
}

/// At most so many units under one are listed; more are found by search.
const CHILDREN: usize = 300;

fn admin_page(
    cx: &mut Cx<'_, '_>,
    asked: Option<&str>,
    q: Option<&str>,
    done: bool,
    again: Option<&Again>,
) -> Result<PageBody> {
    let id = admin_unit(cx, asked)?;
    keep(cx, UNITS, id)?;
    let s = Say::of(cx);
    let units = linli_registry::units(cx)?;
    let unit = units.get(id).ok_or(Error::NotFound)?;
    let status = if unit.status == "preparatory" { t::U_PREPARATORY } else { t::U_FORMAL };
    let filled = |form: &str| match form {
        "rename" => RawInput::default()
            .set("name", &unit.name)
            .set("name_en", unit.name_en.as_deref().unwrap_or_default())
            .set("code", &unit.code)
            .set("kind", &unit.kind)
            .set("status", &unit.status),
        "phone" => RawInput::default().set("phone", unit.phone.as_deref().unwrap_or_default()),
        "create" => RawInput::default().set("status", "formal"),
        _ => RawInput::default(),
    };
    let levels = |field: &str| match field {
        "level" => units
            .levels()
            .iter()
            .map(|l| Opt { value: l.code.clone(), label: units.level_name(&l.code, s.lang).to_owned() })
            .collect(),
        "kind" => kinds(&units, s.lang),
        _ => Vec::new(),
    };
    let root = unit.parent.is_none();
    let shown: Vec<&Form> = FORMS
        .into_iter()
        .filter(|f| unit.live() && !(root && matches!(f.name, "parent" | "merge" | "retire")))
        .collect();
    let hidden = [("unit", id.to_string())];
    let forms = form::forms(s, "/admin/units", &hidden, &shown, &filled, again, helps(&levels))?;
    let split =
        if unit.live() && !root { Some(split_view(cx, unit, &units, Again::of(again, "split"))?) } else { None };
    let successors = units.successors(id).into_iter().filter(|u| *u != id).filter_map(|u| units.get(u));
    let after = successors.map(|u| unit_label(&units, u, s.lang)).collect::<Vec<_>>().join("、");
    let former = (!unit.live())
        .then(|| if after.is_empty() { s.t(t::U_ENDED).to_owned() } else { s.t1(t::U_ENDED_NOW, "units", after) });
    let view = AdminView {
        s,
        done,
        unit: id.to_string(),
        name: units.name(id, s.lang).to_owned(),
        q: q.unwrap_or_default().to_owned(),
        found: q.map(|q| {
            let past = |name: &str| s.t1(t::U_FORMERLY, "name", name);
            let found = units.search(q, None, 50).into_iter();
            found.map(|f| Row { formerly: f.formerly.map(past), ..row(&units, f.unit, s.lang) }).collect()
        }),
        ups: unit
            .path
            .iter()
            .rev()
            .skip(1)
            .rev()
            .filter_map(|u| units.get(*u))
            .map(|u| (format!("/admin/units?unit={}", u.id), units.name(u.id, s.lang).to_owned()))
            .collect(),
        downs: units.children(id).take(CHILDREN).map(|u| row(&units, u, s.lang)).collect(),
        facts: vec![
            (s.t(t::U_CODE), unit.code.clone()),
            (s.t(t::U_LEVEL), units.level_name(&unit.level, s.lang).to_owned()),
            (s.t(t::U_KIND), linli_registry::kind_name(&unit.kind, s.lang).to_owned()),
            (s.t(t::U_STATUS), s.t(status).to_owned()),
            (s.t(t::U_PHONE), unit.phone.clone().unwrap_or_default()),
            (s.t(t::U_SINCE), s.date(unit.valid_from)),
        ],
        former,
        history: history(s, &units, id, true)?,
        forms,
        split,
    };
    let title = format!("{} · {}", view.name, s.t(t::U_TITLE));
    Ok(PageBody::new(title, Html::of(&view)?).desk())
}

async fn admin(State(app): State<App>, req: Req) -> Response {
    let (unit, q, done) = (req.q("unit").map(str::to_owned), req.q("q").map(str::to_owned), req.q("done").is_some());
    app.page(&req, move |cx| admin_page(cx, unit.as_deref(), q.as_deref(), done, None)).await
}

async fn act(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let (act, unit) = (raw.get("act").unwrap_or_default().to_owned(), raw.get("unit").unwrap_or_default().to_owned());
    let (which, asked, given) = (act.clone(), unit.clone(), raw.clone());
    let done = app
        .write(&req, move |cx| {
            let unit = admin_unit(cx, Some(&asked))?;
            match FORMS.iter().find(|f| f.name == which) {
                Some(form) => apply(cx, form, unit, &given, false),
                None if which == "split" => split(cx, unit, &given),
                None => Err(Error::NotFound),
            }
        })
        .await;
    match done {
        Ok(unit) => Redirect::to(&format!("/admin/units?unit={unit}&done=1")).into_response(),
        Err(e) => {
            come_back(&app, &req, e, &act, raw, move |cx, again| admin_page(cx, Some(&unit), None, false, Some(again)))
                .await
        }
    }
}

// ---- where it comes from and what became of it

#[derive(Template)]
#[template(path = "unit_history.html")]
struct HistoryView {
    s: Say,
    spans: Vec<SpanView>,
    links: Vec<LinkView>,
}

struct SpanView {
    span: String,
    name: String,
    code: String,
    parent: Option<(String, String)>,
}

struct LinkView {
    at: String,
    head: &'static str,
    unit: (String, String),
    code: String,
    note: String,
}

/// Names, codes and superiors with their dates, then splits, merges and boundary changes. Empty where nothing ever changed;
/// grounds are for those who keep the unit.
fn history(s: Say, units: &Units, id: UnitId, grounds: bool) -> Result<Html> {
    let known = units.history(id).ok_or(Error::NotFound)?;
    if known.spans.len() < 2 && known.links.is_empty() {
        return Ok(Html::default());
    }
    let day = |at| time::day_text(time::civil_day(at));
    let named = |u: UnitId| (format!("/units/{u}"), units.name(u, s.lang).to_owned());
    let spans = known.spans.iter().rev().map(|p| SpanView {
        span: format!("{} – {}", day(p.since), p.until.map(day).unwrap_or_default()),
        name: p.name.clone(),
        code: p.code.clone(),
        parent: p.parent.map(named),
    });
    let links = known.links.iter().rev().map(|l| {
        let away = l.from == id;
        let ended = |u: UnitId| units.get(u).is_some_and(|u| u.valid_until == Some(l.at));
        let head = match (l.kind.as_str(), away) {
            ("merge", true) => t::U_MERGED_INTO,
            ("merge", false) => t::U_MERGED_FROM,
            ("split", true) if ended(id) => t::U_DIVIDED_INTO,
            ("split", true) => t::U_SPLIT_INTO,
            ("split", false) => t::U_SPLIT_FROM,
            (_, true) => t::U_BORDER_TO,
            (_, false) => t::U_BORDER_FROM,
        };
        let other = if away { l.to } else { l.from };
        // What another unit was called when that happened.
        let then = if away { None } else { Some((l.name.clone(), l.code.clone())) };
        let now = || units.get(other).map(|u| (units.name(other, s.lang).to_owned(), u.code.clone()));
        let (name, code) = then.or_else(now).unwrap_or_default();
        let note = if grounds { l.note.clone() } else { String::new() };
        // What has ended is looked at as it was; without the word the link would lead on to what came after it.
        LinkView { at: day(l.at), head: s.t(head), unit: (format!("/units/{other}?past=1"), name), code, note }
    });
    Html::of(&HistoryView { s, spans: spans.collect(), links: links.collect() })
}

// ---- the public page

#[derive(Template)]
#[template(path = "unit.html")]
struct UnitView {
    s: Say,
    id: String,
    name: String,
    level: String,
    code: String,
    phone: Option<String>,
    preparatory: bool,
    ended: Option<String>,
    next: Vec<(String, String)>,
    ups: Vec<(String, String)>,
    downs: Vec<(String, String)>,
    serves: Vec<(String, String)>,
    served_by: Vec<(String, String)>,
    roles: Vec<(&'static str, usize)>,
    acts: bool,
    figures: bool,
    asked: Option<String>,
    history: Html,
}

/// What a unit serves: the outermost of the places for which it is the nearest of its kind.
fn served(units: &Units, unit: &Unit) -> Vec<UnitId> {
    if unit.function != Function::Unit {
        return Vec::new();
    }
    let by_it = |place: UnitId| units.serving(place, &unit.kind) == Some(unit.id);
    let places = units
        .live()
        .filter(|u| matches!(u.function, Function::Root | Function::Dispatch | Function::Serve | Function::Estate));
    places.filter(|p| by_it(p.id) && !p.parent.is_some_and(by_it)).map(|p| p.id).collect()
}

/// The desks that serve a place, one of each kind, and their names.
fn serving(units: &Units, unit: &Unit) -> Vec<UnitId> {
    if !matches!(unit.function, Function::Dispatch | Function::Serve | Function::Group | Function::Estate) {
        return Vec::new();
    }
    let kinds: BTreeSet<&str> =
        units.live().filter(|u| u.function == Function::Unit).map(|u| u.kind.as_str()).collect();
    kinds.into_iter().filter_map(|kind| units.serving(unit.id, kind)).collect()
}

/// `asked` is the id or code of the past by which somebody came here.
fn public_page(cx: &mut Cx<'_, '_>, id: UnitId, asked: Option<&str>) -> Result<PageBody> {
    let s = Say::of(cx);
    let units = linli_registry::units(cx)?;
    let unit = units.get(id).ok_or(Error::NotFound)?;
    let link = |u: UnitId| (format!("/units/{u}"), units.name(u, s.lang).to_owned());
    let mut roles: BTreeMap<linli_core::Role, usize> = BTreeMap::new();
    if unit.live() {
        for (_, _, role, _) in linli_registry::staff(cx, id)? {
            *roles.entry(role).or_default() += 1;
        }
    }
    let view = UnitView {
        s,
        id: id.to_string(),
        name: units.name(id, s.lang).to_owned(),
        level: units.level_name(&unit.level, s.lang).to_owned(),
        code: unit.code.clone(),
        phone: unit.phone.clone().filter(|_| unit.live()),
        preparatory: unit.status == "preparatory",
        ended: unit.valid_until.map(|at| s.date(at)),
        next: units.successors(id).into_iter().filter(|u| *u != id).map(link).collect(),
        ups: unit.path.iter().rev().skip(1).rev().map(|u| link(*u)).collect(),
        downs: units.children(id).take(CHILDREN).map(|u| link(u.id)).collect(),
        serves: served(&units, unit).into_iter().map(link).collect(),
        served_by: serving(&units, unit).into_iter().map(link).collect(),
        roles: roles.into_iter().map(|(role, n)| (s.t(role.text()), n)).collect(),
        acts: !matches!(unit.function, Function::Group | Function::Estate),
        figures: [ScopeKind::Within(id), ScopeKind::Desk(id)]
            .into_iter()
            .any(|kind| cx.scope("case.list", kind, units.path(id)).is_ok()),
        asked: asked.and_then(|a| units.formerly(a)).map(|(name, code, until)| {
            let until = time::day_text(time::civil_day(until));
            t::U_ASKED.with("name", name).with("code", code).with("at", until).in_(s.lang)
        }),
        history: history(s, &units, id, false)?,
    };
    Ok(PageBody::new(view.name.clone(), Html::of(&view)?))
}

/// By id or code, present or past: an old one leads to the unit that came after it; where several did, they are listed. With
/// `past` a unit that has ended is shown itself.
async fn show(State(app): State<App>, req: Req) -> Response {
    let text = match req.part("id") {
        Ok(text) => text.to_owned(),
        Err(e) => return app.refuse(&req, e).await,
    };
    let (formerly, past) = (req.q("formerly").map(str::to_owned), req.q("past").is_some());
    let found = app
        .read(&req, move |cx| {
            let units = linli_registry::units(cx)?;
            let formerly = |there: String| Some(format!("/units/{there}?formerly={}", encode(&text)));
            let asked = text.parse::<UnitId>().ok().and_then(|id| units.get(id));
            let unit = asked.or_else(|| units.by_code(&text)).ok_or(Error::NotFound)?;
            Ok(match units.successors(unit.id)[..] {
                _ if past && asked.is_some() => (unit.id, None),
                [now] if now != unit.id => (now, formerly(now.to_string())),
                _ if asked.is_none() && unit.code != text => (unit.id, formerly(encode(&unit.code))),
                _ => (unit.id, None),
            })
        })
        .await;
    match found {
        Ok((_, Some(there))) => Redirect::temporary(&there).into_response(),
        Ok((id, None)) => app.page(&req, move |cx| public_page(cx, id, formerly.as_deref())).await,
        Err(e) => app.refuse(&req, e).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00000000-0000-7000-8000-000000000001";
    const B: &str = "00000000-0000-7000-8000-000000000002";

    #[test]
    fn a_split_reads_its_parts_and_what_goes_to_each() {
        let raw = RawInput::default().set("code1", "A1").set("name1", "一居").set("code3", "A3").set("name3", "三居");
        let raw = raw.set(&format!("u.{A}"), "1").set(&format!("p.{B}"), "3").set("unit", A);
        let parts = split_parts(&raw, "residents", "formal").unwrap();
        assert_eq!(parts.iter().map(|p| p.unit.code.as_str()).collect::<Vec<_>>(), ["A1", "A3"]);
        assert_eq!(
            (parts[0].units.len(), parts[0].places.len(), parts[1].units.len(), parts[1].places.len()),
            (1, 0, 0, 1)
        );
        assert_eq!(parts[1].unit.kind, "residents");
    }

    #[test]
    fn what_goes_to_a_part_without_a_code_is_told_at_its_code() {
        let fields = |raw: &RawInput| match split_parts(raw, "x", "formal") {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|e| e.field).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(fields(&RawInput::default()), ["code1"]);
        assert_eq!(fields(&RawInput::default().set("name2", "二居").set(&format!("u.{A}"), "2")), ["code2"]);
        assert_eq!(fields(&RawInput::default().set("code1", "A").set(&format!("u.{A}"), "4")), ["name1", "code4"]);
    }

    #[test]
    fn a_taken_code_is_told_at_its_part() {
        let parts = split_parts(
            &RawInput::default().set("code1", "A").set("name1", "a").set("code2", "B").set("name2", "b"),
            "x",
            "formal",
        )
        .unwrap();
        let taken = Error::field("code", linli_registry::t::CODE_TAKEN.with("code", "B").with("name", "乙"));
        assert!(matches!(at_part(taken, &parts), Error::Invalid(e) if e[0].field == "code2"));
    }
}
