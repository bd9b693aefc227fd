//! The OpenAPI document as a page for people: each operation, what it takes and what it gives, without a script.
use crate::t;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use linli_core::{Lang, Text};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};
use serde_json::Value;

/// What every operation may answer instead.
const ERRORS: [(u16, Text); 10] = [
    (400, t::Y_400),
    (401, t::Y_401),
    (403, t::Y_403),
    (404, t::Y_404),
    (409, t::Y_409),
    (413, t::Y_413),
    (415, t::Y_415),
    (422, t::Y_422),
    (429, t::Y_429),
    (503, t::Y_503),
];

/// The page at `/api`, from the document that the program publishes.
pub fn api_page(document: fn() -> Value) -> Router<App> {
    Router::new().route("/api", get(move |State(app): State<App>, req: Req| show(app, req, document)))
}

/// A parameter or a field of a body.
#[derive(Debug, PartialEq)]
struct Item {
    name: String,
    /// Where it stands (path, query, header), or nothing for a field.
    place: String,
    kind: String,
    must: bool,
    says: String,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    title: String,
    says: String,
    params: Vec<Item>,
    media: String,
    body: Vec<Item>,
    status: String,
    gives: String,
}

#[derive(Template)]
#[template(path = "api.html")]
struct View {
    s: Say,
    signed_in: bool,
    errors: Vec<(u16, &'static str)>,
    groups: Vec<(String, Vec<Operation>)>,
    schemas: Vec<(String, Vec<Item>)>,
}

async fn show(app: App, req: Req, document: fn() -> Value) -> Response {
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let document = document();
        let signed_in = cx.actor.person.is_some();
        let view = View {
            s,
            signed_in,
            errors: ERRORS.map(|(status, text)| (status, s.t(text))).into(),
            groups: groups(&document, s.lang),
            schemas: schemas(&document, s.lang),
        };
        Ok(PageBody::new(s.t(linli_web::t::API_DOCS), Html::of(&view)?))
    })
    .await
}

/// Operations by the first word of their path, moves by themselves.
fn groups(document: &Value, lang: Lang) -> Vec<(String, Vec<Operation>)> {
    let mut groups: Vec<(String, Vec<Operation>)> = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let group = match path.split_once("/moves/") {
            Some((before, _)) => format!("{before}/moves"),
            None => path.split('/').take(4).collect::<Vec<_>>().join("/"),
        };
        for (method, operation) in item.as_object().into_iter().flatten() {
            let operation = read(path, method, operation, lang);
            match groups.iter_mut().find(|(name, _)| *name == group) {
                Some((_, held)) => held.push(operation),
                None => groups.push((group.clone(), vec![operation])),
            }
        }
    }
    groups
}

fn read(path: &str, method: &str, o: &Value, lang: Lang) -> Operation {
    let (media, schema) = content(&o["requestBody"]);
    let params = o["parameters"].as_array().into_iter().flatten().map(|p| Item {
        name: said(&p["name"], lang),
        place: said(&p["in"], lang),
        kind: kind(&p["schema"]),
        must: p["required"] == true,
        says: said(&p["description"], lang),
    });
    let success = o["responses"].as_object().into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    let (status, gives) =
        success.map_or_else(Default::default, |(status, answer)| (status.clone(), kind(content(answer).1)));
    Operation {
        id: said(&o["operationId"], lang),
        method: method.to_uppercase(),
        path: path.to_owned(),
        title: said(&o["summary"], lang),
        says: said(&o["description"], lang),
        params: params.collect(),
        media: media.to_owned(),
        body: fields(schema, lang),
        status,
        gives,
    }
}

fn schemas(document: &Value, lang: Lang) -> Vec<(String, Vec<Item>)> {
    let all = document["components"]["schemas"].as_object().into_iter().flatten();
    all.map(|(name, schema)| (name.clone(), fields(schema, lang))).collect()
}

