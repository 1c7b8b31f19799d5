//! The one value of a cookie, among names and values: no other reading of the header gives another one.

use crate::error::{Code, Error};

/// The value of the one cookie of that name.
///
/// # Errors
/// [`Code::MalformedRequest`] for two.
pub(super) fn only<'c>(
    name: &str,
    cookies: &[(&'c str, &'c str)],
) -> Result<Option<&'c str>, Error> {
    let mut values = cookies.iter().filter(|(given, _)| *given == name).map(|(_, value)| *value);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => {
            let detail = "the request has two session cookies of one name";
            Err(Error::new(Code::MalformedRequest, detail))
        }
    }
}

/// The value of a cookie that may have been split. `None` where there is none.
///
/// # Errors
/// [`Code::MalformedRequest`] where it could be put together in several ways, or a part is missing:
/// two of one name, a whole one beside parts, a gap, more parts than Better Auth makes.
pub(super) fn joined(name: &str, cookies: &[(&str, &str)]) -> Result<Option<String>, Error> {
    let whole = only(name, cookies)?.filter(|value| !value.is_empty());
    let (mut joined, mut count) = (String::new(), 0);
    while count < MOST_PARTS {
        let Some(part) = only(&format!("{name}.{count}"), cookies)? else { break };
        joined.push_str(part);
        count += 1;
    }
    let parts = cookies.iter().filter(|(given, _)| is_part(given, name)).count();
    match whole {
        _ if parts != count => {}
        Some(whole) if count == 0 => return Ok(Some(whole.to_owned())),
        None => return Ok(Some(joined).filter(|_| count > 0)),
        Some(_) => {}
    }
    Err(Error::new(Code::MalformedRequest, "the parts of the cookie cache do not make one whole"))
}

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
