//! Cross-origin requests (Fetch Standard, section 3.3): which other origins may read responses. The
//! edge decides, so that scripts can read its rejections too.

use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::http::edit::HeaderEdit;
use crate::http::fields::is_token;
use crate::http::head::RequestHead;
use crate::http::response::Response;

/// The policy for cross-origin requests, from the settings.
#[derive(Clone, Debug)]
pub(crate) enum Cors {
    /// The edge responds to preflights and permits origins to read responses
    Edge(Policy),
    /// The edge forwards preflights without a token, and the upstream permits origins
    Upstream,
    /// The edge treats a preflight as any other request
    Ignored,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// Empty for all origins
    origins: Vec<OriginPattern>,
    methods: Allowed,
    headers: Allowed,
    exposed: String,
    credentials: bool,
    /// Seconds
    max_age: u32,
}

/// Methods or headers that a cross-origin request may use.
#[derive(Clone, Debug)]
enum Allowed {
    /// Those that a preflight names
    Any,
    /// A list, as a header has it
    List(String),
}

impl Cors {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let to_origin = reader.switch("CORS_PREFLIGHT_TO_ORIGIN", false);
        let Some(origins) = reader.list("CORS_ORIGINS") else {
            return if to_origin { Self::Upstream } else { Self::Ignored };
        };
        if to_origin {
            let origins = reader.name_of("CORS_ORIGINS");
            reader.error(
                "CORS_PREFLIGHT_TO_ORIGIN",
                ["contradicts ", origins, ": set only one of them"].concat(),
            );
        }
        let any = origins == ["*"];
        let credentials = reader.switch("CORS_CREDENTIALS", false);
        if any && credentials {
            reader.error(
                "CORS_CREDENTIALS",
                "needs CORS_ORIGINS to name the origins: browsers reject *",
            );
        }
        let exposed = tokens(reader, "CORS_EXPOSE_HEADERS", "x-request-id, retry-after");
        let exposed = match exposed {
            Allowed::List(names) => names,
            Allowed::Any if credentials => {
                reader.error("CORS_EXPOSE_HEADERS", EXPOSE_ANY);
                String::new()
            }
            Allowed::Any => "*".to_owned(),
        };
        let max_age = reader.number("CORS_MAX_AGE").unwrap_or(600.0);
        if !(0.0..=86_400.0).contains(&max_age) {
            reader.error("CORS_MAX_AGE", "is not a number of seconds up to 86400");
        }
        Self::Edge(Policy {
            origins: if any { Vec::new() } else { reader.origins("CORS_ORIGINS") },
            methods: tokens(reader, "CORS_METHODS", "GET, HEAD, POST, PUT, PATCH, DELETE"),
            headers: tokens(reader, "CORS_HEADERS", "authorization, content-type"),
            exposed,
            credentials,
            max_age: max_age as u32,
        })
    }

    /// Warnings about origins of strangers that may read users' responses.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let policy = self.policy().filter(|policy| policy.credentials);
        let origins = policy.map_or(&[][..], |policy| &policy.origins);
        OriginPattern::warnings("CORS_ORIGINS", origins)
    }

    /// The edge's response to a preflight.
    pub(crate) fn preflight(&self, head: &RequestHead) -> Option<Response> {
        let policy = self.policy()?;
        let origin = preflight_origin(head)?;
        let mut headers = vec![
            (
                "vary",
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers".into(),
            ),
            ("cache-control", "no-store".into()),
        ];
        if policy.allows(origin) {
            headers.extend(policy.permission(origin));
            let methods = policy.methods.permitted(head, "access-control-request-method");
            headers.extend(methods.map(|names| ("access-control-allow-methods", names)));
            let names = policy.headers.permitted(head, "access-control-request-headers");
            headers.extend(names.map(|names| ("access-control-allow-headers", names)));
            headers.push(("access-control-max-age", policy.max_age.to_string()));
        }
        Some(Response { status: 204, headers, body: String::new() })
    }

    /// Whether the edge forwards this request without a token, because it is a preflight.
    pub(crate) fn forwards_preflight(&self, head: &RequestHead) -> bool {
        matches!(self, Self::Upstream) && preflight_origin(head).is_some()
    }

    /// The edits that replace the CORS headers of the upstream's response.
    pub(crate) fn edits(&self, head: &RequestHead) -> Vec<HeaderEdit> {
        let Some(policy) = self.policy() else {
            return Vec::new();
        };
        let Some(origin) = head.header("origin").next() else {
            // a cache must not reuse this response for a request with an origin
            return vec![HeaderEdit::Append("vary".into(), "Origin".into())];
        };
        let mut edits: Vec<_> = PERMISSION.map(|name| HeaderEdit::Remove(name.into())).into();
        edits.push(HeaderEdit::Append("vary".into(), "Origin".into()));
        if policy.allows(origin) {
            let set = |(name, value): (&'static str, String)| HeaderEdit::Set(name.into(), value);
            edits.extend(policy.permission(origin).into_iter().map(set));
            edits.push(set(("access-control-expose-headers", policy.exposed.clone())));
        }
        edits
    }

    /// Adds CORS headers to a response of the edge. `origin` is the request's `Origin` header.
    pub(crate) fn decorate(&self, origin: Option<&str>, response: &mut Response) {
        let Some(policy) = self.policy() else {
            return;
        };
        response.headers.push(("vary", "Origin".to_owned()));
        if let Some(origin) = origin.filter(|origin| policy.allows(origin)) {
            response.headers.extend(policy.permission(origin));
            response.headers.push(("access-control-expose-headers", policy.exposed.clone()));
        }
    }

    /// The edge's policy, if the edge decides.
    fn policy(&self) -> Option<&Policy> {
        match self {
            Self::Edge(policy) => Some(policy),
            Self::Upstream | Self::Ignored => None,
        }
    }
}

