//! Keeping the trees of units.
use crate::asked::{admin_unit, find_unit, helps, keep, unit_label};
use crate::t;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use linli_core::{Choice, Cx, Error, Field, FieldKind, Input, Lang, RawInput, Result, UnitId};
use linli_registry::{NewUnit, Renamed, UNITS, Unit, Units};
use linli_web::form::{self, Again, Form, come_back};
use linli_web::ui::{Opt, Say};
use linli_web::{App, Html, PageBody, Req};
use std::collections::BTreeSet;

mod public;
mod split;

use public::{history, show};
use split::{SplitView, split, split_view};

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
