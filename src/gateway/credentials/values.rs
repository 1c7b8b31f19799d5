//! The values that cookies of a name have, among names and values. A neighbouring host can add cookies of
//! the same names, so there may be several.

/// The values of the cookies of that name, each once, in the order of the header.
pub(super) fn distinct<'c>(name: &str, cookies: &[(&'c str, &'c str)]) -> Vec<&'c str> {
    let mut distinct = Vec::new();
    for (given, value) in cookies {
        if *given == name && !distinct.contains(value) {
            distinct.push(*value);
        }
    }
    distinct
}

/// What a cookie that may have been split can have been.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wholes {
    /// At most [`MOST_WHOLES`]
    pub(super) values: Vec<String>,
    /// Whether there is something of that name that fits in with nothing: a gap between the parts, a
    /// whole one beside them, more parts than Better Auth makes
    pub(super) in_pieces: bool,
}

/// The values of a cookie that may have been split.
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
    let in_pieces = parts != fitting || count > 0 && !values.is_empty();
    if count > 0 {
        values.append(&mut joined);
    }
    values.truncate(MOST_WHOLES);
    Wholes { values, in_pieces }
}

/// More than a browser has of one name, where no neighbour adds any.
pub(super) const MOST_WHOLES: usize = 4;

/// As many as Better Auth makes of one cookie.
const MOST_PARTS: usize = 100;

/// Whether a name is another's with a number as Better Auth writes it: `.0`.
fn is_part(given: &str, name: &str) -> bool {
    let index = given.strip_prefix(name).and_then(|suffix| suffix.strip_prefix('.'));
    index.is_some_and(|index| {
        let canonical = index == "0" || !index.starts_with('0');
        canonical && !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())
    })
}
