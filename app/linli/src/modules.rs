//! The one list of modules. Everything else is a loop over it.
use axum::Router;
use linli_core::Module;
use linli_matters::{Kinds, Procedure};
use linli_web::App;

/// Every module, base first.
pub const MODULES: &[&Module] =
    &[&linli_core::MODULE, &linli_web::MODULE, &linli_registry::MODULE, &linli_matters::MODULE, &linli_cases::MODULE, &linli_office::MODULE];

/// Every procedure.
pub fn kinds() -> Kinds {
    let all: Vec<&'static Procedure> = vec![&linli_cases::CASE, &linli_cases::TASK];
    Kinds(all)
}

/// Every page and API route.
pub fn routes() -> Router<App> {
    Router::new().merge(linli_office::routes()).merge(linli_cases::routes()).merge(linli_cases::api_routes())
}
