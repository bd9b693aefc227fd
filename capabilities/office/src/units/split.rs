//! One unit becomes several: the form with its parts, and what goes to each.
use crate::asked::keep;
use linli_core::{Cx, Error, FieldError, PlaceId, RawInput, Result, Text, UnitId};
use linli_registry::{Function, NewUnit, Part, UNITS, Unit, Units};
use linli_web::Html;
use linli_web::form::Again;
use linli_web::ui;
use std::collections::BTreeMap;

/// How many new units one form makes.
const PARTS: usize = 4;

/// Reads the split's form: up to four parts (`code1`, `name1`, `name_en1` …) and for each thing (`u.ID`, `p.ID`) the number
/// of the part it goes to. What stays is not named.
pub(crate) fn split_parts(raw: &RawInput, kind: &str, status: &str) -> Result<Vec<Part>> {
    let mut errors = Vec::new();
    let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
    let mut wrong = |field: String, text: Text| errors.push(FieldError { field, msg: text.msg() });
    for n in 1..=PARTS {
        let get = |what: &str| raw.get(&format!("{what}{n}")).map(str::to_owned);
        match (get("code"), get("name")) {
            (None, None) => {}
            (Some(code), Some(name)) => {
                let unit = NewUnit {
                    kind: kind.into(),
                    status: status.into(),
                    code,
                    name,
                    name_en: get("name_en"),
                    ..NewUnit::default()
                };
                parts.insert(n, Part { unit, places: Vec::new(), units: Vec::new() });
            }
            (None, Some(_)) => wrong(format!("code{n}"), linli_core::t::REQUIRED),
            (Some(_), None) => wrong(format!("name{n}"), linli_core::t::REQUIRED),
        }
    }
    for (key, to) in raw.values.iter().filter_map(|(k, v)| Some((k.split_once('.')?, v.first()?.trim()))) {
        let Ok(n) = to.parse::<usize>() else { continue };
        match (parts.get_mut(&n), key) {
            (Some(part), ("u", id)) => part.units.extend(id.parse::<UnitId>()),
            (Some(part), ("p", id)) => part.places.extend(id.parse::<PlaceId>()),
            (None, ("u" | "p", _)) if (1..=PARTS).contains(&n) => {
                let field = format!("code{n}");
                if !errors.iter().any(|e| e.field == field) {
                    errors.push(FieldError { field, msg: linli_core::t::REQUIRED.msg() });
                }
            }
            _ => {}
        }
    }
    if parts.is_empty() && errors.is_empty() {
        errors.push(FieldError { field: "code1".into(), msg: linli_core::t::REQUIRED.msg() });
    }
    if errors.is_empty() { Ok(parts.into_values().collect()) } else { Err(Error::Invalid(errors)) }
}

/// An error of the registry about a part has no number: it is told at the part it speaks of, or at the first.
fn at_part(e: Error, parts: &[Part]) -> Error {
    let Error::Invalid(errors) = e else { return e };
    let number = |msg: &linli_core::Msg| {
        let code = msg.args.iter().find(|(name, _)| *name == "code").map(|(_, code)| code);
        parts.iter().position(|p| Some(&p.unit.code) == code).unwrap_or(0) + 1
    };
    let told = |e: FieldError| match e.field.as_str() {
        "code" | "name" | "name_en" => FieldError { field: format!("{}{}", e.field, number(&e.msg)), msg: e.msg },
        _ => e,
    };
    Error::Invalid(errors.into_iter().map(told).collect())
}

pub(super) fn split(cx: &mut Cx<'_, '_>, unit: UnitId, raw: &RawInput) -> Result<UnitId> {
    keep(cx, UNITS, unit)?;
    let units = linli_registry::units(cx)?;
    let old = units.get(unit).ok_or(Error::NotFound)?;
    let parts = split_parts(raw, &old.kind, &old.status)?;
    let made =
        linli_registry::split_unit(cx, unit, &parts, raw.get("retire").is_some(), raw.get("note").unwrap_or_default())
            .map_err(|e| at_part(e, &parts))?;
    Ok(made.first().copied().unwrap_or(unit))
}

