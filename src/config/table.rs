//! The settings of all hosts: names, kinds, defaults and meanings. `docs/configuration.md` and the
//! types of the npm package are tested against this table.

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// The name of the variable in a Worker
    pub name: &'static str,
    /// The name of the option in JavaScript
    pub option: Option<&'static str>,
    /// The type of its value
    pub kind: Kind,
    /// The hosts that have it
    pub hosts: Hosts,
}

/// The documentation of a setting. Apart from [`Setting`], so that the wasm does not contain it.
#[derive(Debug)]
pub struct SettingDescription {
    /// The name of the variable in a Worker
    pub name: &'static str,
    /// The default, as Markdown
    pub default: &'static str,
    /// Type, unit and meaning, as Markdown
    pub summary: &'static str,
}

/// The type of a setting's value. A variable of a Worker is text of that form; an option can be of
/// the JavaScript type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Text
    Text,
    /// Text, or a number as its name
    Label,
    /// Text in which every character counts
    Url,
    /// Text or bytes in which every byte counts
    Secret,
    /// A number
    Number,
    /// Seconds. An option is in milliseconds, as in jose
    Seconds,
    /// `true` or `false`
    Switch,
    /// Texts, at least one. In a variable, commas separate them
    List,
    /// Texts. An empty list counts as absent
    Names,
    /// Claims. An empty list leaves `sub`, which is always present
    Claims,
    /// An object or a list, or its JSON
    Json,
}

/// The hosts that have a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hosts {
    /// A Worker
    pub worker: bool,
    /// `createGateway`: `verifyRequest` and the middleware
    pub gateway: bool,
    /// `createVerifier`
    pub verifier: bool,
}

const EVERYWHERE: Hosts = Hosts { worker: true, gateway: true, verifier: true };
const GATEWAYS: Hosts = Hosts { verifier: false, ..EVERYWHERE };
const WORKER: Hosts = Hosts { gateway: false, ..GATEWAYS };
/// An edge within an application
const APP: Hosts = Hosts { worker: false, ..GATEWAYS };
const JAVASCRIPT: Hosts = Hosts { worker: false, ..EVERYWHERE };

/// The setting with this name.
pub(crate) fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The setting with this name in JavaScript.
pub(crate) fn option(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.option == Some(name))
}

macro_rules! settings {
    ($($name:ident $(= $option:ident)?: $kind:ident, $hosts:ident, $default:literal, $summary:literal;)*) => {
        /// All settings, in the order of `docs/configuration.md`.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            name: stringify!($name),
            option: optional!($($option)?),
            kind: Kind::$kind,
            hosts: $hosts,
        },)*];

        /// The documentation of all settings, in the same order.
        pub const SETTING_DESCRIPTIONS: &[SettingDescription] = &[$(SettingDescription {
            name: stringify!($name),
            default: $default,
            summary: $summary,
        },)*];
    };
}

macro_rules! optional {
    () => {
        None
    };
    ($name:ident) => {
        Some(stringify!($name))
    };
}

