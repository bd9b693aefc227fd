//! Categories.
use super::{all_categories, classes, keep_root, posted};
use crate::pages::class_text;
use crate::store::Category;
use crate::t;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::{Choice, Cx, Error, Field, FieldKind, Input, RawInput, Result};
use linli_web::form::{Again, Helps, fields};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};

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
    let (errors, fields) =
        fields(s.lang, "", CATEGORY, &raw, again.map_or(&[][..], |a| &a.errors), Helps::options(&options))?;
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

pub(super) async fn show(State(app): State<App>, req: Req) -> Response {
    let (code, done) = (req.q("code").map(str::to_owned), req.q("done").is_some());
    app.page(&req, move |cx| categories_page(cx, code.as_deref(), done, None)).await
}

pub(super) async fn change(State(app): State<App>, req: Req) -> Response {
    let act = |cx: &mut Cx<'_, '_>, given: &RawInput| match given.get("act") {
        Some("end") => crate::end_category(cx, given.get("code").unwrap_or_default()),
        _ => crate::put_category(cx, &read_category(given)?),
    };
    posted(app, req, act, |cx, again| categories_page(cx, None, false, Some(again))).await
}
