//! Entries and pages of a feed, as stores keep them: texts that mean nothing to a store.

use super::key::Key;

/// One revocation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) term: Term,
}

/// For how long a revocation counts, and for which sessions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Term {
    /// When it is forgotten, in seconds since 1970
    pub(super) until: f64,
    /// What began before that time has ended, in seconds since 1970. Infinite: whenever it began
    pub(super) not_before: f64,
}

impl Entry {
    /// The largest entry, in bytes.
    pub(super) const MAX_BYTES: usize = 100;

    /// Parses a line: key, end and `not_before`, separated by a space.
    pub(super) fn parse(line: &str) -> Option<Self> {
        if line.len() > Self::MAX_BYTES {
            return None;
        }
        let mut words = line.split(' ');
        let (key, until, not_before) = (words.next()?, words.next()?, words.next()?);
        let not_before = if not_before == "*" { f64::INFINITY } else { seconds(not_before)? };
        let term = Term { until: seconds(until)?, not_before };
        words.next().is_none().then_some(Self { key: Key::from_text(key)?, term })
    }

    /// Appends the line.
    pub(super) fn write(&self, text: &mut String) {
        let Term { until, not_before } = self.term;
        text.push_str(&self.key.as_text());
        text.push(' ');
        text.push_str(&(until.ceil() as u64).to_string());
        text.push(' ');
        match not_before.is_finite() {
            true => push_seconds(not_before, text),
            false => text.push('*'),
        }
        text.push('\n');
    }
}

impl Term {
    /// What both revoke.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            until: self.until.max(other.until),
            not_before: self.not_before.max(other.not_before),
        }
    }
}

/// A part of a feed.
#[derive(Debug, PartialEq)]
pub(super) struct Page<'p> {
    /// Where the next page begins
    pub(super) cursor: &'p str,
    /// Whether the next page is there already
    pub(super) has_more: bool,
    /// Whether the page begins from the start, because the store does not know the cursor
    pub(super) is_reset: bool,
    entries: &'p str,
}

impl<'p> Page<'p> {
    /// The most entries.
    const MAX_ENTRIES: usize = 10_000;

    /// The largest page, in bytes.
    pub(super) const MAX_BYTES: usize = 200 + Self::MAX_ENTRIES * (Entry::MAX_BYTES + 1);

    /// Parses a page.
    ///
    /// # Errors
    /// What is wrong with it, as a predicate.
    pub(super) fn parse(text: &'p str) -> Result<Self, &'static str> {
        if text.len() > Self::MAX_BYTES {
            return Err("is too large");
        }
        let (first, entries) = text.split_once('\n').unwrap_or((text, ""));
        let words: Vec<_> = first.splitn(4, ' ').collect();
        let (cursor, more, is_reset) = match words[..] {
            [cursor, more] => (cursor, more, false),
            [cursor, more, "reset"] => (cursor, more, true),
            _ => return Err("does not begin with a cursor"),
        };
        let has_more = match more {
            "0" => false,
            "1" => true,
            _ => return Err("does not say whether it is the last"),
        };
        if !is_cursor(cursor) {
            return Err("has a cursor that is empty, too long or not printable");
        }
        // the cursor would skip those that are not read
        if lines(entries).count() > Self::MAX_ENTRIES {
            return Err("has more than 10000 entries");
        }
        Ok(Self { cursor, has_more, is_reset, entries })
    }

    /// Its entries. `None` for each that is malformed.
    pub(super) fn entries(&self) -> impl Iterator<Item = Option<Entry>> + 'p {
        lines(self.entries).map(Entry::parse)
    }

    /// Whether it has no entries.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn lines(entries: &str) -> impl Iterator<Item = &str> {
    entries.split('\n').filter(|line| !line.is_empty())
}

