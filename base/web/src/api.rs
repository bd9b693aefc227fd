//! What the JSON APIs of the modules share: limits, schemas, and the standing parts of an OpenAPI document.
use crate::Req;
use linli_core::{Cx, Error, Field, PersonId, Result};
use serde_json::{Map, Value, json};

/// Whoever is signed in.
pub fn signed_in(cx: &Cx<'_, '_>) -> Result<PersonId> {
    cx.actor.person.ok_or(Error::SignIn)
}

/// `limit` of a list: the usual number, or 1 to the most.
pub fn limit(req: &Req, usual: usize, most: usize) -> Result<usize> {
    match req.q("limit") {
        None => Ok(usual),
        Some(text) => match text.parse::<usize>() {
            Ok(n) if (1..=most).contains(&n) => Ok(n),
            _ => Err(Error::field("limit", linli_core::t::OUT_OF_RANGE.with("min", 1).with("max", most))),
        },
    }
}

/// The schema of a set of fields, with what else must and what else may be given.
pub fn schema(fields: &[Field], must: &[(&str, Value)], may: &[(&str, Value)]) -> Value {
    let mut properties: Map<String, Value> = fields.iter().map(|f| (f.name.to_owned(), f.schema())).collect();
    properties.extend(must.iter().chain(may).map(|(name, schema)| ((*name).to_owned(), schema.clone())));
    let required: Vec<&str> =
        fields.iter().filter(|f| f.required).map(|f| f.name).chain(must.iter().map(|(name, _)| *name)).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A body of JSON in the document.
pub fn json_of(schema: Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

/// The answers of an operation: the good one with its status, and every refusal.
pub fn answers(ok: &str, schema: Value) -> Value {
    let problem = |what: &str| json!({"description": what, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}});
    json!({ok: {"description": "OK", "content": json_of(schema)}, "400": problem("malformed"), "401": problem("sign in"), "403": problem("not allowed"),
        "404": problem("not found, or not yours to see"), "409": problem("changed meanwhile, or not possible now"), "413": problem("too large"),
        "415": problem("media type"), "422": problem("fields to correct"), "429": problem("too many requests"), "503": problem("database not reachable: ask again with the same key")})
}

/// A parameter of the query.
pub fn query(name: &str, required: bool, schema: Value) -> Value {
    json!({"name": name, "in": "query", "required": required, "schema": schema})
}

/// The schema of a short text.
pub fn text() -> Value {
    json!({"type": "string", "maxLength": 200})
}

/// The schema of a number of rows.
pub fn count(most: usize) -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": most})
}

/// The schema of a page of a list.
pub fn list() -> Value {
    json!({"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"type": "object"}}, "next": {"type": ["string", "null"]}}})
}

/// The header that makes a command happen once.
pub fn key() -> Value {
    json!({"name": "Idempotency-Key", "in": "header", "required": false, "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}})
}
