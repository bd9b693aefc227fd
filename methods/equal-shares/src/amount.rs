//! Money as whole subunits. A file's amounts share one scale: the most decimals any of them needs (fen for 12.34).

/// More decimals than any currency has; a budget divided by a spreadsheet may still show them.
const MAX_DECIMALS: usize = 9;

/// A decimal number as written: `mantissa / 10^decimals`, without trailing zeros after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    mantissa: i64,
    pub(crate) decimals: u32,
}

impl Decimal {
    /// Reads `1234`, `1234.50`, `-3`; nothing else. `None` also when it does not fit.
    pub(crate) fn parse(text: &str) -> Option<Decimal> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        if (whole.is_empty() && fraction.is_empty()) || fraction.len() > MAX_DECIMALS {
            return None;
        }
        let mut mantissa = 0i64;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
            mantissa = mantissa.checked_mul(10)?.checked_add(digit)?;
        }
        Some(Decimal { mantissa: if negative { -mantissa } else { mantissa }, decimals: fraction.len() as u32 })
    }

    /// The number in units of `1 / 10^decimals`; `None` if it overflows (or would need more decimals).
    pub(crate) fn scaled(self, decimals: u32) -> Option<i64> {
        self.mantissa.checked_mul(10i64.checked_pow(decimals.checked_sub(self.decimals)?)?)
    }
}

/// An amount of `subunits` (`unit` of them make one unit of currency) with thousands separated: `1,234.5`.
pub fn grouped(subunits: i128, unit: i64) -> String {
    let unit = i128::from(unit.max(1));
    let whole = (subunits / unit).unsigned_abs().to_string();
    let mut text = String::from(if subunits < 0 { "-" } else { "" });
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + &fraction(subunits, unit)
}

/// An amount as a plain decimal number: `1234.5`, the form the `.pb` file uses.
pub fn plain(subunits: i64, unit: i64) -> String {
    let unit = i128::from(unit.max(1));
    let subunits = i128::from(subunits);
    let sign = if subunits < 0 { "-" } else { "" };
    format!("{sign}{}{}", (subunits / unit).unsigned_abs(), fraction(subunits, unit))
}

fn fraction(subunits: i128, unit: i128) -> String {
    let rest = (subunits % unit).unsigned_abs();
    if rest == 0 {
        return String::new();
    }
    let width = unit.to_string().len() - 1;
    format!(".{}", format!("{rest:0width$}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        let fen = |text| Decimal::parse(text).and_then(|d| d.scaled(2));
        assert_eq!(fen("4000.0"), Some(400_000));
        assert_eq!(fen(" 12.34 "), Some(1234));
        assert_eq!(fen("-.5"), Some(-50));
        assert_eq!(fen("0.125"), None, "more decimals than the scale");
        for wrong in ["", ".", "-", "1e5", "1,000", "１２", "9223372036854775808", "0.1234567891", "1.2.3", "+-1"] {
            assert_eq!(Decimal::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn amounts_are_printed_as_they_are_read() {
        assert_eq!(grouped(123_456_705, 100), "1,234,567.05");
        assert_eq!(grouped(-100_000, 100), "-1,000");
        assert_eq!(plain(123_450, 100), "1234.5");
        assert_eq!(plain(-5, 100), "-0.05");
        assert_eq!(grouped(999, 1), "999");
    }
}
