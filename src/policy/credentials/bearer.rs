//! One bearer token (RFC 6750, section 2.1), or none.

use crate::error::{Code, Error};
use crate::http::fields::is_token_byte;

/// The bearer token in the values of a request's `Authorization` headers. `None` without a value,
/// with an empty one, or with credentials of another scheme (RFC 9110, section 11.4).
///
/// # Errors
/// [`Code::MalformedRequest`] for more than one credential: choosing one would be a guess.
/// [`Code::MissingToken`] for the scheme without a token, and for any other value that is not a
/// scheme, a space and credentials: the client meant to authenticate, so it never counts as no
/// credential.
pub fn bearer_token<'v>(
    values: impl IntoIterator<Item = &'v str>,
) -> Result<Option<&'v str>, Error> {
    let mut values = values.into_iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    // hosts join repeated headers by a comma, which no token contains, but other schemes may
    if values.next().is_some() {
        return Err(more_than_one());
    }
    let value = value.trim_ascii();
    if value.is_empty() {
        return Ok(None);
    }
    let (scheme, rest) = split(value);
    if !is_bearer(scheme) {
        return check_another_scheme(value, rest).map(|()| None);
    }
    let token = rest.trim_start_matches(' ');
    if token.is_empty() {
        return Err(Error::new(Code::MissingToken, "the Authorization header has no token"));
    }
    if !rest.starts_with(' ') {
        return Err(misplaced());
    }
    // without an early exit, which is faster for tokens without any
    if token.bytes().fold(false, |found, byte| found | is_separator(byte)) {
        return Err(more_than_one());
    }
    Ok(Some(token))
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b',')
}

fn check_another_scheme(value: &str, rest: &str) -> Result<(), Error> {
    if value.split(',').any(|member| is_bearer(split(member.trim_ascii()).0)) {
        return Err(more_than_one());
    }
    match !rest.starts_with(' ') || has_jwt(value) {
        true => Err(misplaced()),
        false => Ok(()),
    }
}

/// The scheme, which may be empty, and the rest.
fn split(credentials: &str) -> (&str, &str) {
    let end = credentials.bytes().position(|byte| !is_token_byte(byte));
    credentials.split_at(end.unwrap_or(credentials.len()))
}

/// Whether it contains a JWT: a JSON object in base64url, and two dots.
fn has_jwt(value: &str) -> bool {
    let base64url = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let value = value.as_bytes();
    (0..value.len()).any(|start| {
        let (before, rest) = value.split_at(start);
        let is_word = !before.last().is_some_and(base64url) && rest.starts_with(b"eyJ");
        let word = rest.iter().take_while(|byte| base64url(byte) || **byte == b'.');
        is_word && word.filter(|byte| **byte == b'.').count() >= 2
    })
}

fn is_bearer(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("bearer")
}

fn misplaced() -> Error {
    let detail =
        "the Authorization header has no bearer token: it must be \"Bearer\", a space, the token";
    Error::new(Code::MissingToken, detail)
}

fn more_than_one() -> Error {
    let detail = "the request has more than one Authorization header or token, or a list of them";
    Error::new(Code::MalformedRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::RequestHead;
    use crate::jose::json::{Json, Object};

    const VECTORS: &str = include_str!("../../../tests/vectors/authorization.json");

    fn bearer_of(headers: &str) -> Result<Option<String>, Code> {
        let head = RequestHead::parse(format!("GET\nhttp://a/\n{headers}")).unwrap();
        bearer_token(head.header("authorization"))
            .map(|token| token.map(str::to_owned))
            .map_err(|error| error.code())
    }

    #[test]
    fn every_vector_gets_its_result() {
        let document = Object::parse(VECTORS.as_bytes()).unwrap();
        let cases = document.member("cases").and_then(Json::as_array).unwrap();
        for case in cases.iter().filter_map(Json::as_object) {
            let text = |name| case.member(name).and_then(Json::as_str);
            let values = case.member("values").and_then(Json::as_array).unwrap();
            let headers: Vec<_> = values
                .iter()
                .map(|value| format!("authorization: {}", value.as_str().unwrap()))
                .collect();
            let result = bearer_of(&headers.join("\n"));
            let expected = (text("token").map(str::to_owned), text("code"));
            let given = match result {
                Ok(token) => (token, None),
                Err(code) => (None, Some(code.as_str())),
            };
            assert_eq!(given, expected, "{headers:?}");
        }
        assert!(cases.len() > 50);
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        for header in ["authorization: Bearer t.o.k", "Authorization: bEaReR   t.o.k"] {
            assert_eq!(bearer_of(header), Ok(Some("t.o.k".into())));
        }
    }

    #[test]
    fn another_scheme_has_no_bearer_token() {
        let digest = r#"authorization: Digest username="u", realm="r""#;
        for header in
            ["", "authorization: ", "authorization: Basic dTpw", "authorization: BearerX t", digest]
        {
            assert_eq!(bearer_of(header), Ok(None), "{header}");
        }
    }

    #[test]
    fn a_jwt_with_another_scheme_is_recognized_by_its_two_dots() {
        for credentials in
            ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJub25lIn0.e30", "xeyJ.e30.", "e30.e30."]
        {
            assert_eq!(bearer_of(&format!("authorization: Custom {credentials}")), Ok(None));
        }
        for credentials in ["eyJhbGciOiJub25lIn0.e30.", "a=eyJ.e30.x", "eyJ.a.b.c.d"] {
            let result = bearer_of(&format!("authorization: Custom {credentials}"));
            assert_eq!(result, Err(Code::MissingToken), "{credentials}");
        }
    }

    #[test]
    fn two_credentials_are_an_error() {
        for header in [
            "authorization: Bearer a, Bearer b",
            "authorization: Bearer a\nauthorization: Bearer b",
            "authorization: Bearer a b",
            "authorization: Basic a, Bearer b",
        ] {
            assert_eq!(bearer_of(header), Err(Code::MalformedRequest), "{header}");
        }
        assert_eq!(bearer_of("authorization: Bearer"), Err(Code::MissingToken));
        assert_eq!(bearer_of("authorization: Bearer "), Err(Code::MissingToken));
    }
}
