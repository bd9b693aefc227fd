//! What an administrator keeps: categories, the responsibility list, routing rules (replayed before they count) and terms.
mod categories;
mod responsibilities;
mod rules;
mod terms;

use crate::pages::class_text;
use crate::store::Category;
use crate::{ADMIN, t};
use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use linli_core::{Cx, Error, Facts, FieldKind, Lang, Millis, RawInput, Result, UnitId, time};
use linli_matters::Terms;
use linli_web::form::{Again, come_back};
use linli_web::ui::Opt;
use linli_web::{App, PageBody, Req};
use uuid::Uuid;

pub(crate) use terms::put_json as put_terms;

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/categories", get(categories::show).post(categories::change))
        .route("/admin/responsibilities", get(responsibilities::show).post(responsibilities::change))
        .route("/admin/rules", get(rules::show).post(rules::change))
        .route("/admin/terms", get(terms::show).post(terms::change))
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

/// What an administrator's form sends, done in one transaction; then the page says so, or shows again what was typed with what
/// is wrong with it.
async fn posted(
    app: App,
    mut req: Req,
    act: fn(&mut Cx<'_, '_>, &RawInput) -> Result<()>,
    again: fn(&mut Cx<'_, '_>, &Again) -> Result<PageBody>,
) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let given = raw.clone();
    let done = app
        .write(&req, move |cx| {
            keep_root(cx)?;
            act(cx, &given)
        })
        .await;
    match done {
        Ok(()) => Redirect::to(&format!("{}?done=1", req.uri.path())).into_response(),
        Err(e) => come_back(&app, &req, e, "", raw, again).await,
    }
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

/// The classes that terms know, as options.
fn classes(terms: &Terms, lang: Lang) -> Vec<Opt> {
    let own = terms.classes.keys().filter(|c| *c != "*");
    own.map(|c| Opt { value: c.clone(), label: class_text(c, lang) }).collect()
}

const LINE: FieldKind = FieldKind::Line { max: 200 };

fn id_in(raw: &RawInput) -> Result<Uuid> {
    raw.get("id").and_then(|id| Uuid::parse_str(id).ok()).ok_or(Error::NotFound)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_put_in_force_for_a_day_gone_by() {
        let now = time::day_start(20_000) + time::HOUR;
        let from = |text: &str| from_day(&RawInput::default().set("from", text), "from", now);
        assert_eq!(from("").unwrap(), now);
        assert_eq!(from(&time::day_text(20_000)).unwrap(), now);
        assert_eq!(from(&time::day_text(20_001)).unwrap(), time::day_start(20_001));
        assert!(from(&time::day_text(19_999)).is_err() && from("soon").is_err());
    }
}
