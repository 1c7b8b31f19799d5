//! The values that cookies of a name have, among names and values. A neighbouring host can add cookies of
//! the same names, so there may be several.

use crate::policy::credentials::canonical::unquoted;

/// What a cookie that may have been split can have been.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wholes {
    /// At most [`MOST_WHOLES`]
    pub(super) values: Vec<String>,
    /// Whether there are only parts, with a gap between them or more than Better Auth makes
    pub(super) in_pieces: bool,
}

/// The values of a cookie that may have been split. Parts beside a whole one are left from a time when it was
/// longer: Better Auth reads the whole one, and so that comes first.
pub(super) fn wholes(name: &str, cookies: &[(&str, &str)]) -> Wholes {
    let whole = distinct(name, cookies).into_iter().filter(|value| !value.is_empty());
    let mut values: Vec<_> = whole.map(str::to_owned).collect();
    let (mut joined, mut count, mut fitting) = (vec![String::new()], 0, 0);
    while count < MOST_PARTS {
        let part_name = format!("{name}.{count}");
        let parts = distinct(&part_name, cookies);
        if parts.is_empty() {
            break;
        }
        let mut longer = Vec::new();
        for before in &joined {
            for part in &parts {
                if longer.len() < MOST_WHOLES {
                    longer.push([before, *part].concat());
                }
            }
        }
        joined = longer;
        count += 1;
        fitting += cookies.iter().filter(|(given, _)| *given == part_name).count();
    }
    let parts = cookies.iter().filter(|(given, _)| is_part(given, name)).count();
    let in_pieces = values.is_empty() && parts != fitting;
    if count > 0 {
        values.append(&mut joined);
    }
    values.truncate(MOST_WHOLES);
    Wholes { values, in_pieces }
}

/// The values of the cookies of that name, each once and without the quotes around it, in the order of the
/// header. Only the first few: no more are ever tried.
fn distinct<'c>(name: &str, cookies: &[(&'c str, &'c str)]) -> Vec<&'c str> {
    let mut distinct = Vec::new();
    for (_, value) in cookies.iter().filter(|(given, _)| *given == name) {
        if distinct.len() > MOST_WHOLES {
            break;
        }
        let value = unquoted(value);
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// More than a browser has of one name, where no neighbour adds any.
pub(super) const MOST_WHOLES: usize = 4;

/// As many as Better Auth makes of one cookie.
const MOST_PARTS: usize = 100;

/// Whether a name is another's with a number as Better Auth writes it: `.0`.
pub(super) fn is_part(given: &str, name: &str) -> bool {
    let index = given.strip_prefix(name).and_then(|suffix| suffix.strip_prefix('.'));
    index.is_some_and(|index| {
        let canonical = index == "0" || !index.starts_with('0');
        canonical && !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wholes_of(cookies: &[(&str, &str)]) -> (Vec<String>, bool) {
        let Wholes { values, in_pieces } = wholes("c", cookies);
        (values, in_pieces)
    }

    fn parts(count: usize) -> Vec<(String, String)> {
        (0..count).map(|i| (format!("c.{i}"), i.to_string())).collect()
    }

    fn borrowed(cookies: &[(String, String)]) -> Vec<(&str, &str)> {
        cookies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn values_of_a_name_come_in_order_and_once() {
        let cookies = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "1"), ("A", "4")];
        assert_eq!(distinct("a", &cookies), ["1", "3"]);
        assert!(distinct("c", &cookies).is_empty());
    }

    #[test]
    fn without_the_cookie_there_is_nothing() {
        assert_eq!(wholes_of(&[]), (vec![], false));
        assert_eq!(
            wholes_of(&[("c", ""), ("cc", "x"), ("c.x", "y"), ("d.0", "z")]),
            (vec![], false)
        );
    }

    #[test]
    fn a_hundred_parts_make_a_whole_and_one_more_is_too_many() {
        let all = parts(100);
        let joined: String = (0..100).map(|i| i.to_string()).collect();
        assert_eq!(wholes_of(&borrowed(&all)), (vec![joined.clone()], false));
        assert_eq!(wholes_of(&borrowed(&parts(101))), (vec![joined], true));
    }

    #[test]
    fn what_fits_in_with_nothing_is_told() {
        for (cookies, values, expected) in [
            (&[("c.1", "b")][..], &[][..], true),
            (&[("c", ""), ("c.1", "b")], &[], true),
            (&[("c.0", "a"), ("c.2", "c")], &["a"], true),
            // what is left beside a whole one says nothing
            (&[("c", "w"), ("c.0", "a")], &["w", "a"], false),
            (&[("c.1", "b"), ("c", "w")], &["w"], false),
        ] {
            let (found, in_pieces) = wholes_of(cookies);
            let found: Vec<_> = found.iter().map(String::as_str).collect();
            assert_eq!((found, in_pieces), (values.to_vec(), expected));
        }
        assert_eq!(wholes_of(&[("c.0", "\"a\""), ("c.1", "\"b\"")]), (vec!["ab".into()], false));
        assert!(!wholes_of(&[("c.0", "a"), ("c.00", "b"), ("c.", "d"), ("c.01", "e")]).1);
        assert_eq!(wholes_of(&[("c", "w"), ("c", "v")]), (vec!["w".into(), "v".into()], false));
    }

    #[test]
    fn two_of_one_part_give_each_reading_and_four_are_enough() {
        let twice =
            [("c.0", "a"), ("c.0", "b"), ("c.1", "x"), ("c.1", "y"), ("c.2", "1"), ("c.2", "2")];
        let (values, in_pieces) = wholes_of(&twice);
        assert_eq!(
            (values, in_pieces),
            (["ax1", "ax2", "ay1", "ay2"].map(str::to_owned).to_vec(), false)
        );
        let five = ["1", "2", "3", "4", "5"].map(|value| ("c", value));
        assert_eq!(wholes_of(&five).0, ["1", "2", "3", "4"]);
    }
}
