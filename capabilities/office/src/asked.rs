//! What an administrator's page is asked for: which unit, and whether one may.
use crate::t;
use linli_core::{Cx, Error, Facts, Result, Role, UnitId};
use linli_registry::Units;
use linli_web::api::signed_in;
use linli_web::form::Helps;
use linli_web::ui::Opt;

/// Fields in which a unit is named are suggested for.
pub(crate) fn helps<'a>(options: &'a dyn Fn(&str) -> Vec<Opt>) -> Helps<'a> {
    Helps { options, suggest: |field| matches!(field, "parent" | "into").then_some("/units/suggest") }
}

/// Refuses whoever may not do an act of the registry upon a unit.
pub(crate) fn keep(cx: &mut Cx<'_, '_>, act: &str, unit: UnitId) -> Result<()> {
    let units = linli_registry::units(cx)?;
    units.get(unit).ok_or(Error::NotFound)?;
    let committee = units.committee_of(unit).unwrap_or(unit);
    let facts = Facts {
        owner_path: units.path(unit).to_vec(),
        place_path: units.path(committee).to_vec(),
        audience: Some(units.root()),
        ..Facts::default()
    };
    cx.may(act, linli_registry::VIEW, &facts).map(drop)
}

/// The unit an administrator's page is about: the one asked for, or where the administrator's post is.
pub(crate) fn admin_unit(cx: &mut Cx<'_, '_>, asked: Option<&str>) -> Result<UnitId> {
    signed_in(cx)?;
    let units = linli_registry::units(cx)?;
    match asked {
        Some(text) => find_unit(&units, text).ok_or(Error::NotFound),
        None => {
            cx.actor.posts.iter().find(|p| p.role == Role::Admin).map(|p| p.unit).ok_or(Error::forbidden(t::X_NO_ADMIN))
        }
    }
}

/// A unit as it is written in a field: by id, by code, as `name（code）`, or by its name where only one in force has it.
pub(crate) fn find_unit(units: &Units, text: &str) -> Option<UnitId> {
    let text = text.trim();
    if let Some(unit) = text.parse::<UnitId>().ok().and_then(|id| units.get(id)) {
        return Some(unit.id);
    }
    let inner = code_within(text);
    if let Some(unit) = units.by_code(inner.unwrap_or(text)) {
        return Some(unit.id);
    }
    let mut named = units.live().filter(|u| u.name == text || u.name_en.as_deref() == Some(text));
    match (named.next(), named.next()) {
        (Some(unit), None) => Some(unit.id),
        _ => None,
    }
}

/// The code at the end of `name（code）`, as suggestions write it.
fn code_within(text: &str) -> Option<&str> {
    text.strip_suffix('）')?.rsplit_once('（').map(|(_, code)| code)
}

/// A unit as suggestions write it.
pub(crate) fn unit_label(units: &Units, unit: &linli_registry::Unit, lang: linli_core::Lang) -> String {
    format!("{}（{}）", units.name(unit.id, lang), unit.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_unit_is_read_by_its_code() {
        assert_eq!(code_within("友谊路街道（310113-01）"), Some("310113-01"));
        assert_eq!(code_within("一居（筹）（A1）"), Some("A1"));
        assert_eq!(code_within("310113"), None);
    }
}
