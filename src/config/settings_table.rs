//! The settings of all hosts: one row for each.
//!
//! Readers, near-miss names and the options of JavaScript use this table. Tests compare
//! `docs/configuration.md`, `npm/README.md` and the types in `npm/src` with it.

/// A setting: a variable of the Worker, an option in JavaScript, or both.
#[derive(Debug)]
pub struct Setting {
    /// The variable, `BETTER_AUTH_URL`; the core names the setting by it
    pub name: &'static str,
    /// The option, `baseURL`
    pub option: Option<&'static str>,
    /// Type and unit
    pub kind: Kind,
    /// Which hosts accept it
    pub hosts: Hosts,
    /// The default, as `docs/configuration.md` shows it
    #[cfg(not(target_arch = "wasm32"))]
    pub default: &'static str,
    /// Type and meaning, as `docs/configuration.md` shows them
    #[cfg(not(target_arch = "wasm32"))]
    pub doc: &'static str,
}

/// The type and the unit of a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Text, without the whitespace around it
    Text,
    /// A URL, whose whitespace is an error
    Url,
    /// Text or, in JavaScript, a number
    Label,
    /// At least one text
    List,
    /// Texts; an empty list counts as absent
    OptionalList,
    /// Claims; an empty list stands for `sub`, which is always included
    ClaimList,
    /// A number without a unit, or of bytes
    Number,
    /// A number of seconds
    Seconds,
    /// A number of seconds; in JavaScript, of milliseconds, as jose has them
    Duration,
    /// `true` or `false`
    Switch,
    /// A table or a list, or their JSON
    Json,
    /// Bytes, all of which count
    Secret,
}

impl Kind {
    /// Whether a value is a list of texts.
    pub fn is_list(self) -> bool {
        matches!(self, Self::List | Self::OptionalList | Self::ClaimList)
    }
}

/// The hosts that accept a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hosts {
    /// The Worker
    Worker,
    /// The Worker and `createGateway`
    Gateways,
    /// The Worker, `createGateway` and `createVerifier`
    Everywhere,
    /// `createGateway`
    Application,
    /// `createGateway` and `createVerifier`
    JavaScript,
}

impl Hosts {
    /// Whether the Worker is one of them.
    pub fn have_worker(self) -> bool {
        matches!(self, Self::Worker | Self::Gateways | Self::Everywhere)
    }

    /// Whether `createGateway` is one of them.
    pub fn have_gateway(self) -> bool {
        self != Self::Worker
    }

    /// Whether `createVerifier` is one of them.
    pub fn have_verifier(self) -> bool {
        matches!(self, Self::Everywhere | Self::JavaScript)
    }
}

/// The names by which the operator knows settings.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Naming {
    /// As variables: `BETTER_AUTH_URL`
    #[default]
    Variables,
    /// As options in JavaScript: `baseURL`
    Options,
}

impl Naming {
    /// The name that the operator writes for the setting, or binding, that the core calls `name`.
    pub fn name_of(self, name: &'static str) -> &'static str {
        let option = || Setting::named(name).and_then(|setting| setting.option);
        match self {
            Self::Variables => name,
            Self::Options => option().unwrap_or(name),
        }
    }
}

impl Setting {
    /// The setting with that variable.
    pub fn named(name: &str) -> Option<&'static Self> {
        let index = SETTINGS.binary_search_by(|setting| setting.name.cmp(name)).ok()?;
        SETTINGS.get(index)
    }
}

/// One row for each setting: its documentation, its variable, its option, its type, its hosts and
/// its default.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+
        $name:literal $(as $option:literal)?: $kind:ident, $hosts:ident, $default:literal;)+) => {
        /// All settings, by name. A setting that is read and is not here fails every test.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            name: $name,
            option: settings!(@option $($option)?),
            kind: Kind::$kind,
            hosts: Hosts::$hosts,
            #[cfg(not(target_arch = "wasm32"))]
            default: $default,
            #[cfg(not(target_arch = "wasm32"))]
            doc: concat!($($doc),+),
        }),+];
    };
    (@option) => { None };
    (@option $option:literal) => { Some($option) };
}