/// The media type of a body or an answer, and its schema.
fn content(of: &Value) -> (&str, &Value) {
    let first = of["content"].as_object().and_then(|c| c.iter().next());
    first.map_or(("", &Value::Null), |(media, body)| (media.as_str(), &body["schema"]))
}

/// The properties of an object, those that are asked for first.
fn fields(schema: &Value, lang: Lang) -> Vec<Item> {
    let must = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|r| r == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut items: Vec<Item> = properties
        .map(|(name, schema)| Item {
            name: name.clone(),
            place: String::new(),
            kind: kind(schema),
            must: must(name),
            says: said(&schema["description"], lang),
        })
        .collect();
    items.sort_by_key(|item| !item.must);
    items
}

/// A text of the document in the reader's language: where both stand, they are parted by a dot.
fn said(text: &Value, lang: Lang) -> String {
    let text = text.as_str().unwrap_or_default();
    match (text.split_once(" · "), lang) {
        (Some((zh, _)), Lang::Zh) => zh.to_owned(),
        (Some((_, en)), Lang::En) => en.to_owned(),
        (None, _) => text.to_owned(),
    }
}

/// A schema in one line: `string, 2–2000`, `a | b`, `[uuid], ≤ 6`, `Case`.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
    }
    let mut out = match (&schema["type"], schema["format"].as_str()) {
        (_, Some(format)) => format.to_owned(),
        (Value::String(name), None) if name == "array" => format!("[{}]", kind(&schema["items"])),
        (Value::String(name), None) if name == "object" => object(schema),
        (Value::String(name), None) => name.clone(),
        (Value::Array(names), None) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        _ => "any".to_owned(),
    };
    for (least, most) in [("minLength", "maxLength"), ("minItems", "maxItems"), ("minimum", "maximum")] {
        out.push_str(&match (schema[least].as_i64(), schema[most].as_i64()) {
            (Some(least), Some(most)) => format!(", {least}–{most}"),
            (None, Some(most)) => format!(", ≤ {most}"),
            (Some(least), None) => format!(", ≥ {least}"),
            (None, None) => String::new(),
        });
    }
    out
}

/// An object within another: its fields by name.
fn object(schema: &Value) -> String {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let parts: Vec<String> = properties.map(|(name, schema)| format!("{name}: {}", kind(schema))).collect();
    if parts.is_empty() { "object".to_owned() } else { format!("{{ {} }}", parts.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_is_one_line_and_a_text_one_language() {
        assert_eq!(kind(&json!({"type": "string", "minLength": 2, "maxLength": 9})), "string, 2–9");
        assert_eq!(
            kind(&json!({"type": "array", "maxItems": 6, "items": {"type": "string", "format": "uuid"}})),
            "[uuid], ≤ 6"
        );
        assert_eq!(kind(&json!({"type": ["integer", "null"]})), "integer | null");
        assert_eq!(kind(&json!({"type": "object", "properties": {"a": {"enum": ["x", "y"]}}})), "{ a: x | y }");
        assert_eq!(kind(&json!({"$ref": "#/components/schemas/Case"})), "Case");
        let text = json!("退单 · Return");
        assert_eq!([said(&text, Lang::Zh), said(&text, Lang::En)], ["退单", "Return"]);
    }

    #[test]
    fn every_operation_of_the_document_is_read_with_what_it_takes() {
        let paths = crate::openapi_paths();
        let document = json!({"paths": paths});
        let read: Vec<Operation> = groups(&document, Lang::En).into_iter().flat_map(|(_, all)| all).collect();
        let written = paths.as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum::<usize>();
        assert_eq!(read.len(), written);
        let merge = read.iter().find(|o| o.id == "unit_merge").unwrap();
        assert_eq!((merge.method.as_str(), merge.status.as_str()), ("POST", "200"));
        assert!(
            merge.body.iter().any(|f| f.name == "into" && f.must) && merge.params.iter().any(|p| p.place == "path")
        );
    }
}
