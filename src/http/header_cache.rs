//! HeaderCache of requests from a host that knows which fields it has handed over before.
//!
//! A client sends nearly the same fields with every request, its token and cookies among them, and they
//! are most of a head. So they cross and are read once, and then the host names them by a number. What
//! they mean for a request is decided anew each time.

use std::sync::Arc;

use crate::http::fields::Fields;
use crate::http::head::RequestHead;

/// Reads heads, and keeps the fields that have a number.
#[derive(Debug, Default)]
pub struct HeaderCache {
    /// With their numbers, each at the place that its number gives it
    kept: Vec<Option<(usize, Arc<Fields>)>>,
}

impl HeaderCache {
    /// Reads a head as [`RequestHead::parse`] takes it, behind a line that says which fields come with it:
    /// `7`, those that are kept by this number; `+7`, those behind the head and an empty line, which are
    /// kept by it from now on, in the place of the oldest; `+`, the same without keeping them. Hosts give
    /// numbers from 0 on and never twice, so that one means the same fields for ever, or nothing. The line
    /// ends in ` cf` where Cloudflare has received the request.
    ///
    /// `None` if it is not of that form, or if nothing is kept by the number.
    pub fn read(&mut self, text: impl Into<String>) -> Option<RequestHead> {
        let mut text = text.into();
        let line = text.split('\n').next()?;
        let start = line.len() + 1;
        let (line, from_cloudflare) = match line.strip_suffix(" cf") {
            Some(line) => (line, true),
            None => (line, false),
        };
        let head = match line.strip_prefix('+') {
            None => {
                let common = Arc::clone(self.find(line.parse().ok()?)?);
                RequestHead::read(text, start, Some(common), true)?
            }
            Some(number) => {
                let number = (!number.is_empty()).then(|| number.parse::<usize>());
                let number = number.transpose().ok()?;
                let end = text.find("\n\n")? + 1;
                let common = Arc::new(Fields::parse(text.split_off(end), 0)?);
                if let Some(number) = number {
                    self.keep(number, &common);
                }
                RequestHead::read(text, start, Some(common), number.is_some())?
            }
        };
        Some(if from_cloudflare { head.from_cloudflare() } else { head })
    }

    fn find(&self, number: usize) -> Option<&Arc<Fields>> {
        let (kept, fields) = self.kept.get(number % Self::KEPT)?.as_ref()?;
        (*kept == number).then_some(fields)
    }

    fn keep(&mut self, number: usize, fields: &Arc<Fields>) {
        let place = number % Self::KEPT;
        if self.kept.len() <= place {
            self.kept.resize(place + 1, None);
        }
        self.kept[place] = Some((number, Arc::clone(fields)));
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
        let mut heads = HeaderCache::default();
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
        let kept = HeaderCache::default().read(format!("+0\n{LINE}\na: 1\nb: \u{e9}\n")).unwrap();
        let loose = HeaderCache::default().read(format!("+\n{LINE}\na: 1\nb: \u{e9}\n")).unwrap();
        let whole = RequestHead::parse(format!("{LINE}a: 1\nb: \u{e9}\n")).unwrap();
        assert_eq!(seen(&kept), seen(&whole));
        assert_eq!(seen(&loose), seen(&whole));
        assert_eq!((kept.is_ascii(), whole.is_ascii()), (false, false));
    }

    #[test]
    fn a_number_means_the_same_fields_for_ever_or_nothing() {
        let mut heads = HeaderCache::default();
        for number in 0..3 * HeaderCache::KEPT {
            heads.read(format!("+{number}\n{LINE}\nauthorization: {number}\n")).unwrap();
            for known in 0..=number {
                let head = heads.read(format!("{known}\n{LINE}"));
                assert_eq!(
                    head.is_some(),
                    known + HeaderCache::KEPT > number,
                    "{known} of {number}"
                );
                let Some(head) = head else { continue };
                assert_eq!(head.header("authorization").next(), Some(&*known.to_string()));
            }
        }
    }

    #[test]
    fn what_nobody_has_kept_is_no_head() {
        let mut heads = HeaderCache::default();
        let unknown = ["", "0", "1", "x", "-1", "+x", "+1", "+0", "256"];
        for number in unknown {
            assert_eq!(heads.read(format!("{number}\n{LINE}")), None, "{number}");
        }
        assert_eq!(heads.read(format!("+0\n{LINE}\na b\n")), None);
        assert!(heads.read(format!("+0\n{LINE}\na: b\n")).is_some());
        assert_eq!(heads.read(format!("1\n{LINE}")), None);
        // what was not read has had its number all the same
        assert!(heads.read(format!("+2\n{LINE}\na: b\n")).is_some());
        assert!(heads.read(format!("2\n{LINE}")).is_some());
    }
}
