//! The public responsibility list.
use super::{LINE, all_categories, category_name, id_in, keep_root, posted};
use crate::store::Responsibility;
use crate::t;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::{Cx, Field, FieldKind, Input, Lang, RawInput, Result};
use linli_web::form::{Again, Helps, fields};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};
use uuid::Uuid;

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
    let (errors, fields) =
        fields(s.lang, "", DUTY, &raw, again.map_or(&[][..], |a| &a.errors), Helps::options(&options))?;
    let view = DutiesView { s, done, rows: list.iter().map(row).collect(), open: again.is_some(), errors, fields };
    Ok(PageBody::new(s.t(t::P_RESPONSIBILITIES), Html::of(&view)?).desk())
}

pub(super) async fn show(State(app): State<App>, req: Req) -> Response {
    let done = req.q("done").is_some();
    app.page(&req, move |cx| duties_page(cx, done, None)).await
}

pub(super) async fn change(State(app): State<App>, req: Req) -> Response {
    let act = |cx: &mut Cx<'_, '_>, given: &RawInput| match given.get("act") {
        Some("end") => crate::end_responsibility(cx, id_in(given)?),
        _ => crate::put_responsibility(cx, read_duty(given)?).map(drop),
    };
    posted(app, req, act, |cx, again| duties_page(cx, false, Some(again))).await
}