// name in a Worker = name in JavaScript: kind, hosts, default, meaning
settings! {
IGNORED_VARIABLES: Names, WORKER, "none",
    "list of your own variables whose names resemble a setting's";
BETTER_AUTH_URL = baseURL: Url, EVERYWHERE, "required",
    "URL";
ORIGIN_URL = origin: Url, GATEWAYS, "required",
    "URL";
ORIGIN_TIMEOUT: Number, WORKER, "30",
    "seconds up to 600 until the response begins; does not apply to uploads over 1 MB or of unknown size";
REWRITE_REDIRECTS = rewriteRedirects: Switch, GATEWAYS, "`true`",
    "switch: the edge rewrites the origin server's redirects to itself, so that they lead through the edge";
BETTER_AUTH_BASE_PATH = basePath: Text, EVERYWHERE, "`/api/auth`",
    "path: Better Auth's `basePath`, unless `BETTER_AUTH_URL` contains it; `/` for a server at the root";
JWKS_URL = jwksUrl: Url, EVERYWHERE, "`{BETTER_AUTH_URL}/api/auth/jwks`",
    "URL, with a query if it needs one";
ISSUER = issuer: List, EVERYWHERE, "origin of `BETTER_AUTH_URL`",
    "list";
AUDIENCE = audience: List, EVERYWHERE, "origin of `BETTER_AUTH_URL`",
    "list";
ALGORITHMS = algorithms: List, EVERYWHERE, "`EdDSA,ES256,ES512,PS256,RS256`",
    "list of JWS algorithms";
BETTER_AUTH_SECRET = secret: Secret, EVERYWHERE, "none",
    "secret of any length; at least as long as the hash if `ALGORITHMS` names an HS algorithm, or if `COOKIE_CACHE` is `secret`";
PROFILE = profile: Text, EVERYWHERE, "`session`",
    "`session`, `access-token` or `session-cache`";
USER_CLAIM = userClaim: List, EVERYWHERE, "`sub`",
    "claim, or a list: the first claim that is present";
REQUIRED_CLAIMS = requiredClaims: Json, EVERYWHERE, "none",
    "list, or a table of accepted values";
LIST_CLAIMS = listClaims: Names, EVERYWHERE, "`role`",
    "list of claims whose string is a comma-separated list";
EXCLUSIVE_AUDIENCE = exclusiveAudience: Switch, EVERYWHERE, "`true` for `access-token`, else `false`",
    "switch: `aud` must contain accepted audiences only";
CLOCK_TOLERANCE = clockTolerance: Number, EVERYWHERE, "5",
    "whole seconds up to 300";
MAX_TOKEN_AGE = maxTokenAge: Number, EVERYWHERE, "no limit",
    "seconds since `iat`, which is then required";
MAX_TOKEN_LIFETIME = maxTokenLifetime: Number, EVERYWHERE, "no limit",
    "seconds from `iat` to `exp`";
MAX_TOKEN_BYTES = maxTokenBytes: Number, EVERYWHERE, "16384",
    "bytes, encoded";
MAX_HEADER_BYTES = maxHeaderBytes: Number, EVERYWHERE, "4096",
    "bytes, encoded";
ISSUERS = issuers: Json, GATEWAYS, "none",
    "list of further issuers";
JWKS_MAX_AGE = cacheMaxAge: Seconds, EVERYWHERE, "600",
    "seconds for which a JWK Set is fresh";
JWKS_STALE_AGE = cacheStaleAge: Seconds, EVERYWHERE, "86400",
    "seconds for which the edge uses a JWK Set while the auth server fails";
JWKS_COOLDOWN = cooldownDuration: Seconds, EVERYWHERE, "30",
    "seconds after which one more fetch for an unknown key is allowed; up to four are allowed in a row";
JWKS_TIMEOUT = timeoutDuration: Seconds, EVERYWHERE, "5",
    "seconds for one fetch";
TOKEN_CACHE = tokenCache: Number, EVERYWHERE, "1000",
    "number of verified tokens that an isolate caches; 0 disables the cache";
TABLE_WINDOW = tableWindow: Number, EVERYWHERE, "8",
    "window of the precomputed tables for Ed25519 keys: 4 to 8 bits; 0 disables them";
ROUTES = routes: Json, GATEWAYS, "every path requires a token",
    "list of rules";
WEBSOCKET_QUERY_PARAMETER: Text, WORKER, "none",
    "name of the query parameter that contains a handshake's token";
WEBSOCKET_CLOSE_ON_EXPIRY: Switch, WORKER, "`false`",
    "switch: the Worker closes a WebSocket when its token expires";
CORS_ORIGINS: Names, WORKER, "none: the edge leaves CORS to the origin server",
    "list of origins, or `*`";
CORS_METHODS: Names, WORKER, "`GET,HEAD,POST,PUT,PATCH,DELETE`",
    "list, or `*` for every requested method";
CORS_HEADERS: Names, WORKER, "`authorization,content-type`",
    "list of headers that pages may send; `*` for every requested header";
CORS_EXPOSE_HEADERS: Names, WORKER, "`x-request-id,retry-after`",
    "list of headers that pages may read; `*` for all, without `CORS_CREDENTIALS`";
CORS_CREDENTIALS: Switch, WORKER, "`false`",
    "switch: pages may send cookies";
CORS_MAX_AGE: Number, WORKER, "600",
    "seconds for which browsers cache a preflight response";
CORS_PREFLIGHT_TO_ORIGIN: Switch, WORKER, "`false`",
    "switch: the origin server handles preflight requests, without a token";
TRUSTED_ORIGINS = trustedOrigins: Names, GATEWAYS, "none",
    "list of origins whose pages may change data with a cookie, in addition to the edge's and Better Auth's";
SESSION_EXCHANGE = sessionExchange: Switch, GATEWAYS, "`false`",
    "switch: the edge trades a session cookie for a token at Better Auth";
AUTH_CLIENT_IP_HEADER = authClientIpHeader: Text, GATEWAYS, "`x-forwarded-for`",
    "header that tells Better Auth the client address in a session exchange";
SESSION_MAX_AGE = sessionMaxAge: Number, GATEWAYS, "60",
    "seconds up to 300 for which the edge uses that token: a sign-out can take this long to take effect";
COOKIE_CACHE = cookieCache: Text, GATEWAYS, "none: the edge ignores the cookie cache",
    "`jwks` or `secret`: how the cookie cache is signed that then suffices as a session";
COOKIE_CACHE_VERSION = cookieCacheVersion: Label, GATEWAYS, "`1`",
    "Better Auth's `cookieCache.version`; another version is out of date";
COOKIE_PREFIX = cookiePrefix: Text, GATEWAYS, "`better-auth`",
    "Better Auth's `advanced.cookiePrefix`, without `__Secure-` and without the dot";
SESSION_COOKIE_NAME = sessionCookieName: Text, GATEWAYS, "`{COOKIE_PREFIX}.session_token`",
    "exact name of the session cookie: Better Auth's `advanced.cookies.session_token.name`";
COOKIE_CACHE_NAME = cookieCacheName: Text, GATEWAYS, "`{COOKIE_PREFIX}.session_data`",
    "exact name of the cookie cache: Better Auth's `advanced.cookies.session_data.name`";
FORWARD_AUTHORIZATION = forwardAuthorization: Switch, GATEWAYS, "`true`",
    "switch: forward the bearer token";
FORWARD_HEADERS = forwardHeaders: Names, GATEWAYS, "none",
    "list of headers to forward although they could override the request";
CLIENT_IP_HEADER = clientIpHeader: Text, GATEWAYS, "none: Cloudflare's `cf-connecting-ip`, and only in a Worker on Cloudflare",
    "header in which your own proxy writes the client address";
FORWARD_COOKIES = forwardCookies: Switch, GATEWAYS, "`false`",
    "switch: forward Better Auth's cookies";
CLAIM_HEADERS = claimHeaders: Json, GATEWAYS, "`{}`",
    "table of claims and header names";
EDGE_SIGNING_KEY = signingKey: Json, GATEWAYS, "none: no assertion",
    "secret: private JWK (Ed25519) that signs the assertion";
EDGE_SIGNING_KEY_NEXT = nextSigningKey: Json, GATEWAYS, "none",
    "secret: the next signing key, already published";
EDGE_ISSUER = edgeIssuer: Url, GATEWAYS, "the Worker's own origin, as the client called it",
    "origin: the assertion's `iss`";
EDGE_BIND_REQUEST = bindRequest: Switch, GATEWAYS, "`false`",
    "switch: an assertion is valid for one method and path";
CLAIMS = claims: Claims, GATEWAYS, "`sub,uuid,id,email,name,role,scope`",
    "list of claims in the assertion";
LOG_LEVEL = logLevel: Text, GATEWAYS, "`warn`",
    "`none`, `error`, `warn` or `info`";
LOG_SAMPLE: Number, WORKER, "1",
    "fraction of the info lines to write, 0 to 1";
LOG_SALT = logSalt: Text, GATEWAYS, "random in each isolate",
    "secret: salt of the user hashes in the log";
SERVER_TIMING: Switch, WORKER, "`false`",
    "switch: responses report timings in `Server-Timing`";
RATE_LIMIT_RETRY_AFTER: Number, WORKER, "60",
    "whole seconds up to 86400: `Retry-After` of a 429";
JWKS = jwks: Json, JAVASCRIPT, "none",
    "JWK Set, instead of a URL";
PUBLIC_PATHS = publicPaths: Names, APP, "none",
    "list of public path patterns";
OWN_PATHS = ownPaths: Names, APP, "none",
    "list of public path patterns of Better Auth and the framework";}

/// The bindings of a Worker.
pub(crate) const BINDINGS: [&str; 6] =
    ["ANALYTICS", "AUTH", "JWKS_KV", "ORIGIN", "RATE_LIMIT_REJECTED", "RATE_LIMIT_USER"];

/// Variables of Better Auth and of the Python package whose names resemble a setting's.
pub(crate) const OTHERS: [&str; 7] = [
    "BETTER_AUTH_SECRETS",
    "BETTER_AUTH_TRUSTED_ORIGINS",
    "EDGE_AUDIENCE",
    "EDGE_AUTH_MODE",
    "EDGE_JWKS_URL",
    "EDGE_REFUSE_REPLAYS",
    "ENVIRONMENT",
];
