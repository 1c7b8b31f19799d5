//! Cross-origin requests (Fetch Standard, section 3.3): which pages of other origins may call, decided
//! by the edge, so that its own refusals can be read by them too.

use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::gateway::BY_ITSELF;
use crate::http::edit::HeaderEdit;
use crate::http::fields::is_token;
use crate::http::head::RequestHead;
use crate::http::response::Response;

/// Who may call from where, from the settings.
#[derive(Clone, Debug)]
pub(crate) enum Cors {
    /// The edge answers preflights and says who may read
    Edge(Policy),
    /// Preflights reach the origin without a token, and the origin says
    Origin,
    /// Nobody looks: a preflight is a request like any other
    Ignored,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// Empty for any
    origins: Vec<OriginPattern>,
    methods: Named,
    headers: Named,
    exposed: String,
    credentials: bool,
    /// Seconds
    max_age: u32,
}

/// Methods or names of headers that pages may use.
#[derive(Clone, Debug)]
enum Named {
    /// Whatever a preflight asks for
    Any,
    /// A list, as a header has it
    These(String),
}

impl Cors {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        if !BY_ITSELF {
            return Self::Ignored;
        }
        let to_origin = reader.switch("CORS_PREFLIGHT_TO_ORIGIN", false);
        let Some(origins) = reader.list("CORS_ORIGINS") else {
            return if to_origin { Self::Origin } else { Self::Ignored };
        };
        if to_origin {
            reader
                .error("CORS_PREFLIGHT_TO_ORIGIN", "contradicts CORS_ORIGINS: one of them answers");
        }
        let any = origins == ["*"];
        let credentials = reader.switch("CORS_CREDENTIALS", false);
        if any && credentials {
            reader.error(
                "CORS_CREDENTIALS",
                "needs CORS_ORIGINS to name the origins: browsers refuse *",
            );
        }
        let exposed = tokens(reader, "CORS_EXPOSE_HEADERS", "x-request-id, retry-after");
        let exposed = match exposed {
            Named::These(names) => names,
            Named::Any if credentials => {
                reader.error("CORS_EXPOSE_HEADERS", EXPOSE_ANY);
                String::new()
            }
            Named::Any => "*".to_owned(),
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

    /// What may not be meant: strangers' pages that may read what is a user's.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let policy = self.policy().filter(|policy| policy.credentials);
        let origins = policy.map_or(&[][..], |policy| &policy.origins);
        OriginPattern::warnings("CORS_ORIGINS", origins)
    }

    /// The answer to a preflight, if this is one and it is the edge's to answer.
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
            let methods = policy.methods.asked_for(head, "access-control-request-method");
            headers.extend(methods.map(|names| ("access-control-allow-methods", names)));
            let names = policy.headers.asked_for(head, "access-control-request-headers");
            headers.extend(names.map(|names| ("access-control-allow-headers", names)));
            headers.push(("access-control-max-age", policy.max_age.to_string()));
        }
        Some(Response { status: 204, headers, body: String::new() })
    }

    /// Whether the origin answers this request without a token, because it is a preflight.
    pub(crate) fn is_for_the_origin(&self, head: &RequestHead) -> bool {
        BY_ITSELF && matches!(self, Self::Origin) && preflight_origin(head).is_some()
    }

    /// What a response says of who may read it, in place of what it says itself.
    pub(crate) fn edits(&self, head: &RequestHead) -> Vec<HeaderEdit> {
        let Some(policy) = self.policy() else {
            return Vec::new();
        };
        let Some(origin) = head.header("origin").next() else {
            // a cache must not give this answer to a page that asks later
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

    /// The same for an answer of the edge's own; `page` is the value of `Origin`.
    pub(crate) fn decorate(&self, page: Option<&str>, response: &mut Response) {
        let Some(policy) = self.policy() else {
            return;
        };
        response.headers.push(("vary", "Origin".to_owned()));
        if let Some(origin) = page.filter(|origin| policy.allows(origin)) {
            response.headers.extend(policy.permission(origin));
            response.headers.push(("access-control-expose-headers", policy.exposed.clone()));
        }
    }

    /// The edge's own, if it has one.
    fn policy(&self) -> Option<&Policy> {
        match self {
            Self::Edge(policy) if BY_ITSELF => Some(policy),
            _ => None,
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

impl Named {
    /// What a preflight is told: nothing where it asks for what has no name in HTTP, or for nothing.
    fn asked_for(&self, head: &RequestHead, asks: &str) -> Option<String> {
        match self {
            Self::These(names) => Some(names.clone()),
            // browsers take * literally beside cookies, and never for Authorization
            Self::Any => {
                let asked = head.header(asks).flat_map(|value| value.split(','));
                let asked = asked.map(|name| name.trim_matches([' ', '\t']));
                let asked: Vec<_> = asked.filter(|name| !name.is_empty()).collect();
                let is_good = !asked.is_empty() && asked.iter().all(|name| is_token(name));
                is_good.then(|| asked.join(", "))
            }
        }
    }
}

const EXPOSE_ANY: &str = "is *, which browsers take for a header of that name where CORS_CREDENTIALS is true: \
                          name the headers";

/// What a response says that only the edge may say.
const PERMISSION: [&str; 3] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-expose-headers",
];

/// The origin of the page that asks, if this is a preflight (Fetch Standard, section 4.8).
fn preflight_origin(head: &RequestHead) -> Option<&str> {
    let asks =
        head.method() == "OPTIONS" && head.header("access-control-request-method").next().is_some();
    head.header("origin").next().filter(|_| asks)
}

/// A list of methods or header names; `*` among them stands for all.
fn tokens(reader: &mut Reader<'_>, setting: &'static str, default: &str) -> Named {
    let Some(names) = reader.list(setting) else {
        return Named::These(default.to_owned());
    };
    if !names.iter().all(|name| is_token(name)) {
        reader.error(setting, "has a name that HTTP does not know");
    }
    match names.iter().any(|name| name == "*") {
        true => Named::Any,
        false => Named::These(names.join(", ")),
    }
}
