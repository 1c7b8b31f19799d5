//! The meaning of the auth server's response to an exchange. A firewall, a proxy or another
//! application may respond in Better Auth's place, and that never ends a session.

use std::sync::Arc;

use crate::host::{FetchError, GetResponse, UrlSetting, retry_after};
use crate::jose::{Json, Object};
use crate::policy::credentials::CredentialKind;
use crate::policy::credentials::failure::{BANNED, Failure, Rejection};

/// The token for a credential of this kind, from the response of `url`, which comes from `setting`,
/// at `now`.
pub(super) fn read(
    kind: CredentialKind,
    url: &Arc<str>,
    setting: UrlSetting,
    response: &GetResponse,
    now: f64,
) -> Result<String, Failure> {
    let unanswered = |why: FetchError| match why.retry_after() {
        Some(seconds) => Failure::Busy(Arc::new(why), now + f64::from(seconds)),
        None => Failure::Unanswered(Arc::new(why)),
    };
    let rejection = || {
        let (url, status) = (Arc::clone(url), response.status);
        Arc::new(Rejection { url, status, code: code(response) })
    };
    let is_key = kind == CredentialKind::ApiKey;
    match response.status {
        401 | 429 if is_key && is_key_limit(response) => {
            let seconds = f64::from(wait_of_key(response, now));
            Err(Failure::Limited(rejection(), now + seconds))
        }
        200 => token(response).map_err(|why| unanswered(FetchError::content(url, response, why))),
        401 if is_better_auths(response) => Err(Failure::Rejected(rejection())),
        403 if is_ban(response) || (is_key && is_invalid_key(response)) => {
            Err(Failure::Rejected(rejection()))
        }
        _ => Err(unanswered(FetchError::status(url, response, now).url_setting(setting))),
    }
}

fn token(response: &GetResponse) -> Result<String, String> {
    let body = Object::parse(&response.body).map_err(|error| format!("the response {error}"))?;
    let token = body.member("token").and_then(Json::as_str);
    token.map(str::to_owned).ok_or_else(|| "the response has no token".to_owned())
}

/// Whether a 401 is Better Auth's: with JSON, or empty before version 1.4. Other servers ask for a
/// password or send a page.
fn is_better_auths(response: &GetResponse) -> bool {
    let body = response.body.trim_ascii();
    let is_plain = body.is_empty() || Object::parse(body).is_ok();
    is_plain && !is_of_another_server(response)
}

/// Whether a 403 is from Better Auth's admin plugin (1.3 to 1.7), which ends a session by it.
/// Firewalls write JSON with codes of the same form.
fn is_ban(response: &GetResponse) -> bool {
    has_code(response, &[BANNED])
}

/// Whether a 403 is from Better Auth's api-key plugin (1.3 to 1.7), to a key that is too short or
/// that the application rejects.
fn is_invalid_key(response: &GetResponse) -> bool {
    has_code(response, &["INVALID_API_KEY"])
}

/// Whether a response says that an API key has reached its own limit. Before version 1.6 the
/// api-key plugin responds with 401, and the rate limit of addresses has no code in any version.
fn is_key_limit(response: &GetResponse) -> bool {
    has_code(response, &["RATE_LIMITED", "RATE_LIMIT_EXCEEDED", "USAGE_EXCEEDED"])
}

/// Seconds that a key must wait. The api-key plugin itself has milliseconds in the body.
fn wait_of_key(response: &GetResponse, now: f64) -> u32 {
    let of_body = || {
        let body = Object::parse(&response.body).ok()?;
        match body.member("details")?.as_object()?.member("tryAgainIn")? {
            Json::Number(milliseconds) => milliseconds.as_f64(),
            _ => None,
        }
    };
    let of_body = || of_body().map(|it| (it / 1_000.0).ceil().clamp(1.0, MOST_WAIT) as u32);
    retry_after(response, now).or_else(of_body).unwrap_or(USUAL_WAIT)
}

/// The longest wait in a body, in seconds, as in a header.
const MOST_WAIT: f64 = 300.0;

/// The wait, in seconds, of a key without uses: the edge cannot know when it gets new ones.
const USUAL_WAIT: u32 = 60;

/// Whether a response is Better Auth's, and has one of these codes.
fn has_code(response: &GetResponse, codes: &[&str]) -> bool {
    code(response).is_some_and(|code| codes.contains(&&*code)) && !is_of_another_server(response)
}

/// Whether a response has a header of Cloudflare, AWS, or a server that asks for a password.
fn is_of_another_server(response: &GetResponse) -> bool {
    OF_OTHER_SERVERS.iter().any(|name| response.header(name).is_some())
}

const OF_OTHER_SERVERS: [&str; 4] =
    ["cf-mitigated", "www-authenticate", "x-amzn-errortype", "x-amzn-waf-action"];