settings! {
    /// list of JWS algorithms
    "ALGORITHMS" as "algorithms": List, Everywhere, "`EdDSA,ES256,ES512,PS256,RS256`";
    /// switch: the edge exchanges API keys of Better Auth's `apiKey` plugin for tokens
    "API_KEYS" as "apiKeys": Switch, Gateways, "`false`";
    /// header that carries an API key, at the edge and at Better Auth
    "API_KEY_HEADER" as "apiKeyHeader": Text, Gateways, "`x-api-key`";
    /// seconds up to 300 for which the edge uses the token of an API key: a disabled key can take
    /// this long to stop working
    "API_KEY_MAX_AGE" as "apiKeyMaxAge": Seconds, Gateways, "60";
    /// list
    "AUDIENCE" as "audience": List, Everywhere, "origin of `BETTER_AUTH_URL`";
    /// header that tells Better Auth the client address in a session exchange
    "AUTH_CLIENT_IP_HEADER" as "authClientIpHeader": Text, Gateways, "`x-forwarded-for`";
    /// path: Better Auth's `basePath`, unless `BETTER_AUTH_URL` contains it; `/` for a server at
    /// the root
    "BETTER_AUTH_BASE_PATH" as "basePath": Text, Everywhere, "`/api/auth`";
    /// secret of any length; at least as long as the hash if `ALGORITHMS` names an HS algorithm, or
    /// if `COOKIE_CACHE` is `secret`
    "BETTER_AUTH_SECRET" as "secret": Secret, Everywhere, "none";
    /// URL
    "BETTER_AUTH_URL" as "baseURL": Url, Everywhere, "required";
    /// list of claims in the assertion
    "CLAIMS" as "claims": ClaimList, Gateways,
        "`sub,uuid,id,email,name,role,scope,activeOrganizationId,organizations,permissions,sid,session_iat`";
    /// table of claims and header names
    "CLAIM_HEADERS" as "claimHeaders": Json, Gateways, "`{}`";
    /// header in which your own proxy writes the client address
    "CLIENT_IP_HEADER" as "clientIpHeader": Text, Gateways,
        "none: Cloudflare's `cf-connecting-ip`, and only in a Worker on Cloudflare";
    /// whole seconds up to 300
    "CLOCK_TOLERANCE" as "clockTolerance": Seconds, Everywhere, "5";
    /// `jwks` or `secret`: how the cookie cache is signed that then suffices as a session
    "COOKIE_CACHE" as "cookieCache": Text, Gateways, "none: the edge ignores the cookie cache";
    /// exact name of the cookie cache: Better Auth's `advanced.cookies.session_data.name`
    "COOKIE_CACHE_NAME" as "cookieCacheName": Text, Gateways, "`{COOKIE_PREFIX}.session_data`";
    /// Better Auth's `cookieCache.version`; another version is out of date
    "COOKIE_CACHE_VERSION" as "cookieCacheVersion": Label, Gateways, "`1`";
    /// Better Auth's `advanced.cookiePrefix`, without `__Secure-` and without the dot
    "COOKIE_PREFIX" as "cookiePrefix": Text, Gateways, "`better-auth`";
    /// switch: pages may send cookies
    "CORS_CREDENTIALS": Switch, Worker, "`false`";
    /// list of headers that pages may read; `*` for all, without `CORS_CREDENTIALS`
    "CORS_EXPOSE_HEADERS": OptionalList, Worker, "`x-request-id,retry-after`";
    /// list of headers that pages may send; `*` for every requested header
    "CORS_HEADERS": OptionalList, Worker, "`authorization,content-type`";
    /// seconds for which browsers cache a preflight response
    "CORS_MAX_AGE": Seconds, Worker, "600";
    /// list, or `*` for every requested method
    "CORS_METHODS": OptionalList, Worker, "`GET,HEAD,POST,PUT,PATCH,DELETE`";
    /// list of origins, or `*`
    "CORS_ORIGINS": OptionalList, Worker, "none: the edge leaves CORS to the origin server";
    /// switch: the origin server handles preflight requests, without a token
    "CORS_PREFLIGHT_TO_ORIGIN": Switch, Worker, "`false`";
    /// switch: an assertion is valid for one method and path
    "EDGE_BIND_REQUEST" as "bindRequest": Switch, Gateways, "`false`";
    /// origin: the assertion's `iss`
    "EDGE_ISSUER" as "edgeIssuer": Url, Gateways,
        "the Worker's own origin, as the client called it";
    /// secret: private JWK (Ed25519) that signs the assertion
    "EDGE_SIGNING_KEY" as "signingKey": Json, Gateways, "none: no assertion";
    /// secret: the next signing key, already published
    "EDGE_SIGNING_KEY_NEXT" as "nextSigningKey": Json, Gateways, "none";
    /// switch: `aud` must contain accepted audiences only
    "EXCLUSIVE_AUDIENCE" as "exclusiveAudience": Switch, Everywhere,
        "`true` for `access-token`, else `false`";
    /// switch: forward the bearer token
    "FORWARD_AUTHORIZATION" as "forwardAuthorization": Switch, Gateways, "`true`";
    /// switch: forward Better Auth's cookies
    "FORWARD_COOKIES" as "forwardCookies": Switch, Gateways, "`false`";
    /// list of headers to forward although they could override the request
    "FORWARD_HEADERS" as "forwardHeaders": OptionalList, Gateways, "none";
    /// list of your own variables whose names resemble a setting's
    "IGNORED_VARIABLES": OptionalList, Worker, "none";
    /// list
    "ISSUER" as "issuer": List, Everywhere, "origin of `BETTER_AUTH_URL`";
    /// list of further issuers
    "ISSUERS" as "issuers": Json, Gateways, "none";
    /// JWK Set in place of a URL
    "JWKS" as "jwks": Json, JavaScript, "none";
    /// seconds after which one more fetch for an unknown key is allowed; up to four are allowed in
    /// a row
    "JWKS_COOLDOWN" as "cooldownDuration": Duration, Everywhere, "30";
    /// seconds for which a JWK Set is fresh
    "JWKS_MAX_AGE" as "cacheMaxAge": Duration, Everywhere, "600";
    /// seconds for which the edge uses a JWK Set while the auth server fails
    "JWKS_STALE_AGE" as "cacheStaleAge": Duration, Everywhere, "86400";
    /// seconds for one fetch
    "JWKS_TIMEOUT" as "timeoutDuration": Duration, Everywhere, "5";
    /// URL, with a query if it needs one
    "JWKS_URL" as "jwksUrl": Url, Everywhere, "`{BETTER_AUTH_URL}/api/auth/jwks`";
    /// list of claims whose string is a comma-separated list
    "LIST_CLAIMS" as "listClaims": OptionalList, Everywhere, "`role`";
    /// list of audiences of OIDC logout tokens
    "LOGOUT_AUDIENCE" as "logoutAudience": List, Gateways, "what `AUDIENCE` accepts";
    /// `none`, `error`, `warn` or `info`
    "LOG_LEVEL" as "logLevel": Text, Gateways, "`warn`";
    /// secret: salt of the user hashes in the log
    "LOG_SALT" as "logSalt": Text, Gateways, "random in each isolate";
    /// fraction of the info lines to write, 0 to 1
    "LOG_SAMPLE": Number, Worker, "1";
    /// bytes, encoded
    "MAX_HEADER_BYTES" as "maxHeaderBytes": Number, Everywhere, "4096";
    /// seconds since `iat`, which is then required
    "MAX_TOKEN_AGE" as "maxTokenAge": Seconds, Everywhere, "no limit";
    /// bytes, encoded
    "MAX_TOKEN_BYTES" as "maxTokenBytes": Number, Everywhere, "16384";
    /// seconds from `iat` to `exp`
    "MAX_TOKEN_LIFETIME" as "maxTokenLifetime": Seconds, Everywhere,
        "no limit; `REVOCATION_RETENTION` with revocation";
    /// seconds up to 600 until the response begins; does not apply to uploads over 1 MB or of
    /// unknown size
    "ORIGIN_TIMEOUT": Seconds, Worker, "30";
    /// URL
    "ORIGIN_URL" as "origin": Url, Gateways, "required";
    /// list of patterns that Better Auth and the framework serve: public; an error only if they
    /// cover a whole rule
    "OWN_PATHS" as "ownPaths": OptionalList, Application, "none";
    /// `session`, `access-token` or `session-cache`
    "PROFILE" as "profile": Text, Everywhere, "`session`";
    /// list of patterns that are public, regardless of the rules
    "PUBLIC_PATHS" as "publicPaths": OptionalList, Application, "none";
    /// whole seconds up to 86400: `Retry-After` of a 429
    "RATE_LIMIT_RETRY_AFTER": Seconds, Worker, "60";
    /// list, or a table of accepted values
    "REQUIRED_CLAIMS" as "requiredClaims": Json, Everywhere, "none";
    /// secret: the bearer token for `REVOCATIONS_URL`
    "REVOCATIONS_TOKEN" as "revocationsToken": Text, Gateways, "none";
    /// URL of another edge, whose revocations this one reads in place of a store
    "REVOCATIONS_URL" as "revocationsURL": Url, Gateways, "none";
    /// seconds, at least the lag, for which the edge uses what it has read last if it cannot read
    /// further
    "REVOCATION_FAILURE_AGE" as "revocationFailureAge": Seconds, Gateways, "30";
    /// secret of at least 32 characters: the bearer token with which other hosts read the
    /// revocations of this edge
    "REVOCATION_FEED_TOKEN" as "revocationFeedToken": Text, Gateways,
        "none: the edge does not publish them";
    /// seconds from 0.5 to 300 after which every isolate refuses a session that has ended
    "REVOCATION_LAG" as "revocationLag": Seconds, Gateways, "2";
    /// `refuse` or `allow`: what happens to requests if the revocations cannot be read for longer
    /// than `REVOCATION_FAILURE_AGE`
    "REVOCATION_ON_FAILURE" as "revocationOnFailure": Text, Gateways, "`refuse`";
    /// seconds for which a revocation is kept: no token may live longer
    "REVOCATION_RETENTION" as "revocationRetention": Seconds, Gateways, "86400";
    /// whole number from 1 to 64: into how many parts the revocations are divided
    "REVOCATION_SHARDS" as "revocationShards": Number, Gateways, "1";
    /// switch: the edge rewrites the origin server's redirects to itself, so that they lead through
    /// the edge
    "REWRITE_REDIRECTS" as "rewriteRedirects": Switch, Gateways, "`true`";
    /// list of rules
    "ROUTES" as "routes": Json, Gateways, "every path requires a token";
    /// switch: responses report timings in `Server-Timing`
    "SERVER_TIMING": Switch, Worker, "`false`";
    /// exact name of the session cookie: Better Auth's `advanced.cookies.session_token.name`
    "SESSION_COOKIE_NAME" as "sessionCookieName": Text, Gateways, "`{COOKIE_PREFIX}.session_token`";
    /// switch: the edge exchanges a session cookie, or a session token that a client sends as
    /// bearer token, for a token at Better Auth
    "SESSION_EXCHANGE" as "sessionExchange": Switch, Gateways, "`false`";
    /// seconds up to 300 for which the edge uses that token: a sign-out can take this long to take
    /// effect
    "SESSION_MAX_AGE" as "sessionMaxAge": Seconds, Gateways, "60";
    /// window of the precomputed tables for Ed25519 keys: 4 to 8 bits; 0 disables them
    "TABLE_WINDOW" as "tableWindow": Number, Everywhere, "8";
    /// number of verified tokens that an isolate caches; 0 disables the cache
    "TOKEN_CACHE" as "tokenCache": Number, Everywhere, "1000";
    /// list of origins whose pages may change data with a cookie, in addition to the edge's and
    /// Better Auth's
    "TRUSTED_ORIGINS" as "trustedOrigins": OptionalList, Gateways, "none";
    /// claim, or a list: the first claim that is present
    "USER_CLAIM" as "userClaim": List, Everywhere, "`sub`";
    /// switch: the Worker closes a WebSocket when its token expires
    "WEBSOCKET_CLOSE_ON_EXPIRY": Switch, Worker, "`false`";
    /// name of the query parameter that contains a handshake's token
    "WEBSOCKET_QUERY_PARAMETER": Text, Worker, "none";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_no_name_occurs_twice() {
        let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert!(names.is_sorted_by(|name, next| name < next));
        let mut options: Vec<_> = SETTINGS.iter().filter_map(|setting| setting.option).collect();
        options.sort_unstable();
        assert!(options.is_sorted_by(|option, next| option < next), "{options:?}");
    }

    #[test]
    fn a_setting_has_an_option_if_a_javascript_host_accepts_it() {
        for Setting { name, option, hosts, .. } in SETTINGS {
            assert_eq!(option.is_some(), hosts.have_gateway(), "{name}");
        }
    }

    #[test]
    fn an_operator_calls_a_setting_as_the_host_does() {
        assert_eq!(Naming::Options.name_of("BETTER_AUTH_URL"), "baseURL");
        assert_eq!(Naming::Variables.name_of("BETTER_AUTH_URL"), "BETTER_AUTH_URL");
        assert_eq!(Naming::Options.name_of("JWKS_KV"), "JWKS_KV", "a binding has no option");
    }
}
