//! What the browser gets beside pages: styles, scripts and icons, embedded at build time and named by their hash.
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Name, hash, content.
const ASSETS: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of an asset, with its hash so that it may be kept for ever.
pub fn asset(name: &str) -> String {
    let hash = ASSETS.iter().find(|a| a.0 == name).map_or("none", |a| a.1);
    format!("/assets/{name}?v={hash}")
}

/// Whether scripts are embedded (a plain build has none).
pub(crate) fn has(name: &str) -> bool {
    ASSETS.iter().any(|a| a.0 == name)
}

pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let Some((_, _, bytes)) = ASSETS.iter().find(|a| a.0 == name) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")], *bytes)
        .into_response()
}
