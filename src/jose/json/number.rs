//! Numbers (RFC 8259, section 6), kept as they are written.
//!
//! The standard library's way from text to `f64` is exact in the last bit for any text, and brings
//! tables of 13 kB for it. Nothing here needs that bit.

use std::fmt;

/// A number as it was written: `1e999` is one in JSON, though no `f64` holds it.
#[derive(Clone, Debug)]
pub struct Number(Box<str>);

impl Number {
    /// A text that the parser has found to be a number.
    pub(super) fn new(written: &str) -> Self {
        Self(written.into())
    }

    /// Its value, or `None` where no finite `f64` is near it. Exact for all numbers of up to 15
    /// digits that are no larger than 10²² and no smaller than 10⁻²²; beyond that, up to a few units
    /// in the last place away from the nearest `f64`.
    pub fn as_f64(&self) -> Option<f64> {
        let Decimal { negative, digits, exponent } = self.decimal()?;
        if digits.is_empty() {
            return Some(0.0);
        }
        let (kept, dropped) = digits.split_at(digits.len().min(MOST_DIGITS));
        let exponent = exponent.saturating_add(dropped.len() as i32);
        let digits = kept.bytes().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        let value = match exponent {
            0.. => digits as f64 * 10f64.powi(exponent),
            _ => digits as f64 / 10f64.powi(exponent.saturating_neg()),
        };
        value.is_finite().then_some(if negative { -value } else { value })
    }

    /// `None` for exponents beyond all reason.
    fn decimal(&self) -> Option<Decimal> {
        let (mantissa, exponent) = match self.0.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (&*self.0, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(mantissa) => (true, mantissa),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        let significant = digits.trim_end_matches('0');
        let behind_point = i32::try_from(fraction.len()).ok()?;
        let zeros = i32::try_from(digits.len() - significant.len()).ok()?;
        let exponent = exponent.checked_sub(behind_point)?.checked_add(zeros)?;
        let digits = significant.trim_start_matches('0').to_owned();
        Some(match digits.is_empty() {
            true => Decimal { negative: false, digits, exponent: 0 },
            false => Decimal { negative, digits, exponent },
        })
    }
}

/// By value: `1` is `1.0` and `10e-1`.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.decimal().is_some_and(|value| Some(value) == other.decimal())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number in the one form that it has: `digits` times ten to the power of `exponent`, with no zero
/// at either end of the digits, which are empty for zero.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i32,
}

/// As many as any `u64` holds.
const MOST_DIGITS: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<f64> {
        Number::new(text).as_f64()
    }

    #[test]
    fn numbers_of_up_to_15_digits_are_exact() {
        for text in [
            "0",
            "-0",
            "1",
            "-1",
            "1.5",
            "1760000000",
            "1760000000.123",
            "1.76e9",
            "253402300799",
            "0.1",
            "1e-7",
            "123456789012345",
            "1e22",
            "5e-10",
            "0.30",
            "100e-2",
            "0e999",
        ] {
            assert_eq!(value(text), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn others_are_near() {
        for text in [
            "1760000000.1234567890123456789",
            "9007199254740993",
            "123456789012345678901234567890",
            "1e300",
            "-2.5e-300",
            "0.00000000000000000000000000000000001",
            "3.141592653589793238",
        ] {
            let (value, exact) = (value(text).unwrap(), text.parse::<f64>().unwrap());
            assert!((value - exact).abs() <= exact.abs() * 1e-14, "{text}: {value}");
        }
        for text in ["1e309", "-1e999", "1e99999999999999999999", &"9".repeat(400)] {
            assert_eq!(value(text), None, "{text}");
        }
        assert_eq!(value("1e-999"), Some(0.0));
    }

    #[test]
    fn numbers_are_equal_by_value_and_not_by_spelling() {
        let equal = |a, b| Number::new(a) == Number::new(b);
        for (a, b) in [("1", "1.0"), ("1", "10e-1"), ("0", "-0.00"), ("1E+2", "100"), ("0", "0e7")]
        {
            assert!(equal(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "-1"),
            ("1", "10"),
            ("9007199254740993", "9007199254740992"),
            ("0.1", "0.10000000000000001"),
            ("1e99999999999999999999", "1e99999999999999999998"),
        ] {
            assert!(!equal(a, b), "{a} {b}");
        }
        assert!(equal("1e99999999999999999999", "1e99999999999999999999"));
    }
}
