//! The JSON twins of these pages, and their part of the OpenAPI document.
use crate::asked::{find_unit, keep};
use crate::suggest::unit_asked;
use crate::{households, me, posts, units};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get, post};
use linli_core::{CommandKey, Cx, Error, PlaceId, PostId, RawInput, Result, UnitId, time};
use linli_registry::{NewUnit, Part, UNITS};
use linli_web::api::{answers, count, json_of, key, limit, list, query, schema, signed_in, text};
use linli_web::form::Form;
use linli_web::{App, Req};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/me", get(me::api))
        .route("/api/v1/places", get(places))
        .route("/api/v1/households", get(households::api))
        .route("/api/v1/units", post(create))
        .route("/api/v1/units/{id}/history", get(history))
        .route("/api/v1/units/{id}/{act}", post(change))
        .route("/api/v1/posts", post(appoint))
        .route("/api/v1/posts/{id}", delete(end_post))
}

/// A page of a place search holds at most so many.
const PLACES: usize = 50;

async fn places(State(app): State<App>, req: Req) -> Response {
    let [q, committee, after] = ["q", "committee", "after"].map(|name| req.q(name).map(str::to_owned));
    let limit = limit(&req, 20, PLACES);
    let made = app
        .read(&req, move |cx| {
            signed_in(cx)?;
            let (limit, q) = (limit?, q.ok_or(Error::field("q", linli_core::t::REQUIRED))?);
            let units = linli_registry::units(cx)?;
            let committee = unit_asked(&units, "committee", committee.as_deref())?;
            let (found, next) = linli_registry::page_places(cx, committee, &q, after.as_deref(), limit)?;
            let items: Vec<Value> = found
                .iter()
                .map(|p| {
                    json!({"id": p.id, "kind": p.kind, "name": p.name, "address": p.address, "committee": p.committee, "estate": p.estate,
                        "group": p.group, "lat": p.lat, "lon": p.lon})
                })
                .collect();
            Ok(json!({"items": items, "next": next}))
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

/// A write of the API: body and key are read, then everything happens once in one transaction.
async fn write(
    app: App,
    mut req: Req,
    status: StatusCode,
    f: impl Fn(&mut Cx<'_, '_>, &Value) -> Result<Value> + Send + 'static,
) -> Response {
    let body = match req.json().await {
        Ok(body) => body,
        Err(e) => return app.refuse(&req, e).await,
    };
    let key = match req.key(&RawInput::default()) {
        Ok(key) => key.unwrap_or(CommandKey::of(app.house().fresh_id())),
        Err(e) => return app.refuse(&req, e).await,
    };
    let what = format!("{} {}", req.method, req.uri.path());
    let made = app
        .write(&req, move |cx| {
            signed_in(cx)?;
            cx.once(&key, &(&what, &body), |cx| f(cx, &body))
        })
        .await;
    app.api(&req, status, made).await
}

/// Takes a unit, by id or code, out of a body.
fn unit_in(cx: &mut Cx<'_, '_>, body: &mut Value, field: &str) -> Result<UnitId> {
    let units = linli_registry::units(cx)?;
    let given =
        body.as_object_mut().and_then(|m| m.remove(field)).ok_or(Error::field(field, linli_core::t::REQUIRED))?;
    given.as_str().and_then(|text| find_unit(&units, text)).ok_or(Error::field(field, linli_core::t::NOT_AN_ID))
}

async fn create(State(app): State<App>, req: Req) -> Response {
    write(app, req, StatusCode::CREATED, |cx, body| {
        let mut body = body.clone();
        let parent = unit_in(cx, &mut body, "parent")?;
        let id = units::apply(cx, &units::CREATE, parent, &RawInput::from_json(&body)?, true)?;
        unit_json(cx, id)
    })
    .await
}

/// The acts upon one unit that the API offers besides the split.
const ACTS: [&Form; 5] = [&units::RENAME, &units::PHONE, &units::PARENT, &units::MERGE, &units::RETIRE];

async fn change(State(app): State<App>, req: Req) -> Response {
    let (id, act) = match (req.part("id"), req.part("act")) {
        (Ok(id), Ok(act)) => (id.to_owned(), act.to_owned()),
        _ => return app.refuse(&req, Error::NotFound).await,
    };
    write(app, req, StatusCode::OK, move |cx, body| {
        let units = linli_registry::units(cx)?;
        let unit = find_unit(&units, &id).ok_or(Error::NotFound)?;
        match ACTS.iter().find(|f| f.name == act) {
            Some(form) => {
                let now = units::apply(cx, form, unit, &RawInput::from_json(body)?, true)?;
                unit_json(cx, now)
            }
            None if act == "split" => split(cx, unit, body),
            None => Err(Error::NotFound),
        }
    })
    .await
}

/// Public: a unit, in force or not, with what it was and what became of it.
async fn history(State(app): State<App>, req: Req) -> Response {
    let id = req.part("id").map(str::to_owned);
    let made = app
        .read(&req, move |cx| {
            let id = id?;
            let units = linli_registry::units(cx)?;
            let own = id.parse::<UnitId>().ok().filter(|u| units.get(*u).is_some());
            let unit = own.or_else(|| units.by_code(&id).map(|u| u.id)).ok_or(Error::NotFound)?;
            let known = units.history(unit).ok_or(Error::NotFound)?;
            let spans: Vec<Value> = known
                .spans
                .iter()
                .map(|p| json!({"since": time::rfc3339(p.since), "until": p.until.map(time::rfc3339), "name": p.name, "code": p.code, "parent": p.parent}))
                .collect();
            let links: Vec<Value> = known
                .links
                .iter()
                .map(|l| json!({"kind": l.kind, "at": time::rfc3339(l.at), "from": l.from, "from_name": l.name, "from_code": l.code, "to": l.to}))
                .collect();
            Ok(json!({"id": unit, "spans": spans, "links": links, "now": units.successors(unit)}))
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

fn unit_json(cx: &mut Cx<'_, '_>, id: UnitId) -> Result<Value> {
    let units = linli_registry::units(cx)?;
    let u = units.get(id).ok_or(Error::NotFound)?;
    Ok(
        json!({"id": u.id, "code": u.code, "name": u.name, "name_en": u.name_en, "level": u.level, "kind": u.kind, "status": u.status,
        "parent": u.parent, "phone": u.phone}),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitBody {
    parts: Vec<PartBody>,
    #[serde(default)]
    retire: bool,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartBody {
    code: String,
    name: String,
    name_en: Option<String>,
    kind: Option<String>,
    status: Option<String>,
    phone: Option<String>,
    #[serde(default)]
    places: Vec<PlaceId>,
    #[serde(default)]
    units: Vec<UnitId>,
}

/// A body of its own shape; what cannot be read is told with serde's cause.
fn read<T: DeserializeOwned>(field: &str, body: &Value) -> Result<T> {
    serde_json::from_value(body.clone())
        .map_err(|e| Error::field(field, linli_registry::t::NOT_A_TABLE.with("cause", e)))
}

fn split(cx: &mut Cx<'_, '_>, unit: UnitId, body: &Value) -> Result<Value> {
    keep(cx, UNITS, unit)?;
    let body: SplitBody = read("parts", body)?;
    if body.parts.is_empty() {
        return Err(Error::field("parts", linli_core::t::REQUIRED));
    }
    let units = linli_registry::units(cx)?;
    let old = units.get(unit).ok_or(Error::NotFound)?;
    let part = |p: PartBody| Part {
        unit: NewUnit {
            code: p.code,
            name: p.name,
            name_en: p.name_en,
            kind: p.kind.unwrap_or_else(|| old.kind.clone()),
            status: p.status.unwrap_or_else(|| old.status.clone()),
            phone: p.phone,
            ..NewUnit::default()
        },
        places: p.places,
        units: p.units,
    };
    let parts: Vec<Part> = body.parts.into_iter().map(part).collect();
    let made = linli_registry::split_unit(cx, unit, &parts, body.retire, &body.note)?;
    let items = made.into_iter().map(|id| unit_json(cx, id)).collect::<Result<Vec<_>>>()?;
    Ok(json!({"items": items, "next": null}))
}

async fn appoint(State(app): State<App>, req: Req) -> Response {
    write(app, req, StatusCode::CREATED, |cx, body| {
        let mut body = body.clone();
        let unit = unit_in(cx, &mut body, "unit")?;
        let post = posts::appoint(cx, unit, &RawInput::from_json(&body)?, true)?;
        Ok(json!({"id": post, "unit": unit}))
    })
    .await
}

async fn end_post(State(app): State<App>, req: Req) -> Response {
    let post: PostId = match req.parse("id") {
        Ok(post) => post,
        Err(e) => return app.refuse(&req, e).await,
    };
    write(app, req, StatusCode::OK, move |cx, _| {
        linli_registry::end_post(cx, post)?;
        Ok(json!({"id": post, "ended": true}))
    })
    .await
}

// ---- the document

/// The path items of this module. `/api/v1/units` has its `get` elsewhere: items of one path are to be merged by method.
pub fn openapi_paths() -> Value {
    let in_path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1, "maxLength": 64}});
    let object =
        || json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}}});
    let body = |schema: Value| json!({"required": true, "content": json_of(schema)});
    let ids = || json!({"type": "array", "items": {"type": "string", "format": "uuid"}});
    let part = json!({"type": "object", "required": ["code", "name"], "additionalProperties": false, "properties": {"code": text(), "name": text(), "name_en": {"type": ["string", "null"]},
        "kind": {"type": ["string", "null"]}, "status": {"type": ["string", "null"]}, "phone": {"type": ["string", "null"]}, "places": ids(), "units": ids()}});
    let mut paths = json!({
        "/api/v1/me": {"get": {"operationId": "me", "summary": "我的资料 · One's own record", "responses": answers("200", json!({"type": "object", "required": ["person", "homes", "posts"]}))}},
        "/api/v1/places": {"get": {"operationId": "searchPlaces", "summary": "找地址 · Places by address, name or initials; never persons", "parameters": [query("q", true, text()), query("committee", false, text()), query("after", false, json!({"type": "string", "maxLength": 2000})), query("limit", false, count(PLACES))], "responses": answers("200", list())}},
        "/api/v1/households": {"get": {"operationId": "listHouseholds", "summary": "我的住户 · Households by stair; reading them is on record", "parameters": [query("unit", false, text()), query("group", false, text()), query("after", false, text()), query("limit", false, count(99))], "responses": answers("200", list())}},
        "/api/v1/units": {"post": {"operationId": "createUnit", "summary": format!("{} · {}", units::CREATE.title.zh, units::CREATE.title.en), "parameters": [key()], "requestBody": body(schema(units::CREATE.fields, &[("parent", text())], &[])), "responses": answers("201", object())}},
        "/api/v1/units/{id}/split": {"post": {"operationId": "splitUnit", "summary": "分设 · Split a unit", "parameters": [in_path("id"), key()], "requestBody": body(json!({"type": "object", "required": ["parts"], "additionalProperties": false,
            "properties": {"parts": {"type": "array", "minItems": 1, "items": part}, "retire": {"type": "boolean"}, "note": text()}})), "responses": answers("200", list())}},
        "/api/v1/units/{id}/history": {"get": {"operationId": "unitHistory", "summary": "单位沿革 · A unit's names, codes, superiors, splits and merges, by id or code", "parameters": [in_path("id")],
            "responses": answers("200", json!({"type": "object", "required": ["id", "spans", "links", "now"]}))}},
        "/api/v1/posts": {"post": {"operationId": "appoint", "summary": "任命 · Appoint somebody at a unit", "parameters": [key()], "requestBody": body(schema(posts::APPOINT.fields, &[("unit", text())], &[])), "responses": answers("201", object())}},
        "/api/v1/posts/{id}": {"delete": {"operationId": "endPost", "summary": "结束岗位 · End a post", "parameters": [json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}), key()], "responses": answers("200", object())}},
    });
    for form in ACTS {
        let operation = json!({"operationId": format!("unit_{}", form.name), "summary": format!("{} · {}", form.title.zh, form.title.en), "description": form.says.en,
            "parameters": [in_path("id"), key()], "requestBody": body(schema(form.fields, &[], &[])), "responses": answers("200", object())});
        paths[format!("/api/v1/units/{{id}}/{}", form.name)] = json!({"post": operation});
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_document_with_its_fields() {
        let paths = openapi_paths();
        let merge = &paths["/api/v1/units/{id}/merge"]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(merge["required"], json!(["into", "sure"]));
        for (path, method) in [
            ("/api/v1/me", "get"),
            ("/api/v1/posts", "post"),
            ("/api/v1/posts/{id}", "delete"),
            ("/api/v1/units/{id}/retire", "post"),
        ] {
            assert!(paths[path][method]["responses"]["422"].is_object(), "{path}");
        }
        let ids: Vec<String> = paths
            .as_object()
            .unwrap()
            .values()
            .flat_map(|p| p.as_object().unwrap().values())
            .map(|o| o["operationId"].to_string())
            .collect();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), distinct.len());
    }

    #[test]
    fn a_split_with_an_unknown_field_is_refused() {
        assert!(read::<SplitBody>("parts", &json!({"parts": [], "x": 1})).is_err());
        let body: SplitBody = read("parts", &json!({"parts": [{"code": "A", "name": "甲"}]})).unwrap();
        assert_eq!((body.parts.len(), body.retire), (1, false));
    }
}
