//! Typed input, declared once: the form on the page, the JSON schema, the OpenAPI document, the command line's help and
//! the check of what arrives are all read from the same [`Field`]s.
use crate::{Error, FieldError, Millis, Msg, Text, t, time};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// One field of a move or use case.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name in forms and JSON.
    pub name: &'static str,
    /// Its label.
    pub label: Text,
    /// A sentence of help.
    pub hint: Option<Text>,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it must be filled.
    pub required: bool,
}

/// One of a field's options.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The stored code.
    pub code: &'static str,
    /// Its label.
    pub label: Text,
}

/// What a field holds. Lengths count characters (Unicode scalar values), not bytes.
#[derive(Debug, Clone, Copy)]
pub enum FieldKind {
    /// One line of at most `max` characters.
    Line {
        /// At most so many characters.
        max: usize,
    },
    /// Several lines, erasable words of an act, of `min` to `max` characters.
    Words {
        /// At least so many characters when filled.
        min: usize,
        /// At most so many characters.
        max: usize,
    },
    /// One of these codes.
    Choice(&'static [Choice]),
    /// A unit's id; the page offers those the named picker gives.
    Unit {
        /// Which units the page offers.
        picker: &'static str,
    },
    /// A person's id among the staff of the acting unit.
    Colleague,
    /// A category's code.
    Category,
    /// The number of a matter.
    Matter,
    /// A whole number within a range.
    Number {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A civil date, `YYYY-MM-DD`; read as the end of that day.
    Date,
    /// Yes or no; a box that is not ticked is no.
    Yes,
    /// Attachments.
    Files {
        /// At most so many.
        max: usize,
    },
}

impl Field {
    /// A field that may be left empty.
    pub const fn new(name: &'static str, label: Text, kind: FieldKind) -> Field {
        Field { name, label, hint: None, kind, required: false }
    }
    /// A field that must be filled.
    pub const fn required(name: &'static str, label: Text, kind: FieldKind) -> Field {
        Field { name, label, hint: None, kind, required: true }
    }
    /// With a sentence of help.
    pub const fn hint(self, hint: Text) -> Field {
        Field { hint: Some(hint), ..self }
    }
    /// The JSON schema of its value.
    pub fn schema(&self) -> Value {
        let label = format!("{} · {}", self.label.zh, self.label.en);
        let mut schema = match self.kind {
            FieldKind::Line { max } => json!({"type": "string", "maxLength": max}),
            FieldKind::Words { min, max } => {
                json!({"type": "string", "minLength": if self.required { min.max(1) } else { 0 }, "maxLength": max})
            }
            FieldKind::Choice(choices) => {
                json!({"type": "string", "enum": choices.iter().map(|c| c.code).collect::<Vec<_>>()})
            }
            FieldKind::Unit { .. } | FieldKind::Colleague => json!({"type": "string", "format": "uuid"}),
            FieldKind::Category | FieldKind::Matter => json!({"type": "string", "maxLength": 64}),
            FieldKind::Number { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
            FieldKind::Date => json!({"type": "string", "format": "date"}),
            FieldKind::Yes => json!({"type": "boolean"}),
            FieldKind::Files { max } => {
                json!({"type": "array", "maxItems": max, "items": {"type": "string", "maxLength": 1000}})
            }
        };
        if let Value::Object(map) = &mut schema {
            map.insert("description".into(), Value::String(label));
        }
        schema
    }
}

/// A file that has been checked, re-encoded and stored by its content before the transaction.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Upload {
    /// SHA-256 of the stored bytes, in hex: its name in the file store.
    pub hash: String,
    /// The media type after re-encoding.
    pub mime: String,
    /// Bytes.
    pub size: i64,
    /// What the sender called it, without folders.
    pub name: String,
}

/// What arrived, as text by field name: from a form or from JSON.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct RawInput {
    /// Values by field; a field may come more than once.
    pub values: BTreeMap<String, Vec<String>>,
    /// Files by field.
    pub files: BTreeMap<String, Vec<Upload>>,
}

impl RawInput {
    /// Reads a JSON object of strings, numbers, booleans and arrays of them. `null` is as if absent.
    pub fn from_json(value: &Value) -> Result<RawInput, Error> {
        let map = value.as_object().ok_or(Error::Bad(400, t::NOT_AN_OBJECT.msg()))?;
        let mut raw = RawInput::default();
        let mut wrong = Vec::new();
        let scalar = |v: &Value| match v {
            Value::String(s) => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(if *b { "true" } else { "false" }.to_owned()),
            _ => None,
        };
        for (name, v) in map {
            let list: Option<Vec<String>> = match v {
                Value::Null => continue,
                Value::Array(items) => items.iter().map(scalar).collect(),
                other => scalar(other).map(|s| vec![s]),
            };
            match list {
                Some(list) => drop(raw.values.insert(name.clone(), list)),
                None => wrong.push(FieldError { field: name.clone(), msg: t::NOT_A_CHOICE.msg() }),
            }
        }
        if wrong.is_empty() { Ok(raw) } else { Err(Error::Invalid(wrong)) }
    }
    /// The first value of a field, trimmed; empty is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.first().map(|s| s.trim()).filter(|s| !s.is_empty())
    }
    /// Sets a value (for tests, the demo and the command line).
    pub fn set(mut self, name: &str, value: impl ToString) -> RawInput {
        self.values.insert(name.to_owned(), vec![value.to_string()]);
        self
    }
    /// Adds files to a field.
    pub fn with_files(mut self, name: &str, files: Vec<Upload>) -> RawInput {
        self.files.insert(name.to_owned(), files);
        self
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Typed {
    Text(String),
    Id(Uuid),
    Number(i64),
    Day(i32),
    Yes(bool),
    Files(Vec<Upload>),
}

/// Input that has passed the check of its fields.
#[derive(Debug, Clone, Default)]
pub struct Input {
    values: BTreeMap<&'static str, Typed>,
}

impl Input {
    /// Checks everything at once, so that the user sees every problem in one go. Fields nobody declared are refused
    /// for JSON (`strict`) and ignored for forms, which carry tokens and buttons of the frame.
    pub fn check(fields: &[Field], raw: &RawInput, strict: bool) -> Result<Input, Error> {
        let mut input = Input::default();
        let mut errors = Vec::new();
        for field in fields {
            match read(field, raw) {
                Ok(Some(value)) => drop(input.values.insert(field.name, value)),
                Ok(None) if field.required => {
                    errors.push(FieldError { field: field.name.into(), msg: t::REQUIRED.msg().about(field.label) })
                }
                Ok(None) => {}
                Err(msg) => errors.push(FieldError { field: field.name.into(), msg: msg.about(field.label) }),
            }
        }
        if strict {
            for name in raw.values.keys().chain(raw.files.keys()) {
                if !fields.iter().any(|f| f.name == name) {
                    errors.push(FieldError { field: name.clone(), msg: t::UNKNOWN_FIELD.msg() });
                }
            }
        }
        if errors.is_empty() { Ok(input) } else { Err(Error::Invalid(errors)) }
    }
    /// Text, words, choice, category or matter number.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name)? {
            Typed::Text(s) => Some(s),
            _ => None,
        }
    }
    /// The same, empty when absent.
    pub fn words(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }
    /// An id.
    pub fn id<I: From<Uuid>>(&self, name: &str) -> Option<I> {
        match self.values.get(name)? {
            Typed::Id(id) => Some(I::from(*id)),
            _ => None,
        }
    }
    /// A number.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.values.get(name)? {
            Typed::Number(n) => Some(*n),
            _ => None,
        }
    }
    /// The end of a civil date.
    pub fn until(&self, name: &str) -> Option<Millis> {
        match self.values.get(name)? {
            Typed::Day(d) => Some(time::day_start(d + 1) - 1),
            _ => None,
        }
    }
    /// Whether a box was ticked.
    pub fn yes(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Typed::Yes(true)))
    }
    /// Attachments of every field.
    pub fn files(&self) -> impl Iterator<Item = &Upload> {
        self.values.values().flat_map(|v| match v {
            Typed::Files(f) => f.as_slice(),
            _ => &[],
        })
    }
}

