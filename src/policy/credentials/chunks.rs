//! The values of a cookie that Better Auth may have split into numbered chunks. A neighboring host
//! can add cookies with the same names, so there may be several values.

use crate::policy::credentials::canonical::unquoted;

/// The possible values of a cookie.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Assembled {
    /// At most [`MOST_VALUES`]
    pub(super) values: Vec<String>,
    /// Whether there are only chunks, and they have a gap or are more than Better Auth writes
    pub(super) is_incomplete: bool,
}

/// Assembles the values of a cookie. Chunks beside a whole value are left over from a time when it
/// was longer. Better Auth reads the whole value, so that comes first.
pub(super) fn assemble(name: &str, cookies: &[(&str, &str)]) -> Assembled {
    let whole = distinct(name, cookies).into_iter().filter(|value| !value.is_empty());
    let mut values: Vec<_> = whole.map(str::to_owned).collect();
    let (mut joined, mut count, mut used) = (vec![String::new()], 0, 0);
    while count < MOST_CHUNKS {
        let chunk_name = format!("{name}.{count}");
        let chunks = distinct(&chunk_name, cookies);
        if chunks.is_empty() {
            break;
        }
        let mut longer = Vec::new();
        for before in &joined {
            for chunk in &chunks {
                if longer.len() < MOST_VALUES {
                    longer.push([before, *chunk].concat());
                }
            }
        }
        joined = longer;
        count += 1;
        used += cookies.iter().filter(|(given, _)| *given == chunk_name).count();
    }
    let chunks = cookies.iter().filter(|(given, _)| is_chunk(given, name)).count();
    let is_incomplete = values.is_empty() && chunks != used;
    if count > 0 {
        values.append(&mut joined);
    }
    values.truncate(MOST_VALUES);
    Assembled { values, is_incomplete }
}

/// The values of the cookies with that name, each once and unquoted, in the order of the header.
/// Only the first few, because the edge tries no more.
fn distinct<'c>(name: &str, cookies: &[(&'c str, &'c str)]) -> Vec<&'c str> {
    let mut distinct = Vec::new();
    for (_, value) in cookies.iter().filter(|(given, _)| *given == name) {
        if distinct.len() > MOST_VALUES {
            break;
        }
        let value = unquoted(value);
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// Values of one cookie. More than a browser has unless a neighboring host adds some.
pub(super) const MOST_VALUES: usize = 4;

/// Chunks of one cookie, as Better Auth limits them.
const MOST_CHUNKS: usize = 100;

/// Whether a name is that of a chunk: another name, a dot and a canonical number.
pub(super) fn is_chunk(given: &str, name: &str) -> bool {
    let index = given.strip_prefix(name).and_then(|suffix| suffix.strip_prefix('.'));
    index.is_some_and(|index| {
        let canonical = index == "0" || !index.starts_with('0');
        canonical && !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembled(cookies: &[(&str, &str)]) -> (Vec<String>, bool) {
        let Assembled { values, is_incomplete } = assemble("c", cookies);
        (values, is_incomplete)
    }

    fn chunks(count: usize) -> Vec<(String, String)> {
        (0..count).map(|i| (format!("c.{i}"), i.to_string())).collect()
    }

    fn borrowed(cookies: &[(String, String)]) -> Vec<(&str, &str)> {
        cookies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn the_values_of_a_name_are_in_order_and_distinct() {
        let cookies = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "1"), ("A", "4")];
        assert_eq!(distinct("a", &cookies), ["1", "3"]);
        assert!(distinct("c", &cookies).is_empty());
    }

    #[test]
    fn without_the_cookie_there_are_no_values() {
        assert_eq!(assembled(&[]), (vec![], false));
        assert_eq!(
            assembled(&[("c", ""), ("cc", "x"), ("c.x", "y"), ("d.0", "z")]),
            (vec![], false)
        );
    }

    #[test]
    fn a_cookie_has_at_most_a_hundred_chunks() {
        let all = chunks(100);
        let joined: String = (0..100).map(|i| i.to_string()).collect();
        assert_eq!(assembled(&borrowed(&all)), (vec![joined.clone()], false));
        assert_eq!(assembled(&borrowed(&chunks(101))), (vec![joined], true));
    }

    #[test]
    fn chunks_with_a_gap_are_incomplete() {
        for (cookies, values, expected) in [
            (&[("c.1", "b")][..], &[][..], true),
            (&[("c", ""), ("c.1", "b")], &[], true),
            (&[("c.0", "a"), ("c.2", "c")], &["a"], true),
            // chunks beside a whole value do not matter
            (&[("c", "w"), ("c.0", "a")], &["w", "a"], false),
            (&[("c.1", "b"), ("c", "w")], &["w"], false),
        ] {
            let (found, is_incomplete) = assembled(cookies);
            let found: Vec<_> = found.iter().map(String::as_str).collect();
            assert_eq!((found, is_incomplete), (values.to_vec(), expected));
        }
        assert_eq!(assembled(&[("c.0", "\"a\""), ("c.1", "\"b\"")]), (vec!["ab".into()], false));
        assert!(!assembled(&[("c.0", "a"), ("c.00", "b"), ("c.", "d"), ("c.01", "e")]).1);
        assert_eq!(assembled(&[("c", "w"), ("c", "v")]), (vec!["w".into(), "v".into()], false));
    }

    #[test]
    fn duplicate_chunks_have_every_combination_up_to_four() {
        let twice =
            [("c.0", "a"), ("c.0", "b"), ("c.1", "x"), ("c.1", "y"), ("c.2", "1"), ("c.2", "2")];
        let (values, is_incomplete) = assembled(&twice);
        assert_eq!(
            (values, is_incomplete),
            (["ax1", "ax2", "ay1", "ay2"].map(str::to_owned).to_vec(), false)
        );
        let five = ["1", "2", "3", "4", "5"].map(|value| ("c", value));
        assert_eq!(assembled(&five).0, ["1", "2", "3", "4"]);
    }
}
