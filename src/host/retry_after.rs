//! How long a server asks clients to wait (RFC 9110, section 10.2.3; RFC 6585, section 4).

use super::GetResponse;

/// Seconds from `now` until the next request, from 1 to [`MAX_SECONDS`], for a response with status
/// 429 or 503. Better Auth sends `X-Retry-After`.
pub(crate) fn retry_after(response: &GetResponse, now: f64) -> Option<u32> {
    if !matches!(response.status, 429 | 503) {
        return None;
    }
    let values = ["retry-after", "x-retry-after"].map(|name| response.header(name));
    let mut seconds = values.into_iter().flatten().filter_map(|value| seconds(value.trim(), now));
    seconds.next().map(|seconds| seconds.clamp(1, MAX_SECONDS))
}

fn seconds(value: &str, now: f64) -> Option<u32> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().unwrap_or(u32::MAX));
    }
    Some((date(value)? - now).ceil().max(0.0) as u32)
}

/// Seconds since 1970 at an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
/// The two obsolete forms are ignored.
fn date(text: &str) -> Option<f64> {
    let (_, text) = text.split_once(", ")?;
    let text = text.strip_suffix(" GMT")?;
    let mut parts = text.split([' ', ':']);
    let mut part = || parts.next();
    let number = |part: Option<&str>| part?.parse::<u32>().ok().map(f64::from);
    let day = number(part())?;
    let month = part()?;
    let month = MONTHS.iter().position(|name| *name == month)? as f64;
    let [year, hours, minutes, seconds] =
        [number(part())?, number(part())?, number(part())?, number(part())?];
    if part().is_some() {
        return None;
    }
    // years and months are counted from March, so that a leap day is the last of its year
    let (year, month) = if month < 2.0 { (year - 1.0, month + 10.0) } else { (year, month - 2.0) };
    let leap_days = (year / 4.0).floor() - (year / 100.0).floor() + (year / 400.0).floor();
    let days = 365.0 * year + leap_days + ((153.0 * month + 2.0) / 5.0).floor() + day - 1.0;
    Some((days - DAYS_UNTIL_1970) * 86_400.0 + hours * 3_600.0 + minutes * 60.0 + seconds)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Since 1 March of the year 0.
const DAYS_UNTIL_1970: f64 = 719_468.0;

/// The longest time that the edge waits.
const MAX_SECONDS: u32 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn after(status: u16, headers: &[(&str, &str)], now: f64) -> Option<u32> {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        retry_after(&GetResponse { status, headers: headers.collect(), body: Vec::new() }, now)
    }

    #[test]
    fn the_headers_of_a_busy_server_are_read() {
        for (value, seconds) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("300", Some(300)),
            ("301", Some(300)),
            ("99999999999999999999", Some(300)),
            (&"9".repeat(5_000), Some(300)),
            ("000000000000000000007", Some(7)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("soon", None),
            ("5, 10", None),
            ("\u{667}", None),
        ] {
            assert_eq!(after(429, &[("retry-after", value)], 0.0), seconds, "{value}");
            assert_eq!(after(503, &[("x-retry-after", value)], 0.0), seconds, "{value}");
        }
        let both = [("x-retry-after", "9"), ("retry-after", "3")];
        assert_eq!(after(429, &both, 0.0), Some(3), "the standard's comes first");
        let garbled = [("x-retry-after", "9"), ("retry-after", "soon")];
        assert_eq!(after(429, &garbled, 0.0), Some(9));
    }

    #[test]
    fn the_headers_of_other_responses_are_ignored() {
        for status in [200, 301, 401, 403, 404, 500, 502] {
            assert_eq!(after(status, &[("retry-after", "7")], 0.0), None, "{status}");
        }
        assert_eq!(after(429, &[], 0.0), None);
    }

    #[test]
    fn a_date_is_converted_to_the_seconds_left() {
        let now = 784_111_777.0; // Sun, 06 Nov 1994 08:49:37 GMT
        for (date, seconds) in [
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(1)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(1)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(300)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(300)),
            ("Sun, 06 Nov 0000 08:49:47 GMT", Some(1)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", None),
            ("Sun Nov  6 08:49:47 1994", None),
            ("Sun, 06 Nov 1994 08:49:47", None),
            ("Sun, 06 Nov 1994 08:49:47:00 GMT", None),
            ("Sun, 06 Nox 1994 08:49:47 GMT", None),
        ] {
            assert_eq!(after(503, &[("retry-after", date)], now), seconds, "{date}");
        }
        // a leap day, and the day after it
        for (date, then) in [
            ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800.0),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200.0),
            ("Thu, 31 Dec 2026 23:59:59 GMT", 1_798_761_599.0),
            ("Fri, 01 Jan 2027 00:00:00 GMT", 1_798_761_600.0),
        ] {
            assert_eq!(after(503, &[("retry-after", date)], then - 20.0), Some(20), "{date}");
            assert_eq!(after(503, &[("retry-after", date)], then - 19.5), Some(20), "{date}");
        }
    }
}
