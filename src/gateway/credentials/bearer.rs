//! One bearer token (RFC 6750, section 2.1), or none.

use crate::error::{Code, Error};
use crate::gateway::head::RequestHead;

/// The bearer token, `None` without an `Authorization` header or with one of another scheme.
///
/// # Errors
/// [`Code::MalformedRequest`] for more than one credential: choosing one would be a guess.
/// [`Code::MissingToken`] for the scheme without a token.
pub(super) fn token(head: &RequestHead) -> Result<Option<&str>, Error> {
    let mut values = head.header("authorization");
    let Some(value) = values.next() else {
        return Ok(None);
    };
    // Hosts join repeated headers with a comma, which no token holds, but other schemes may.
    if values.next().is_some() {
        return Err(more_than_one());
    }
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !is_bearer(scheme) {
        let bearer_too = value.split(',').any(|member| is_bearer(member.trim_start()));
        return if bearer_too { Err(more_than_one()) } else { Ok(None) };
    }
    let token = token.trim_matches(' ');
    if token.is_empty() {
        return Err(Error::new(Code::MissingToken, "the Authorization header has no token"));
    }
    if token.bytes().any(|byte| matches!(byte, b' ' | b'\t' | b',')) {
        return Err(more_than_one());
    }
    Ok(Some(token))
}

fn more_than_one() -> Error {
    let detail = "the request has more than one Authorization header or token, or a list of them";
    Error::new(Code::MalformedRequest, detail)
}

fn is_bearer(credentials: &str) -> bool {
    credentials.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer_of(headers: &str) -> Result<Option<String>, Code> {
        let head = RequestHead::parse(format!("GET\nhttp://a/\n{headers}")).unwrap();
        token(&head).map(|token| token.map(str::to_owned)).map_err(|error| error.code())
    }

    #[test]
    fn one_bearer_token_is_taken_whatever_the_case_of_the_scheme() {
        for header in ["authorization: Bearer t.o.k", "Authorization: bEaReR   t.o.k"] {
            assert_eq!(bearer_of(header), Ok(Some("t.o.k".into())));
        }
    }

    #[test]
    fn another_scheme_is_no_token() {
        let digest = r#"authorization: Digest username="u", realm="r""#;
        for header in
            ["", "authorization: ", "authorization: Basic dTpw", "authorization: BearerX t", digest]
        {
            assert_eq!(bearer_of(header), Ok(None), "{header}");
        }
    }

    #[test]
    fn two_credentials_are_an_error_and_not_a_choice() {
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
