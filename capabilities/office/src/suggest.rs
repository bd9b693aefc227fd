//! Suggestions while somebody types an address or a unit.
use crate::asked::{find_unit, unit_label};
use crate::t;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use linli_core::{Error, Result};
use linli_registry::Units;
use linli_web::api::signed_in;
use linli_web::{App, Req};
use serde_json::{Value, json};

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/places/suggest", get(places)).route("/units/suggest", get(units))
}

/// How many are offered.
const MOST: usize = 10;

pub(crate) fn unit_asked(units: &Units, field: &str, text: Option<&str>) -> Result<Option<linli_core::UnitId>> {
    text.map(|text| find_unit(units, text).ok_or(Error::field(field, linli_core::t::NOT_AN_ID))).transpose()
}

async fn places(State(app): State<App>, req: Req) -> Response {
    let (q, committee) = (req.q("q").unwrap_or_default().to_owned(), req.q("committee").map(str::to_owned));
    let made = app
        .read(&req, move |cx| {
            signed_in(cx)?;
            let units = linli_registry::units(cx)?;
            let committee = unit_asked(&units, "committee", committee.as_deref())?;
            let found = linli_registry::search_places(cx, committee, &q, MOST)?;
            let lang = cx.actor.lang;
            Ok(found
                .into_iter()
                .map(|p| {
                    let note = p.address.unwrap_or_else(|| units.name(p.committee, lang).to_owned());
                    json!({"value": p.id, "label": p.name, "note": note})
                })
                .collect::<Vec<Value>>())
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

async fn units(State(app): State<App>, req: Req) -> Response {
    let (q, within) = (req.q("q").unwrap_or_default().to_owned(), req.q("within").map(str::to_owned));
    let made = app
        .read(&req, move |cx| {
            signed_in(cx)?;
            let units = linli_registry::units(cx)?;
            let within = unit_asked(&units, "within", within.as_deref())?;
            let lang = cx.actor.lang;
            let above = |u: &linli_registry::Unit| u.parent.map(|p| units.name(p, lang).to_owned()).unwrap_or_default();
            let found = units.search(&q, within, MOST);
            Ok(found
                .into_iter()
                .map(|f| {
                    let u = f.unit;
                    let once = f.formerly.map(|name| format!(" · {}", t::U_FORMERLY.with("name", name).in_(lang)));
                    let note = format!("{} {}{}", above(u), units.level_name(&u.level, lang), once.unwrap_or_default());
                    json!({"value": u.id, "label": unit_label(&units, u, lang), "note": note.trim()})
                })
                .collect::<Vec<Value>>())
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}
