//! Heads of requests from a host that knows which fields it has handed over before.
//!
//! A client sends nearly the same fields with every request, its token and cookies among them, and they
//! are most of a head. So they cross and are read once, and then the host names them by a number. What
//! they mean for a request is decided anew each time.

use std::sync::Arc;

use super::fields::Fields;
use super::head::RequestHead;

/// Reads heads, and keeps the fields that have a number.
#[derive(Debug, Default)]
pub struct Heads(Vec<Arc<Fields>>);

impl Heads {
    /// Reads a head as [`RequestHead::parse`] takes it, behind a line that says which fields come with it:
    /// `7`, those that are kept by this number; `+7`, those behind the head and an empty line, which are
    /// kept by it from now on, in the place of others; `+`, the same without keeping them. Numbers are
    /// given from 0 on, and are less than [`KEPT`](Self::KEPT).
    ///
    /// `None` if it is not of that form, or if nothing is kept by the number.
    pub fn read(&mut self, text: impl Into<String>) -> Option<RequestHead> {
        let mut text = text.into();
        let number = text.split('\n').next()?;
        let start = number.len() + 1;
        let Some(number) = number.strip_prefix('+') else {
            let number = number.parse::<usize>().ok()?;
            let common = Arc::clone(self.0.get(number)?);
            return RequestHead::read(text, start, Some(common), true);
        };
        let number = (!number.is_empty()).then(|| number.parse::<usize>()).transpose().ok()?;
        let end = text.find("\n\n")? + 1;
        let common = Arc::new(Fields::parse(text.split_off(end), 0)?);
        if let Some(number) = number {
            self.keep(number, &common)?;
        }
        RequestHead::read(text, start, Some(common), number.is_some())
    }

    fn keep(&mut self, number: usize, fields: &Arc<Fields>) -> Option<()> {
        let count = self.0.len();
        match self.0.get_mut(number) {
            Some(kept) => *kept = Arc::clone(fields),
            None if number == count && count < Self::KEPT => self.0.push(Arc::clone(fields)),
            None => return None,
        }
        Some(())
    }

    /// So many fields of clients are kept.
    pub const KEPT: usize = 256;
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "GET\nhttp://edge/a?b\n";

    fn seen(head: &RequestHead) -> Vec<(String, String)> {
        head.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn fields_that_were_kept_are_those_of_later_heads_too() {
        let mut heads = Heads::default();
        let first = heads.read(format!("+0\n{LINE}range: c\n\nAccept: a\ncookie: b\n")).unwrap();
        let whole = [("range", "c"), ("accept", "a"), ("cookie", "b")];
        assert_eq!(seen(&first), whole.map(|(n, v)| (n.to_owned(), v.to_owned())));
        let again = heads.read(format!("0\n{LINE}range: c\n")).unwrap();
        assert_eq!((again.method(), again.path(), again.query()), ("GET", "/a", Some("b")));
        assert_eq!(seen(&again), seen(&first));
        assert_eq!(again.header("cookie").collect::<Vec<_>>(), ["b"]);
        let other = heads.read("0\nPUT\nhttp://edge/\n").unwrap();
        assert_eq!(seen(&other), seen(&first)[1..]);
    }

    #[test]
    fn a_head_is_the_same_whether_its_fields_were_kept_or_not() {
        let kept = Heads::default().read(format!("+0\n{LINE}\na: 1\nb: \u{e9}\n")).unwrap();
        let loose = Heads::default().read(format!("+\n{LINE}\na: 1\nb: \u{e9}\n")).unwrap();
        let whole = RequestHead::parse(format!("{LINE}a: 1\nb: \u{e9}\n")).unwrap();
        assert_eq!(seen(&kept), seen(&whole));
        assert_eq!(seen(&loose), seen(&whole));
        assert_eq!((kept.is_ascii(), whole.is_ascii()), (false, false));
    }

    #[test]
    fn a_number_is_given_to_other_fields_and_means_those_from_then_on() {
        let mut heads = Heads::default();
        for value in ["a", "b"] {
            heads.read(format!("+0\n{LINE}\nauthorization: {value}\n")).unwrap();
            let head = heads.read(format!("0\n{LINE}")).unwrap();
            assert_eq!(head.header("authorization").collect::<Vec<_>>(), [value]);
        }
    }

    #[test]
    fn what_nobody_has_kept_is_no_head() {
        let mut heads = Heads::default();
        let unknown = ["", "0", "1", "x", "-1", "+x", "+1", "+0"];
        for number in unknown {
            assert_eq!(heads.read(format!("{number}\n{LINE}")), None, "{number}");
        }
        assert_eq!(heads.read(format!("+1\n{LINE}\na: b\n")), None);
        assert_eq!(heads.read(format!("+0\n{LINE}\na b\n")), None);
        assert!(heads.read(format!("+0\n{LINE}\na: b\n")).is_some());
        assert_eq!(heads.read(format!("1\n{LINE}")), None);
        for number in 1..Heads::KEPT {
            assert!(heads.read(format!("+{number}\n{LINE}\na: b\n")).is_some());
        }
        assert_eq!(heads.read(format!("+{}\n{LINE}\na: b\n", Heads::KEPT)), None);
    }
}
