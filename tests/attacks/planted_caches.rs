//! Attacks with cookie caches that a sibling host plants: a cache without its session cookie has no
//! effect.

use crate::common::{Edge, request};

const BY_KEYS: (&str, &str) = ("COOKIE_CACHE", "jwks");
const SESSION: &str = "better-auth.session_token=token-1.c2ln";

fn outcome(cookies: &[&str]) -> &'static str {
    Edge::new(&[BY_KEYS]).outcome(&request("GET", "/a", &[("cookie", cookies.join("; "))]))
}

#[test]
fn chunks_of_a_cookie_cache_require_a_session_cookie_with_the_same_prefix() {
    let cache = "better-auth.session_data=a.b.c";
    let piece = "better-auth.session_data.1=x";
    let planted = "__Secure-better-auth.session_data.1=x";
    assert_eq!(outcome(&[SESSION, cache]), "malformed_token");
    assert_eq!(outcome(&[SESSION, cache, piece]), "malformed_token");
    assert_eq!(outcome(&[SESSION, piece]), "malformed_token");
    assert_eq!(outcome(&[SESSION, cache, planted]), "malformed_token");
    assert_eq!(outcome(&[SESSION, planted]), "missing_token");
    assert_eq!(outcome(&[planted, piece, cache]), "missing_token", "there is no session");
}