/// The code of a Better Auth error: `{"code":"BANNED_USER","message":"…"}`.
fn code(response: &GetResponse) -> Option<String> {
    let body = Object::parse(&response.body).ok()?;
    let text = |name| body.member(name).and_then(Json::as_str);
    let code = text("code").filter(|code| is_code(code) && text("message").is_some())?;
    Some(code.to_owned())
}

fn is_code(text: &str) -> bool {
    let is_code_byte =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_code_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://auth.example/api/auth/token?disableRefresh=true";

    /// The token of a response, or the error's code, detail and cause.
    fn outcome(status: u16, headers: &[(&str, &str)], body: &str) -> [String; 3] {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let response = GetResponse { status, headers: headers.collect(), body: body.into() };
        let kind = CredentialKind::Session;
        match read(kind, &URL.into(), UrlSetting::default(), &response, 0.0) {
            Ok(token) => [token, String::new(), String::new()],
            Err(failure) => {
                let error = failure.into_error(kind, "", 0.0);
                let cause = std::error::Error::source(&error).expect("something is known");
                [error.code().to_string(), error.detail().to_owned(), cause.to_string()]
            }
        }
    }

    /// The code and `Retry-After` of the error for an API key.
    fn of_key(status: u16, headers: &[(&str, &str)], body: &str) -> (&'static str, Option<u32>) {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let response = GetResponse { status, headers: headers.collect(), body: body.into() };
        let kind = CredentialKind::ApiKey;
        let result = read(kind, &URL.into(), UrlSetting::default(), &response, 0.0);
        let error = result.expect_err("no token").into_error(kind, "", 0.0);
        (error.code().as_str(), error.retry_after())
    }

    #[test]
    fn better_auths_rejections_of_an_api_key_are_about_the_key() {
        let code = |code| format!(r#"{{"message":"no","code":"{code}"}}"#);
        for (status, body) in [
            (401, String::new()),
            (401, code("UNAUTHORIZED")),
            (401, code("INVALID_API_KEY")),
            (401, code("KEY_DISABLED")),
            (403, code("INVALID_API_KEY")),
            (403, code("BANNED_USER")),
        ] {
            assert_eq!(of_key(status, &[], &body), ("invalid_api_key", None), "{status} {body}");
        }
        for (status, headers, body) in [
            (403, &[][..], code("FORBIDDEN")),
            (401, &[("www-authenticate", "Basic")], code("INVALID_API_KEY")),
            (403, &[("cf-mitigated", "challenge")], code("INVALID_API_KEY")),
            (429, &[("x-amzn-waf-action", "captcha")], code("RATE_LIMITED")),
            (500, &[], code("INVALID_API_KEY")),
        ] {
            let unavailable = ("keys_unavailable", Some(1));
            assert_eq!(of_key(status, headers, &body), unavailable, "{status} {body}");
        }
        let of_session = outcome(403, &[], &code("INVALID_API_KEY"));
        assert_eq!(of_session[0], "keys_unavailable", "a session has no key");
    }

    #[test]
    fn a_limit_of_the_key_is_told_from_the_limit_of_the_address() {
        let limited = r#"{"message":"no","code":"RATE_LIMITED"}"#;
        let wait = |wait| {
            let details = format!(r#"{{"tryAgainIn":{wait}}}"#);
            format!(r#"{{"message":"no","code":"RATE_LIMITED","details":{details}}}"#)
        };
        let used = r#"{"message":"no","code":"USAGE_EXCEEDED"}"#;
        let after = [("retry-after", "7")];
        for (status, headers, body, seconds) in [
            (429, &after[..], limited, 7),
            (429, &[("retry-after", "0")], limited, 1),
            (429, &after, &wait("20000"), 7),
            (429, &[], &wait("19001"), 20),
            (401, &[], &wait("19001"), 20),
            (401, &[], &wait("-5"), 1),
            (401, &[], &wait("1e300"), 300),
            (401, &[], &wait("null"), 60),
            (429, &[], limited, 60),
            (429, &[], used, 60),
        ] {
            assert_eq!(of_key(status, headers, body), ("rate_limited", Some(seconds)), "{body}");
        }
        let of_address = r#"{"message":"Too many requests. Please try again later."}"#;
        let other = r#"{"message":"no","code":"TOO_MANY_REQUESTS"}"#;
        for body in [of_address, other, ""] {
            assert_eq!(of_key(429, &after, body), ("keys_unavailable", Some(7)), "{body}");
        }
        assert_eq!(outcome(429, &after, limited)[0], "keys_unavailable", "a session has no key");
    }

    #[test]
    fn a_token_is_a_member_of_a_json_object() {
        assert_eq!(outcome(200, &[], r#"{"token":"a.b.c"}"#)[0], "a.b.c");
        for (body, says) in [
            ("{}", "but the response has no token"),
            (r#"{"token":1}"#, "but the response has no token"),
            ("", "but the response"),
            ("[]", "but the response"),
            (" <!doctype html><title>Sign in</title>", "a page in place of JSON"),
        ] {
            let [code, detail, cause] = outcome(200, &[], body);
            assert_eq!(code, "keys_unavailable", "{body}");
            assert!(cause.contains("/api/auth/token: the server answered 200"), "{cause}");
            assert!(cause.contains(says) && !cause.contains("disableRefresh"), "{cause}");
            assert!(!detail.contains("auth.example"), "{detail}");
        }
    }

    #[test]
    fn only_better_auths_own_401_ends_a_session() {
        for body in ["", " ", "{}", r#"{"message":"Unauthorized","code":"UNAUTHORIZED"}"#] {
            let [code, detail, cause] = outcome(401, &[], body);
            assert_eq!(code, "missing_token", "{body}");
            assert!(detail.contains("has ended"), "{detail}");
            assert!(cause.contains("/api/auth/token") && cause.contains("401"), "{cause}");
        }
        let basic = [("www-authenticate", "Basic realm=\"staging\"")];
        let json = r#"{"message":"Unauthorized","code":"UNAUTHORIZED"}"#;
        let mitigated = [("cf-mitigated", "challenge")];
        let amazons = [("x-amzn-errortype", "UnauthorizedException")];
        let firewalls = [("x-amzn-waf-action", "captcha")];
        for (headers, body) in [
            (&mitigated[..], json),
            (&mitigated[..], ""),
            (&amazons[..], r#"{"message":"Unauthorized"}"#),
            (&amazons[..], json),
            (&firewalls[..], json),
            (&basic[..], ""),
            (&basic[..], r#"{"message":"Unauthorized"}"#),
            (&[], "<html>Authentication Required</html>"),
            (&[], "Unauthorized"),
            (&[], r#"["Unauthorized"]"#),
        ] {
            assert_eq!(outcome(401, headers, body)[0], "keys_unavailable", "{body}");
        }
    }

    #[test]
    fn only_better_auths_own_403_ends_a_session() {
        let banned = r#"{"code":"BANNED_USER","message":"You have been banned"}"#;
        let [code, detail, cause] = outcome(403, &[], banned);
        assert_eq!((&*code, &*detail), ("missing_token", "the user of the session is banned"));
        assert!(cause.ends_with("the server answered 403 BANNED_USER"), "{cause}");
        for header in OF_OTHER_SERVERS {
            assert_eq!(outcome(403, &[(header, "x")], banned)[0], "keys_unavailable", "{header}");
        }
        for body in [
            r#"{"code":"IP_NOT_ALLOWED","message":"no"}"#,
            r#"{"code":"ACCESS_DENIED","message":"Request blocked"}"#,
            r#"{"code":"FORBIDDEN","message":"Forbidden"}"#,
            r#"{"code":"UNAUTHORIZED","message":"Unauthorized"}"#,
            r#"{"code":"BANNED_USERS","message":"no"}"#,
            r#"{"code":"banned_user","message":"no"}"#,
            r#"{"code":"BANNED_USER"}"#,
            "",
            "{}",
            "error code: 1010",
            "<html>Forbidden</html>",
            r#"{"message":"Forbidden"}"#,
            r#"{"code":1010,"message":"Forbidden"}"#,
            r#"{"code":"AccessDenied","message":"Forbidden"}"#,
            r#"{"code":"FORBIDDEN"}"#,
        ] {
            let [code, _, cause] = outcome(403, &[], body);
            assert_eq!(code, "keys_unavailable", "{body}");
            assert!(cause.contains("403") && cause.contains("firewall"), "{cause}");
        }
    }

    #[test]
    fn the_cause_of_a_404_and_of_a_redirect_is_in_the_error() {
        let [code, detail, cause] = outcome(404, &[], "");
        assert_eq!(code, "keys_unavailable");
        for text in [&detail, &cause] {
            assert!(text.contains("404") && text.contains("the jwt plugin is missing"), "{text}");
            assert!(text.contains("BETTER_AUTH_BASE_PATH"), "{text}");
        }
        assert!(!detail.contains("auth.example") && cause.contains("auth.example"));
        let location = [("location", "https://sso.example/login?state=secret")];
        let [code, detail, cause] = outcome(302, &location, "");
        assert_eq!(code, "keys_unavailable");
        assert!(cause.contains(": 302 to https://sso.example/login; if"), "{cause}");
        assert!(!detail.contains("sso.example"), "{detail}");
    }
}