fn read(field: &Field, raw: &RawInput) -> Result<Option<Typed>, Msg> {
    if let FieldKind::Files { max } = field.kind {
        let files = raw.files.get(field.name).cloned().unwrap_or_default();
        return match files.len() {
            0 => Ok(None),
            n if n > max => Err(t::TOO_MANY_FILES.with("max", max)),
            _ => Ok(Some(Typed::Files(files))),
        };
    }
    let Some(given) = raw.get(field.name) else { return Ok(None) };
    if given.chars().any(|c| c == '\0' || c == '\u{fffd}' || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))) {
        return Err(t::BAD_CHARACTERS.msg());
    }
    let bounded = |min: usize, max: usize| {
        let text = given.replace("\r\n", "\n");
        match text.chars().count() {
            n if n > max => Err(t::TOO_LONG.with("max", max).with("n", n)),
            n if n < min => Err(t::TOO_SHORT.with("min", min)),
            _ => Ok(Some(Typed::Text(text))),
        }
    };
    match field.kind {
        FieldKind::Line { max } => bounded(0, max),
        FieldKind::Words { min, max } => bounded(min, max),
        FieldKind::Category | FieldKind::Matter => bounded(0, 64),
        FieldKind::Choice(choices) => match choices.iter().find(|c| c.code == given) {
            Some(c) => Ok(Some(Typed::Text(c.code.to_owned()))),
            None => Err(t::NOT_A_CHOICE.msg()),
        },
        FieldKind::Unit { .. } | FieldKind::Colleague => {
            Uuid::parse_str(given).map(|id| Some(Typed::Id(id))).map_err(|_| t::NOT_AN_ID.msg())
        }
        FieldKind::Number { min, max } => match given.parse::<i64>() {
            Ok(n) if (min..=max).contains(&n) => Ok(Some(Typed::Number(n))),
            Ok(_) => Err(t::OUT_OF_RANGE.with("min", min).with("max", max)),
            Err(_) => Err(t::NOT_A_NUMBER.msg()),
        },
        FieldKind::Date => time::parse_day(given).map(|d| Some(Typed::Day(d))).ok_or(t::NOT_A_DATE.msg()),
        FieldKind::Yes => Ok(Some(Typed::Yes(matches!(given, "true" | "on" | "1" | "yes")))),
        FieldKind::Files { .. } => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        Field::required("why", t::REQUIRED, FieldKind::Words { min: 2, max: 5 }),
        Field::new("n", t::REQUIRED, FieldKind::Number { min: 1, max: 9 }),
        Field::new("day", t::REQUIRED, FieldKind::Date),
    ];

    #[test]
    fn every_problem_is_told_at_once_at_its_field() {
        let raw = RawInput::default().set("why", "一二三四五六").set("n", "10").set("day", "2026-02-30").set("x", "1");
        let Err(Error::Invalid(errors)) = Input::check(FIELDS, &raw, true) else { panic!() };
        assert_eq!(errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), ["why", "n", "day", "x"]);
        let Err(Error::Invalid(errors)) = Input::check(FIELDS, &RawInput::default(), false) else { panic!() };
        assert_eq!(errors.len(), 1);
        let raw = RawInput::from_json(&json!({"why": "好的", "n": 3, "day": null})).unwrap();
        let input = Input::check(FIELDS, &raw, true).unwrap();
        assert_eq!((input.words("why"), input.number("n"), input.until("day")), ("好的", Some(3), None));
        assert!(Input::check(FIELDS, &raw.set("why", "a\0b"), true).is_err());
    }
}
