//! What this system is, and how to complain about the system itself (product rule 9).
use crate::t;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/about", get(about))
}

#[derive(Template)]
#[template(path = "about.html")]
struct View {
    s: Say,
    unit: String,
    phone: Option<String>,
    version: &'static str,
}

async fn about(State(app): State<App>, req: Req) -> Response {
    app.page(&req, |cx| {
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let keeper = units.get(units.ops().unwrap_or(units.root()));
        let view = View {
            s,
            unit: keeper.map(|u| units.name(u.id, s.lang).to_owned()).unwrap_or_default(),
            phone: keeper.and_then(|u| u.phone.clone()),
            version: env!("CARGO_PKG_VERSION"),
        };
        Ok(PageBody::new(s.t(t::B_TITLE), Html::of(&view)?).narrow())
    })
    .await
}
