//! What kinds of units are called. A kind is a code by which rules choose who serves a place; a district may have its own.
use crate::t;
use linli_core::{Lang, Text};

/// The kinds whose names the program knows.
pub const KINDS: &[(&str, Text)] = &[
    ("district", t::KIND_DISTRICT),
    ("county", t::KIND_COUNTY),
    ("zone", t::KIND_ZONE),
    ("subdistrict", t::KIND_SUBDISTRICT),
    ("township", t::KIND_TOWNSHIP),
    ("town", t::KIND_TOWN),
    ("park", t::KIND_PARK),
    ("residents", t::KIND_RESIDENTS),
    ("villagers", t::KIND_VILLAGERS),
    ("grid", t::KIND_GRID),
    ("micro_grid", t::KIND_MICRO_GRID),
    ("estate", t::KIND_ESTATE),
    ("cluster", t::KIND_CLUSTER),
    ("building_group", t::KIND_BUILDING_GROUP),
    ("ops", t::KIND_OPS),
    ("department", t::KIND_DEPARTMENT),
    ("institution", t::KIND_INSTITUTION),
    ("property", t::KIND_PROPERTY),
    ("owners", t::KIND_OWNERS),
    ("police", t::KIND_POLICE),
    ("health", t::KIND_HEALTH),
];

/// The name of a kind; one that a district has of its own is called by its code.
pub fn kind_name(code: &str, lang: Lang) -> &str {
    KINDS.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| name.in_(lang))
}

/// The code of a kind that was typed as its name in either language; anything else is a code already.
pub fn kind_code(typed: &str) -> &str {
    KINDS
        .iter()
        .find(|(_, name)| name.zh == typed || name.en.eq_ignore_ascii_case(typed))
        .map_or(typed, |(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_code_and_by_both_names() {
        for (code, name) in KINDS {
            assert_eq!((kind_code(name.zh), kind_code(name.en), kind_code(code)), (*code, *code, *code));
            assert_eq!(kind_name(code, Lang::Zh), name.zh);
        }
        assert_eq!((kind_name("own_kind", Lang::En), kind_code("own_kind")), ("own_kind", "own_kind"));
    }
}
