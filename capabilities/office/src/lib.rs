//! The registry's pages: signing in, one's own record, a worker's households, units, posts, the calendar.
//!
//! Every write is one use case of the registry in one transaction; nothing here has tables of its own.
mod about;
mod api;
mod api_page;
mod asked;
mod calendar;
mod households;
mod me;
mod posts;
mod session;
mod suggest;
mod units;

pub use api::openapi_paths;
pub use api_page::api_page;

use axum::Router;
use linli_core::Module;
use linli_web::App;

linli_texts::texts!();

/// What the capability tells the house: its words. What may be done stands in the registry's policy.
pub const MODULE: Module = Module::named("office").texts(TEXTS);

/// The pages and the API.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(session::routes())
        .merge(me::routes())
        .merge(suggest::routes())
        .merge(households::routes())
        .merge(units::routes())
        .merge(posts::routes())
        .merge(calendar::routes())
        .merge(about::routes())
        .merge(api::routes())
}
