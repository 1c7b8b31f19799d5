//! A cache of header fields, so that a host passes a client's fields only once.
//!
//! A client sends most fields with every request, its token and cookies among them, and they are
//! most of a head. The host passes and this module parses them once. Then the host names them by a
//! number. The edge still decides about each request.

use std::sync::Arc;

use crate::http::fields::Fields;
use crate::http::head::RequestHead;

/// Parses heads, and caches the fields that have a number.
#[derive(Debug, Default)]
pub struct HeaderCache {
    /// Fields with their numbers. The fields with number `n` are at index `n % CAPACITY`
    cached: Vec<Option<(u64, Arc<Fields>)>>,
}

impl HeaderCache {
    /// Parses a head. The first line selects further fields, and [`RequestHead::parse`] describes
    /// the rest:
    ///
    /// - `7`: the cached fields with this number.
    /// - `+7`: the fields after the head and an empty line. They are cached with this number and
    ///   replace the oldest.
    /// - `+`: the fields after the head and an empty line. They are not cached.
    ///
    /// The first line ends in ` cf` if Cloudflare has received the request. Elsewhere, the scheme
    /// of a request with `X-Edge-Scheme-By-Proxy` is what `X-Forwarded-Proto` says: a host that
    /// lets a client send the first header lets it choose the scheme. A host counts the numbers
    /// from 0 and uses none twice, so that a number always means the same fields.
    ///
    /// `None` if the text is malformed, or if no fields with the number are cached.
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
                let number = (!number.is_empty()).then(|| number.parse::<u64>());
                let number = number.transpose().ok()?;
                let end = text.find("\n\n")? + 1;
                let common = Arc::new(Fields::parse(text.split_off(end), 0)?);
                if let Some(number) = number {
                    self.insert(number, &common);
                }
                RequestHead::read(text, start, Some(common), number.is_some())?
            }
        };
        match from_cloudflare {
            true => Some(head.from_cloudflare()),
            // at Cloudflare, a client could have marked the request
            false => head.behind_proxy(),
        }
    }

    fn find(&self, number: u64) -> Option<&Arc<Fields>> {
        let (cached, fields) = self.cached.get(Self::index(number))?.as_ref()?;
        (*cached == number).then_some(fields)
    }

    fn insert(&mut self, number: u64, fields: &Arc<Fields>) {
        let index = Self::index(number);
        if self.cached.len() <= index {
            self.cached.resize(index + 1, None);
        }
        self.cached[index] = Some((number, Arc::clone(fields)));
    }

    fn index(number: u64) -> usize {
        (number % Self::CAPACITY as u64) as usize
    }

    /// The clients whose fields are cached.
    pub const CAPACITY: usize = 1024;
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "GET\nhttp://edge/a?b\n";

    fn fields(head: &RequestHead) -> Vec<(String, String)> {
        head.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn later_heads_have_the_cached_fields() {
        let mut cache = HeaderCache::default();
        let first = cache.read(format!("+0\n{LINE}range: c\n\nAccept: a\ncookie: b\n")).unwrap();
        let whole = [("range", "c"), ("accept", "a"), ("cookie", "b")];
        assert_eq!(fields(&first), whole.map(|(n, v)| (n.to_owned(), v.to_owned())));
        let again = cache.read(format!("0\n{LINE}range: c\n")).unwrap();
        assert_eq!((again.method(), again.path(), again.query()), ("GET", "/a", Some("b")));
        assert_eq!(fields(&again), fields(&first));
        assert_eq!(again.header("cookie").collect::<Vec<_>>(), ["b"]);
        let other = cache.read("0\nPUT\nhttp://edge/\n").unwrap();
        assert_eq!(fields(&other), fields(&first)[1..]);
    }

    #[test]
    fn a_head_is_the_same_with_cached_and_uncached_fields() {
        let cached = HeaderCache::default().read(format!("+0\n{LINE}\na: 1\nb: \u{e9}\n")).unwrap();
        let uncached =
            HeaderCache::default().read(format!("+\n{LINE}\na: 1\nb: \u{e9}\n")).unwrap();
        let whole = RequestHead::parse(format!("{LINE}a: 1\nb: \u{e9}\n")).unwrap();
        assert_eq!(fields(&cached), fields(&whole));
        assert_eq!(fields(&uncached), fields(&whole));
        assert_eq!((cached.is_ascii(), whole.is_ascii()), (false, false));
    }

    #[test]
    fn a_proxy_names_the_scheme_only_outside_cloudflare() {
        let marks = "x-forwarded-proto: https\nx-edge-scheme-by-proxy: 1\n";
        for (mark, origin) in [("", "https://edge"), (" cf", "http://edge")] {
            let mut cache = HeaderCache::default();
            let first = cache.read(format!("+0{mark}\n{LINE}\n{marks}")).unwrap();
            let again = cache.read(format!("0{mark}\n{LINE}")).unwrap();
            let uncached = cache.read(format!("+{mark}\n{LINE}{marks}\n")).unwrap();
            for head in [first, again, uncached] {
                assert_eq!((head.origin(), head.path()), (origin, "/a"), "{mark:?}");
            }
        }
    }

    #[test]
    fn a_number_means_the_same_fields_until_they_are_evicted() {
        let mut cache = HeaderCache::default();
        let capacity = HeaderCache::CAPACITY;
        for number in 0..3 * capacity {
            cache.read(format!("+{number}\n{LINE}\nauthorization: {number}\n")).unwrap();
            let oldest = (number + 1).saturating_sub(capacity);
            // all numbers now and then, those at the limit always
            let is_whole = number % (capacity / 8) == 0 || number + 1 == 3 * capacity;
            let first = if is_whole { 0 } else { oldest.saturating_sub(2) };
            let last = if is_whole { number } else { oldest };
            for known in (first..=last).chain([number]) {
                let head = cache.read(format!("{known}\n{LINE}"));
                assert_eq!(head.is_some(), known + capacity > number, "{known} of {number}");
                let Some(head) = head else { continue };
                assert_eq!(head.header("authorization").next(), Some(&*known.to_string()));
            }
        }
    }

    #[test]
    fn numbers_beyond_32_bits_are_cached() {
        let mut cache = HeaderCache::default();
        for number in [1 << 32, (1 << 53) - 1_u64] {
            cache.read(format!("+{number}\n{LINE}\na: {number}\n")).unwrap();
            let head = cache.read(format!("{number}\n{LINE}")).unwrap();
            assert_eq!(head.header("a").next(), Some(&*number.to_string()));
        }
        assert_eq!(cache.read(format!("0\n{LINE}")), None);
    }

    #[test]
    fn a_malformed_head_or_an_unknown_number_is_not_parsed() {
        let mut cache = HeaderCache::default();
        let unknown = ["", "0", "1", "x", "-1", "+x", "+1", "+0", "1024"];
        for number in unknown {
            assert_eq!(cache.read(format!("{number}\n{LINE}")), None, "{number}");
        }
        assert_eq!(cache.read(format!("+0\n{LINE}\na b\n")), None);
        assert!(cache.read(format!("+0\n{LINE}\na: b\n")).is_some());
        assert_eq!(cache.read(format!("1\n{LINE}")), None);
        // a malformed head has used its number all the same
        assert!(cache.read(format!("+2\n{LINE}\na: b\n")).is_some());
        assert!(cache.read(format!("2\n{LINE}")).is_some());
    }
}