pub(super) struct PartView {
    pub(super) n: usize,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) name_en: String,
    pub(super) code_error: Option<String>,
    pub(super) name_error: Option<String>,
}

pub(super) struct Thing {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) to: String,
}

pub(super) struct SplitView {
    pub(super) open: bool,
    pub(super) errors: Html,
    pub(super) parts: Vec<PartView>,
    pub(super) things: Vec<Thing>,
    pub(super) retire: bool,
    pub(super) note: String,
}

pub(super) fn split_view(cx: &mut Cx<'_, '_>, unit: &Unit, units: &Units, again: Option<&Again>) -> Result<SplitView> {
    let lang = cx.actor.lang;
    let empty = RawInput::default();
    let (raw, errors) = again.map_or((&empty, &[][..]), |a| (&a.raw, &a.errors));
    let typed = |name: String| raw.get(&name).unwrap_or_default().to_owned();
    let error = |field: String| errors.iter().find(|e| e.field == field).map(|e| e.msg.in_(lang));
    let parts = (1..=PARTS).map(|n| PartView {
        n,
        code: typed(format!("code{n}")),
        name: typed(format!("name{n}")),
        name_en: typed(format!("name_en{n}")),
        code_error: error(format!("code{n}")),
        name_error: error(format!("name{n}")),
    });
    let parts = parts.collect();
    let mut things: Vec<(String, String)> =
        units.children(unit.id).map(|u| (format!("u.{}", u.id), units.name(u.id, lang).to_owned())).collect();
    if unit.function == Function::Serve {
        let tops = linli_registry::children_places(cx, unit.id, None)?;
        things.extend(tops.into_iter().map(|p| (format!("p.{}", p.id), p.name)));
    }
    let things = things.into_iter().map(|(key, label)| Thing { to: typed(key.clone()), key, label }).collect();
    let own = |e: &FieldError| e.field.starts_with("code") || e.field.starts_with("name");
    let summary: Vec<FieldError> = errors
        .iter()
        .map(|e| FieldError {
            field: format!("split-{}", if own(e) { e.field.as_str() } else { "code1" }),
            msg: e.msg.clone(),
        })
        .collect();
    Ok(SplitView {
        open: again.is_some(),
        errors: ui::errors(&summary, lang),
        parts,
        things,
        retire: raw.get("retire").is_some(),
        note: typed("note".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00000000-0000-7000-8000-000000000001";
    const B: &str = "00000000-0000-7000-8000-000000000002";

    #[test]
    fn a_split_reads_its_parts_and_what_goes_to_each() {
        let raw = RawInput::default().set("code1", "A1").set("name1", "一居").set("code3", "A3").set("name3", "三居");
        let raw = raw.set(&format!("u.{A}"), "1").set(&format!("p.{B}"), "3").set("unit", A);
        let parts = split_parts(&raw, "residents", "formal").unwrap();
        assert_eq!(parts.iter().map(|p| p.unit.code.as_str()).collect::<Vec<_>>(), ["A1", "A3"]);
        assert_eq!(
            (parts[0].units.len(), parts[0].places.len(), parts[1].units.len(), parts[1].places.len()),
            (1, 0, 0, 1)
        );
        assert_eq!(parts[1].unit.kind, "residents");
    }

    #[test]
    fn what_goes_to_a_part_without_a_code_is_told_at_its_code() {
        let fields = |raw: &RawInput| match split_parts(raw, "x", "formal") {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|e| e.field).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(fields(&RawInput::default()), ["code1"]);
        assert_eq!(fields(&RawInput::default().set("name2", "二居").set(&format!("u.{A}"), "2")), ["code2"]);
        assert_eq!(fields(&RawInput::default().set("code1", "A").set(&format!("u.{A}"), "4")), ["name1", "code4"]);
    }

    #[test]
    fn a_taken_code_is_told_at_its_part() {
        let parts = split_parts(
            &RawInput::default().set("code1", "A").set("name1", "a").set("code2", "B").set("name2", "b"),
            "x",
            "formal",
        )
        .unwrap();
        let taken = Error::field("code", linli_registry::t::CODE_TAKEN.with("code", "B").with("name", "乙"));
        assert!(matches!(at_part(taken, &parts), Error::Invalid(e) if e[0].field == "code2"));
    }
}