/// Whether a store can have made this cursor.
pub(super) fn is_cursor(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A number of seconds with an optional fraction, at most 15 digits: exact to the nearest `f64`, as
/// claims are. The standard library's conversion is large.
fn seconds(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let length = whole.len() + fraction.len();
    if !digits(whole) || !digits(fraction) || length > MAX_DIGITS {
        return None;
    }
    let number = whole.bytes().chain(fraction.bytes());
    let number = number.fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    let seconds = number as f64 / 10f64.powi(fraction.len() as i32);
    (seconds < YEAR_10000).then_some(seconds)
}

const MAX_DIGITS: usize = 15;
const YEAR_10000: f64 = 253_402_300_800.0;

/// Appends seconds with three digits of fraction. A smaller part of a millisecond rounds up, so
/// that nothing that had begun before survives.
fn push_seconds(seconds: f64, text: &mut String) {
    // the nearest f64 of a whole number of milliseconds can be slightly more
    let milliseconds = (seconds * 1_000.0 - 0.01).ceil().max(0.0) as u64;
    text.push_str(&(milliseconds / 1_000).to_string());
    text.push('.');
    let fraction = (1_000 + milliseconds % 1_000).to_string();
    text.push_str(&fraction[1..]);
}

#[cfg(test)]
mod tests {
    use super::super::key::Kind;
    use super::*;

    fn entry(until: f64, not_before: f64) -> Entry {
        let key = Key::of("https://app.example", Kind::Session, "1");
        Entry { key, term: Term { until, not_before } }
    }

    fn written(entry: &Entry) -> String {
        let mut text = String::new();
        entry.write(&mut text);
        text
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        for (until, not_before, end) in [
            (1_764_386_400.0, f64::INFINITY, " 1764386400 *\n"),
            (1_764_386_400.0, 1_764_300_000.123, " 1764386400 1764300000.123\n"),
            (1_764_386_400.0, 1_764_300_000.0, " 1764386400 1764300000.000\n"),
            (0.0, 0.0, " 0 0.000\n"),
        ] {
            let entry = entry(until, not_before);
            let text = written(&entry);
            assert!(text.ends_with(end) && text.len() <= Entry::MAX_BYTES, "{text}");
            assert_eq!(Entry::parse(text.trim_end()), Some(entry));
        }
    }

    #[test]
    fn times_are_rounded_up() {
        let text = written(&entry(1_764_386_400.25, 1_764_300_000.123_4));
        assert!(text.ends_with(" 1764386401 1764300000.124\n"), "{text}");
    }

    #[test]
    fn a_malformed_entry_is_not_read() {
        let key = entry(0.0, 0.0).key.as_text();
        for rest in [
            "",
            " 1",
            " 1 ",
            " 1  2",
            " 1 2 3",
            " 1 -2",
            " 1 2.",
            " 1 .2",
            " 1 2.3.4",
            " 1 **",
            " * 2",
            " 1e3 2",
            " 1 NaN",
            " 1 1234567890.123456",
            " 999999999999999 2",
            " 1 253402300800",
            " 1 \u{661}",
        ] {
            assert_eq!(Entry::parse(&format!("{key}{rest}")), None, "{rest:?}");
        }
        assert_eq!(Entry::parse(&format!("{} 1 2", &key[1..])), None);
        assert_eq!(Entry::parse(&format!("{key} 1 2{}", "0".repeat(80))), None);
        assert!(Entry::parse(&format!("{key} 1 2")).is_some());
    }

    #[test]
    fn a_page_has_a_cursor_and_entries() {
        let line = written(&entry(5.0, 6.0));
        let text = format!("c-1 1 reset\n{line}nonsense\n{line}");
        let page = Page::parse(&text).unwrap();
        assert_eq!((page.cursor, page.has_more, page.is_reset), ("c-1", true, true));
        let entries: Vec<_> = page.entries().collect();
        assert_eq!(entries, [Some(entry(5.0, 6.0)), None, Some(entry(5.0, 6.0))]);
        for text in ["c 0", "c 0\n"] {
            let page = Page::parse(text).unwrap();
            assert!(!page.has_more && !page.is_reset && page.is_empty());
        }
    }

    #[test]
    fn a_malformed_page_is_an_error() {
        let long = format!("{} 0", "c".repeat(129));
        for text in ["", "\n", "c", " 0", "c 2", "c 0 again", "c 0 reset x", "\u{e9} 0", &long] {
            assert!(Page::parse(text).is_err(), "{text:?}");
        }
        let text = format!("c 0\n{}", "x".repeat(Page::MAX_BYTES));
        assert_eq!(Page::parse(&text), Err("is too large"));
    }
}