impl Policy {
    fn allows(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|allowed| allowed.matches(origin))
    }

    fn permission(&self, origin: &str) -> Vec<(&'static str, String)> {
        let any = self.origins.is_empty();
        let origin = if any { "*".to_owned() } else { origin.to_owned() };
        let mut headers = vec![("access-control-allow-origin", origin)];
        if self.credentials {
            headers.push(("access-control-allow-credentials", "true".to_owned()));
        }
        headers
    }
}

impl Allowed {
    /// The value of a preflight response's header. `request_header` contains the names that the
    /// preflight asks for. `None` for an empty list, or if a name is malformed.
    fn permitted(&self, head: &RequestHead, request_header: &str) -> Option<String> {
        match self {
            Self::List(names) => Some(names.clone()),
            // with credentials, browsers read * literally, and it never includes Authorization
            Self::Any => {
                let asked = head.header(request_header).flat_map(|value| value.split(','));
                let asked = asked.map(|name| name.trim_matches([' ', '\t']));
                let asked: Vec<_> = asked.filter(|name| !name.is_empty()).collect();
                let is_good = !asked.is_empty() && asked.iter().all(|name| is_token(name));
                is_good.then(|| asked.join(", "))
            }
        }
    }
}

const EXPOSE_ANY: &str = "is *, which browsers read as the name of a header if CORS_CREDENTIALS is true: \
                          name the headers";

/// The headers that only the edge may set.
const PERMISSION: [&str; 3] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-expose-headers",
];

/// The `Origin` header, if this is a preflight (Fetch Standard, section 4.8).
fn preflight_origin(head: &RequestHead) -> Option<&str> {
    let asks =
        head.method() == "OPTIONS" && head.header("access-control-request-method").next().is_some();
    head.header("origin").next().filter(|_| asks)
}

/// A list of methods or header names. `*` stands for all.
fn tokens(reader: &mut Reader<'_>, setting: &'static str, default: &str) -> Allowed {
    let Some(names) = reader.list(setting) else {
        return Allowed::List(default.to_owned());
    };
    if !names.iter().all(|name| is_token(name)) {
        reader.error(setting, "has a name that is not a token of HTTP");
    }
    match names.iter().any(|name| name == "*") {
        true => Allowed::Any,
        false => Allowed::List(names.join(", ")),
    }
}
