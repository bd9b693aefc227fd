//! What is valid, and when: pure.
use crate::Function;
use linli_core::{Error, FieldError, Millis, Result, Role, Text, time};

use crate::t;

/// Tenures of a resident.
pub const TENURES: [&str; 3] = ["owner", "tenant", "occupant"];
/// Kinds of places.
pub const PLACE_KINDS: [&str; 4] = ["building", "door", "dwelling", "spot"];

/// Gathers what is wrong with an input, field by field.
#[derive(Default)]
pub(crate) struct Check(Vec<FieldError>);

impl Check {
    pub(crate) fn that(mut self, holds: bool, field: &str, text: Text) -> Check {
        if !holds {
            self.0.push(FieldError { field: field.into(), msg: text.msg() });
        }
        self
    }
    pub(crate) fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

/// A code: 1 to 32 ASCII letters, digits, `.`, `-`, `_`.
pub fn code(s: &str) -> bool {
    (1..=32).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

/// A name or label: 1 to 80 characters, no control characters, no blanks around it.
pub(crate) fn name(s: &str) -> bool {
    (1..=80).contains(&s.chars().count()) && s.trim() == s && !s.chars().any(char::is_control)
}

/// The digits of a telephone number: 3 to 15, without the country code of China and without signs. The normal form under
/// the blind index.
pub fn phone_digits(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let typed = typed.strip_prefix("+86").or(typed.strip_prefix("0086")).unwrap_or(typed);
    let fits = typed.chars().all(|c| c.is_ascii_digit() || " -()（）".contains(c));
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    (fits && (3..=15).contains(&digits.len())).then_some(digits)
}

/// A resident identity number in its normal form, if its date and check character are right (GB 11643-1999, ISO 7064
/// MOD 11-2).
pub fn id_number(typed: &str) -> Option<String> {
    let typed = typed.trim().to_ascii_uppercase();
    let digits = typed.get(..17).filter(|d| typed.len() == 18 && d.bytes().all(|b| b.is_ascii_digit()))?;
    let (y, m, d) = (typed.get(6..10)?, typed.get(10..12)?, typed.get(12..14)?);
    time::day_of(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)?;
    // The weight of a position is 2 to the power of its distance from the end, modulo 11.
    let sum = digits.bytes().fold(0u32, |sum, b| (sum * 2 + u32::from(b - b'0') * 2) % 11);
    let check = (12 - sum) % 11;
    let last = typed.chars().last()?;
    (last == if check == 10 { 'X' } else { char::from_digit(check, 10)? }).then_some(typed)
}

/// Until when a login is locked after so many failures in a row: from the fifth on one minute, doubling up to an hour
/// (GB/T 22239-2019, 8.1.4.1 b asks for handling of failed logins).
pub fn locked_until(failed: i64, now: Millis) -> Option<Millis> {
    (failed >= 5).then(|| now + (time::MINUTE << (failed - 5).min(6)).min(time::HOUR))
}

/// Whether a new password will do: at least 10 characters, or at least 8 of three kinds.
pub fn password_will_do(typed: &str) -> bool {
    let n = typed.chars().count();
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_ascii_alphanumeric(),
    ];
    let kinds = kinds.into_iter().filter(|k| typed.chars().any(k)).count();
    let varied = typed.chars().collect::<std::collections::BTreeSet<_>>().len() >= 4;
    n <= 200 && varied && (n >= 10 || n >= 8 && kinds >= 3)
}

/// Whether a post of a role can stand at a unit of a function.
pub fn role_fits(role: Role, at: Function) -> bool {
    match role {
        Role::Anyone | Role::Resident | Role::System => false,
        Role::GroupLeader => matches!(at, Function::Group | Function::Estate),
        Role::Worker | Role::Head => at == Function::Serve,
        Role::Dispatcher => at.rules(),
        Role::Handler => !matches!(at, Function::Group | Function::Estate),
        Role::Supervisor | Role::Admin => true,
    }
}

/// Whether a unit of a function may lie under units of these (root … parent). What serves lies under no other that serves;
/// desks outside the territorial line carry only desks.
pub fn fits_under(child: Function, above: &[Function]) -> bool {
    use Function::*;
    let has = |f: Function| above.contains(&f);
    match child {
        Root => above.is_empty(),
        _ if above.is_empty() => false,
        Dispatch | Serve => !has(Serve) && !has(Estate) && !has(Unit) && !has(Ops),
        Group | Estate => !has(Unit) && !has(Ops),
        Ops => !has(Serve) && !has(Unit) && !has(Ops),
        Unit => true,
    }
}

/// Whether a kind of place may lie in another: dwellings in doors and buildings, doors in buildings.
pub(crate) fn place_under(kind: &str, parent: Option<&str>) -> bool {
    match parent {
        None => true,
        Some(parent) => matches!((kind, parent), ("door", "building") | ("dwelling" | "spot", "door" | "building")),
    }
}

pub(crate) fn phone_ok(phone: Option<&str>) -> bool {
    phone.is_none_or(|p| phone_digits(p).is_some() && p.len() <= 40)
}

pub(crate) fn unit_input(unit: &crate::NewUnit) -> Result<()> {
    Check::default()
        .that(code(&unit.code), "code", t::BAD_CODE)
        .that(name(&unit.name), "name", t::BAD_NAME)
        .that(unit.name_en.as_deref().is_none_or(name), "name_en", t::BAD_NAME)
        .that(code(&unit.kind), "kind", t::BAD_CODE)
        .that(["formal", "preparatory"].contains(&unit.status.as_str()), "status", t::BAD_STATUS)
        .that(phone_ok(unit.phone.as_deref()), "phone", t::BAD_PHONE)
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_one_form() {
        assert_eq!(phone_digits("+86 138-0000-0000").as_deref(), Some("13800000000"));
        assert_eq!(phone_digits("（021）5678 1234").as_deref(), Some("02156781234"));
        assert_eq!(phone_digits("138x0000000"), None);
        // The example of the standard.
        assert_eq!(id_number("11010519491231002x").as_deref(), Some("11010519491231002X"));
        assert_eq!(id_number("110105194912310021"), None);
        assert_eq!(id_number("11010519491331002X"), None);
    }

    #[test]
    fn guessing_gets_slower_and_never_ends_the_account() {
        assert_eq!(locked_until(4, 0), None);
        let waits: Vec<_> = (5..20).filter_map(|n| locked_until(n, 0)).collect();
        assert_eq!((waits.first(), waits.last()), (Some(&time::MINUTE), Some(&time::HOUR)));
        assert!(waits.is_sorted());
        assert!(!password_will_do("12345678") && !password_will_do("aaaaaaaaaaaa"));
        assert!(password_will_do("Linli-2026") && password_will_do("一二三四五六七八九十"));
    }
}
