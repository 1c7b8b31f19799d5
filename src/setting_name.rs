//! What the operator calls a setting where this runs: an option in JavaScript, else an environment variable.

/// Better Auth's base path.
pub(crate) const BASE_PATH: &str = written("BETTER_AUTH_BASE_PATH", "basePath");
/// Better Auth's URL.
pub(crate) const BASE_URL: &str = written("BETTER_AUTH_URL", "baseURL");
/// The URL of the key set.
pub(crate) const JWKS_URL: &str = written("JWKS_URL", "jwksUrl");

/// The one of the two names that the operator has written.
pub(crate) const fn written(setting: &'static str, option: &'static str) -> &'static str {
    match cfg!(all(feature = "js", not(feature = "worker"))) {
        true => option,
        false => setting,
    }
}
