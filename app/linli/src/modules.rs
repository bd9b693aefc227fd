//! The one list of modules. Everything else is a loop over it.
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use linli_core::Module;
use linli_matters::{Kinds, Procedure};
use linli_web::{App, Req};
use serde_json::Value;

/// Every module, base first.
pub const MODULES: &[&Module] = &[
    &linli_core::MODULE,
    &linli_web::MODULE,
    &linli_registry::MODULE,
    &linli_matters::MODULE,
    &linli_cases::MODULE,
    &linli_office::MODULE,
];

/// Every procedure.
pub fn kinds() -> Kinds {
    let all: Vec<&'static Procedure> = vec![&linli_cases::CASE, &linli_cases::TASK];
    Kinds(all)
}

/// Every page and API route.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(linli_office::routes())
        .merge(linli_cases::routes())
        .merge(linli_cases::admin_routes())
        .merge(linli_cases::api_routes())
        .merge(linli_office::api_page(openapi))
        .route("/api/v1/openapi.json", get(document))
}

/// The OpenAPI document: each capability's paths, generated from what it declares.
pub fn openapi() -> Value {
    let mut all = linli_cases::openapi();
    let Value::Object(more) = linli_office::openapi_paths() else { return all };
    for (path, item) in more {
        // Two capabilities may answer one path by different methods.
        match (all["paths"].get_mut(&path).and_then(Value::as_object_mut), item) {
            (Some(methods), Value::Object(item)) => methods.extend(item),
            (_, item) => all["paths"][path] = item,
        }
    }
    all
}

async fn document(State(app): State<App>, req: Req) -> Response {
    app.api(&req, StatusCode::OK, Ok(openapi())).await
}
