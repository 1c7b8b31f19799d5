//! Numbers (RFC 8259, section 6) with their spelling.
//!
//! The standard library converts any text to the nearest `f64`, with tables of 13 kB. Claims do not
//! need the last bit.

use std::fmt;

/// A number with its spelling. `1e999` is a number in JSON, although it exceeds any `f64`.
#[derive(Clone, Debug)]
pub struct Number(Box<str>);

impl Number {
    /// A text that the parser has accepted as a number.
    pub(super) fn new(written: &str) -> Self {
        Self(written.into())
    }

    /// The number as it is spelled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, or `None` if it exceeds every finite `f64`. It is exact for numbers of up to 15
    /// digits from 10⁻²² to 10²². Other results can differ from the nearest `f64` by a few units in
    /// the last place.
    pub fn as_f64(&self) -> Option<f64> {
        // most numbers in tokens are such times
        if self.0.len() <= EXACT_DIGITS && self.0.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(integer(&self.0) as f64);
        }
        let Decimal { negative, digits, exponent } = self.decimal();
        if digits.is_empty() {
            return Some(0.0);
        }
        let (kept, dropped) = digits.split_at(digits.len().min(MAX_DIGITS));
        let exponent = exponent.saturating_add(dropped.len() as i64);
        let digits = integer(kept);
        // beyond these exponents, every number is infinite or zero
        let exponent = exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT) as i32;
        let value = match exponent {
            0.. => digits as f64 * 10f64.powi(exponent),
            -300.. => digits as f64 / 10f64.powi(-exponent),
            // in two steps, because 10 to the power of the whole exponent can be infinite
            _ => digits as f64 / 1e300 / 10f64.powi(-300 - exponent),
        };
        value.is_finite().then_some(if negative { -value } else { value })
    }

    fn decimal(&self) -> Decimal {
        let (mantissa, exponent) = match self.0.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)),
            None => (&*self.0, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(mantissa) => (true, mantissa),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        let significant = digits.trim_end_matches('0');
        let zeros = digits.len() - significant.len();
        let exponent = exponent.saturating_sub(fraction.len() as i64).saturating_add(zeros as i64);
        let digits = significant.trim_start_matches('0').to_owned();
        match digits.is_empty() {
            true => Decimal { negative: false, digits, exponent: 0 },
            false => Decimal { negative, digits, exponent },
        }
    }
}

/// Compares values: `1` equals `1.0` and `10e-1`. Numbers whose exponents exceed every integer type
/// are equal only if their spelling is equal.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        let is_exact =
            |value: &Decimal| value.exponent.unsigned_abs() < UNBOUNDED_EXPONENT.unsigned_abs() / 2;
        let is_same = |value: Decimal| is_exact(&value) && value == other.decimal();
        self.0 == other.0 || is_same(self.decimal())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The normal form of a number: `digits` times ten to the power of `exponent`. The digits neither
/// begin nor end with a zero, and are empty for zero.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// The value of at most [`MAX_DIGITS`] digits.
fn integer(digits: &str) -> u64 {
    digits.bytes().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

/// The exponent after the `e`; [`UNBOUNDED_EXPONENT`] if it exceeds the integer type.
fn parse_exponent(text: &str) -> i64 {
    let limit = if text.starts_with('-') { -UNBOUNDED_EXPONENT } else { UNBOUNDED_EXPONENT };
    text.parse()
        .ok()
        .filter(|exponent: &i64| exponent.unsigned_abs() < UNBOUNDED_EXPONENT as u64)
        .unwrap_or(limit)
}

/// Far from the limits of an `i64`, so that adding the number of digits cannot overflow.
const UNBOUNDED_EXPONENT: i64 = i64::MAX / 2;

/// Ten to this power exceeds every `f64`, even divided by a number of [`MAX_DIGITS`] digits.
const MAX_EXPONENT: i64 = 400;

/// An `f64` represents every integer of this many digits.
const EXACT_DIGITS: usize = 15;

/// Every number of this many digits fits into a `u64`.
const MAX_DIGITS: usize = 19;

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
            "0.123",
            "12345.678901234",
            "7e-22",
            "100e-2",
            "0e999",
        ] {
            assert_eq!(value(text), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_close_to_the_nearest_f64() {
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
        let long = format!("1e{}", "9".repeat(100));
        for text in
            ["1e309", "-1e999", "1e99999999", "1e99999999999999999999", &long, &"9".repeat(400)]
        {
            assert_eq!(value(text), None, "{text}");
        }
        assert!(value("-1e-320").is_some_and(|value| value < 0.0));
    }

    #[test]
    fn zero_stays_zero_with_any_exponent_and_tiny_numbers_become_zero() {
        let long = format!("1e-{}", "9".repeat(100));
        for text in [
            "0e99999999999",
            "-0.00e+99999999999999999999999",
            "0e-99999999999",
            "1e-999",
            "1e-2147483649",
            "9.99e-99999999999999999999",
            &long,
        ] {
            assert_eq!(value(text), Some(0.0), "{text}");
        }
        let shifted = format!("0.{}1e1000", "0".repeat(999));
        assert_eq!(value(&shifted), Some(1.0));
        assert_eq!(value(&format!("1{}e-1000", "0".repeat(1000))), Some(1.0));
    }

    #[test]
    fn numbers_are_compared_by_value() {
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
            ("1e99999999999999999999", "10e99999999999999999999"),
            ("1e2147483648", "1e2147483649"),
        ] {
            assert!(!equal(a, b), "{a} {b}");
        }
        assert!(equal("1e99999999999999999999", "1e99999999999999999999"));
        assert!(equal("1e2147483648", "10e2147483647"));
        assert!(equal("0e99999999999999999999", "0"));
    }
}
