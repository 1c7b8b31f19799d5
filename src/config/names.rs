//! The names of all settings and bindings.

/// Whether the gateway reads a setting of that name.
pub(crate) fn is_setting(name: &str) -> bool {
    SETTINGS.contains(&name) || WITHIN_APP.contains(&name)
}

/// The settings of every edge. What reads a setting that is missing here fails in debug builds, and so in
/// every test.
pub(crate) const SETTINGS: &[&str] = &[
    "ALGORITHMS",
    "AUDIENCE",
    "AUTH_CLIENT_IP_HEADER",
    "BETTER_AUTH_BASE_PATH",
    "BETTER_AUTH_SECRET",
    "BETTER_AUTH_URL",
    "CLAIMS",
    "CLAIM_HEADERS",
    "CLIENT_IP_HEADER",
    "CLOCK_TOLERANCE",
    "COOKIE_CACHE",
    "COOKIE_CACHE_NAME",
    "COOKIE_CACHE_VERSION",
    "COOKIE_PREFIX",
    "CORS_CREDENTIALS",
    "CORS_EXPOSE_HEADERS",
    "CORS_HEADERS",
    "CORS_MAX_AGE",
    "CORS_METHODS",
    "CORS_ORIGINS",
    "CORS_PREFLIGHT_TO_ORIGIN",
    "EDGE_BIND_REQUEST",
    "EDGE_ISSUER",
    "EDGE_SIGNING_KEY",
    "EDGE_SIGNING_KEY_NEXT",
    "EXCLUSIVE_AUDIENCE",
    "FORWARD_AUTHORIZATION",
    "FORWARD_COOKIES",
    "FORWARD_HEADERS",
    "IGNORED_VARIABLES",
    "ISSUER",
    "ISSUERS",
    "JWKS_COOLDOWN",
    "JWKS_MAX_AGE",
    "JWKS_STALE_AGE",
    "JWKS_TIMEOUT",
    "JWKS_URL",
    "LIST_CLAIMS",
    "LOG_LEVEL",
    "LOG_SALT",
    "LOG_SAMPLE",
    "MAX_HEADER_BYTES",
    "MAX_TOKEN_AGE",
    "MAX_TOKEN_BYTES",
    "MAX_TOKEN_LIFETIME",
    "ORIGIN_TIMEOUT",
    "ORIGIN_URL",
    "PROFILE",
    "RATE_LIMIT_RETRY_AFTER",
    "REQUIRED_CLAIMS",
    "REWRITE_REDIRECTS",
    "ROUTES",
    "SERVER_TIMING",
    "SESSION_COOKIE_NAME",
    "SESSION_EXCHANGE",
    "SESSION_MAX_AGE",
    "TABLE_WINDOW",
    "TOKEN_CACHE",
    "TRUSTED_ORIGINS",
    "USER_CLAIM",
    "WEBSOCKET_CLOSE_ON_EXPIRY",
    "WEBSOCKET_QUERY_PARAMETER",
];

/// Those that only an edge within an application has.
const WITHIN_APP: [&str; 3] = ["JWKS", "OWN_PATHS", "PUBLIC_PATHS"];

pub(crate) const BINDINGS: [&str; 6] =
    ["ANALYTICS", "AUTH", "JWKS_KV", "ORIGIN", "RATE_LIMIT_REJECTED", "RATE_LIMIT_USER"];

/// What is nearly one of ours and means something else: variables of Better Auth, and of the Python package.
pub(crate) const OTHERS: [&str; 7] = [
    "BETTER_AUTH_SECRETS",
    "BETTER_AUTH_TRUSTED_ORIGINS",
    "EDGE_AUDIENCE",
    "EDGE_AUTH_MODE",
    "EDGE_JWKS_URL",
    "EDGE_REFUSE_REPLAYS",
    "ENVIRONMENT",
];
