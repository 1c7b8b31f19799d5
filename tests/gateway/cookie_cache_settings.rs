//! The settings of Better Auth's signed cookie cache, and their errors.

use crate::common::AUTH_SERVER;
use better_auth_edge::gateway::Settings;

const BY_KEYS: (&str, &str) = ("COOKIE_CACHE", "jwks");
const BY_SECRET: [(&str, &str); 2] = [("COOKIE_CACHE", "secret"), ("BETTER_AUTH_SECRET", SECRET)];
const SECRET: &str = "a secret that only Better Auth and the edge know";

#[test]
fn every_setting_error_is_reported() {
    let errors = |more: &[(&str, &str)]| {
        let required = [("BETTER_AUTH_URL", AUTH_SERVER), ("ORIGIN_URL", "https://o")];
        let parsed = Settings::parse(|wanted| {
            let mut all = more.iter().chain(&required).filter(|(name, _)| *name == wanted);
            all.next().map(|(_, value)| (*value).to_owned())
        });
        let errors = parsed.err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let short = ("BETTER_AUTH_SECRET", "short");
    for (settings, expected) in [
        (&[BY_KEYS][..], ""),
        (&BY_SECRET, ""),
        (&[BY_KEYS, ("ALGORITHMS", "HS256"), BY_SECRET[1]], ""),
        (&[BY_SECRET[0], ("ALGORITHMS", "HS256"), BY_SECRET[1]], ""),
        (&[BY_SECRET[0], ("JWKS_URL", "https://keys.example"), BY_SECRET[1]], ""),
        (&[("COOKIE_CACHE", "true")], "COOKIE_CACHE is neither jwks nor secret"),
        (
            &[BY_SECRET[0]],
            "COOKIE_CACHE needs BETTER_AUTH_SECRET, by which Better Auth signs the cookie",
        ),
        (&[BY_SECRET[0], short], "BETTER_AUTH_SECRET has fewer than 32 bytes"),
        (
            &[BY_SECRET[0], ("ALGORITHMS", "HS256"), short],
            "BETTER_AUTH_SECRET has fewer than 32 bytes",
        ),
        (&[BY_KEYS, short], ""),
        (
            &[BY_KEYS, ("SESSION_MAX_AGE", "0")],
            "SESSION_MAX_AGE is 0, so that every COOKIE_CACHE is too old",
        ),
    ] {
        assert_eq!(errors(settings), expected, "{settings:?}");
    }
}
