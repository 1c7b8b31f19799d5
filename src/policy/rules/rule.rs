//! One rule: how it is parsed, and how it matches requests.

use crate::claims::{RequiredClaim, SessionConditions, is_scope};
use crate::config::settings_table::Naming;
use crate::jose::{Json, Object};
use crate::policy::credentials::AcceptedKinds;
use crate::policy::path::Path;
use crate::policy::rules::credentials::{self, CREDENTIALS};
use crate::policy::rules::pattern::Pattern;
use crate::policy::rules::session;
use crate::policy::rules::{Access, Destination, Match};
use crate::similar::{did_you_mean, suggestion};

/// One rule of the setting `ROUTES`.
#[derive(Clone, Debug)]
pub struct Rule {
    pattern: Pattern,
    /// Empty for all
    methods: Vec<String>,
    pub(super) access: Access,
    /// Path parameters, and the claims that they must equal
    pub(super) isolation: Vec<(String, String)>,
    /// Claims that must have one of some values
    pub(super) claims: Vec<RequiredClaim>,
    /// Scopes, all of which the token must have
    pub(super) scopes: Vec<String>,
    /// What it requires of the session
    pub(super) session: SessionConditions,
    /// The kinds of credentials that it accepts
    pub(super) credentials: AcceptedKinds,
    /// The destination of its requests, if it names one
    to: Option<Destination>,
}

impl Rule {
    /// Parses an entry of `ROUTES`.
    ///
    /// # Errors
    /// Everything that is wrong with it. Unknown members are errors, because a misspelled condition
    /// must not become a missing one. So are conditions that are null or empty, and claims to match
    /// that no setting names.
    pub(super) fn from_json(
        json: &Json,
        known_claims: &[String],
        naming: Naming,
    ) -> Result<Self, Vec<String>> {
        let rule = json.as_object().ok_or_else(|| vec!["is not a table".to_owned()])?;
        let unknown = rule.members().filter(|(name, _)| !MEMBERS.contains(name));
        let mut errors: Vec<_> = unknown
            .map(|(name, _)| {
                let meant = did_you_mean(name, MEMBERS);
                format!("\"{name}\" is not a member of a rule{meant}")
            })
            .collect();
        let is_null = |value: &Json| matches!(value, Json::Null);
        let nulls = rule.members().filter(|(name, value)| MEMBERS.contains(name) && is_null(value));
        errors.extend(
            nulls.map(|(name, _)| format!("{name} is null: remove it, or give it a value")),
        );

        let pattern = pattern(rule, &mut errors);
        let methods = methods(rule).or_note(&mut errors);
        let access = Access::from_rule(rule).or_note(&mut errors);
        let isolation = isolation(rule).or_note(&mut errors);
        let claims = claims(rule).or_note(&mut errors);
        let scopes = scopes(rule).or_note(&mut errors);
        let session = session::from_rule(rule, &mut errors);
        let credentials = credentials::from_rule(rule).or_note(&mut errors);
        let to = Destination::from_rule(rule).or_note(&mut errors).flatten();
        let (
            Some(pattern),
            Some(methods),
            Some(access),
            Some(isolation),
            Some(claims),
            Some(scopes),
            Some(session),
            Some(credentials),
        ) = (pattern, methods, access, isolation, claims, scopes, session, credentials)
        else {
            return Err(errors);
        };
        for (parameter, _) in isolation.iter().filter(|(name, _)| !pattern.has_parameter(name)) {
            errors.push(format!("match names {{{parameter}}}, which the path does not have"));
        }
        let is_known = |claim: &String| {
            let mut known = known_claims.iter().map(String::as_str);
            let mut required = claims.iter().map(RequiredClaim::name);
            known.any(|known| is_within(claim, known))
                || required.any(|name| is_within(claim, name))
        };
        for (parameter, _) in isolation.iter().filter(|(_, claim)| !is_known(claim)) {
            errors.push(format!(
                "match names a claim for {{{parameter}}} that no other setting names: is it misspelled? \
                 If not, name it in {} or {}",
                naming.name_of("CLAIMS"),
                naming.name_of("REQUIRED_CLAIMS"),
            ));
        }
        let conditions = [
            ("match", !isolation.is_empty()),
            ("claims", !claims.is_empty()),
            ("scopes", !scopes.is_empty()),
            (CREDENTIALS, credentials != AcceptedKinds::default()),
        ];
        let conditions = conditions.into_iter().chain(session::names(&session));
        for (name, _) in conditions.filter(|(_, is_condition)| *is_condition) {
            if access != Access::Required {
                errors.push(format!(
                    "{name} requires auth to be \"required\": a condition can hold only for a token"
                ));
            }
        }
        match errors.is_empty() {
            true => Ok(Self {
                pattern,
                methods,
                access,
                isolation,
                claims,
                scopes,
                session,
                credentials,
                to,
            }),
            false => Err(errors),
        }
    }

    /// The same rule, where the claims in `lists` are comma-separated lists.
    pub(super) fn with_lists(self, lists: &[String]) -> Self {
        let claims = self.claims.into_iter().map(|claim| claim.with_lists(lists)).collect();
        Self { claims, ..self }
    }

    /// Why this rule, which comes first, makes the other one misleading: this rule matches all
    /// requests of the other, some with the same pattern, or some for which the other has
    /// conditions. The result is the text before and after the index of this rule.
    pub(super) fn hides(&self, other: &Self) -> Option<[&'static str; 2]> {
        let includes_all = self.methods.is_empty()
            || (!other.methods.is_empty() && other.methods.iter().all(|m| self.accepts_method(m)));
        let includes_some = includes_all
            || other.methods.is_empty()
            || other.methods.iter().any(|m| self.accepts_method(m));
        let covers = self.pattern.covers(&other.pattern);
        match covers {
            true if includes_all => Some(["can never match: [", "] already matches all its paths"]),
            true if includes_some && other.pattern.covers(&self.pattern) => {
                Some(["has the path of another rule, and a method too: [", COMES_FIRST])
            }
            true if includes_some && other.has_conditions_missing_in(self) => {
                Some(["asks for more, but not for all of its methods: [", COMES_FIRST])
            }
            _ => None,
        }
    }

    /// Whether this rule has a kind of condition that the other lacks.
    fn has_conditions_missing_in(&self, other: &Self) -> bool {
        (self.isolates() && !other.isolates())
            || (!self.claims.is_empty() && other.claims.is_empty())
            || (!self.scopes.is_empty() && other.scopes.is_empty())
            || self.session.are_missing_in(&other.session)
            || (self.limits_credentials() && !other.limits_credentials())
    }

    /// Whether it has conditions for some methods only. Isolation applies to all methods.
    pub(super) fn is_limited_to_methods(&self) -> bool {
        let has_conditions = !self.claims.is_empty()
            || !self.scopes.is_empty()
            || self.session.are_any()
            || self.limits_credentials();
        has_conditions && !self.methods.is_empty()
    }

    /// Whether it refuses a kind of credentials.
    fn limits_credentials(&self) -> bool {
        self.credentials != AcceptedKinds::default()
    }

    /// Whether each of its paths belongs to one user.
    pub(super) fn isolates(&self) -> bool {
        !self.isolation.is_empty()
    }

    /// Whether the edge ignores tokens.
    pub(super) fn is_public(&self) -> bool {
        self.access == Access::Public
    }

    pub(super) fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Whether this rule, which comes after an isolating one, is meant for the methods that the
    /// other does not name: it names its methods, isolates too, or has the other's path or a part
    /// of it. A catch-all is not.
    pub(super) fn takes_over_from(&self, isolating: &Self) -> bool {
        !self.methods.is_empty() || self.isolates() || isolating.pattern.covers(&self.pattern)
    }

    /// The isolation of a path, for every method.
    pub(super) fn match_path<'r>(&'r self, path: &'r Path<'_>) -> Option<Match<'r>> {
        let parameters = self.pattern.parameters(path)?;
        Some(Match { parameters, isolation: &self.isolation, ..Match::default() })
    }

    /// The path as `ROUTES` has it.
    pub(super) fn path(&self) -> &str {
        self.pattern.text()
    }

    /// The destination of its requests, if it names one.
    pub(super) fn to(&self) -> Option<Destination> {
        self.to
    }

    pub(super) fn accepts_method(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|m| includes(m, method))
    }

    pub(super) fn match_request<'r>(
        &'r self,
        method: &str,
        path: &'r Path<'_>,
    ) -> Option<Match<'r>> {
        if !self.accepts_method(method) {
            return None;
        }
        let parameters = self.pattern.parameters(path)?;
        let Self { access, isolation, claims, scopes, session, credentials, .. } = self;
        let (rule, access, to) = (None, *access, Destination::default());
        let (session, credentials) = (*session, *credentials);
        Some(Match {
            rule,
            access,
            to,
            parameters,
            isolation,
            claims,
            scopes,
            session,
            credentials,
        })
    }
}

const COMES_FIRST: &str = "] comes first";

/// Whether a claim is the known one, or a member of it by a dotted path.
fn is_within(claim: &str, known: &str) -> bool {
    claim.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The rule's path. `None` without another error if `path` is null or seems to be misspelled,
/// because the caller reports that.
fn pattern(rule: &Object, errors: &mut Vec<String>) -> Option<Pattern> {
    let is_meant = |(name, value): (&str, &Json)| {
        let is_near = || suggestion(name, MEMBERS) == Some("path");
        let is_path = || value.as_str().is_some_and(|text| text.starts_with('/'));
        !MEMBERS.contains(&name) && (is_near() || is_path())
    };
    if rule.member("path").is_none() && (rule.has("path") || rule.members().any(is_meant)) {
        return None;
    }
    Pattern::from_rule(rule).or_note(errors)
}

const MEMBERS: [&str; 10] = [
    "path",
    "methods",
    "auth",
    "match",
    "claims",
    "scopes",
    "credentials",
    "impersonation",
    "max_session_age",
    "to",
];

fn methods(rule: &Object) -> Result<Vec<String>, String> {
    let Some(methods) = rule.member("methods") else {
        return Ok(Vec::new());
    };
    let error = || "methods is not a list of HTTP methods in upper case".to_owned();
    let method = |method: &Json| method.as_str().filter(|text| is_method(text)).map(str::to_owned);
    let methods = methods.as_array().filter(|methods| !methods.is_empty()).ok_or_else(error)?;
    methods.iter().map(method).collect::<Option<_>>().ok_or_else(error)
}

fn isolation(rule: &Object) -> Result<Vec<(String, String)>, String> {
    let Some(table) = rule.member("match") else {
        return Ok(Vec::new());
    };
    let pair = |(parameter, claim): (&str, &Json)| {
        let claim = claim.as_str().filter(|claim| !claim.is_empty())?;
        Some((parameter.to_owned(), claim.to_owned()))
    };
    let pairs = table.as_object().and_then(|table| table.members().map(pair).collect());
    non_empty("match", "a table of path parameters and claims", pairs)
}

fn claims(rule: &Object) -> Result<Vec<RequiredClaim>, String> {
    let Some(claims) = rule.member("claims") else {
        return Ok(Vec::new());
    };
    let claim = |(name, accepted): (&str, &Json)| RequiredClaim::from_json(name, accepted);
    let claims = claims.as_object().and_then(|table| table.members().map(claim).collect());
    non_empty("claims", "a table of claims and the values that they may have", claims)
}

fn scopes(rule: &Object) -> Result<Vec<String>, String> {
    let Some(scopes) = rule.member("scopes") else {
        return Ok(Vec::new());
    };
    let scope = |scope: &Json| scope.as_str().filter(|text| is_scope(text)).map(str::to_owned);
    let scopes = scopes.as_array().and_then(|scopes| scopes.iter().map(scope).collect());
    non_empty("scopes", "a list of scopes", scopes)
}

/// The conditions of a member. An empty list or table would require nothing, so it is an error.
fn non_empty<T>(member: &str, expected: &str, read: Option<Vec<T>>) -> Result<Vec<T>, String> {
    match read {
        None => Err(format!("{member} is not {expected}")),
        Some(read) if read.is_empty() => {
            Err(format!("{member} is empty, so it would require nothing: remove it"))
        }
        Some(read) => Ok(read),
    }
}

/// Parsing continues after an error, so that it finds all.
trait OrNote<T> {
    fn or_note(self, errors: &mut Vec<String>) -> Option<T>;
}

impl<T> OrNote<T> for Result<T, String> {
    fn or_note(self, errors: &mut Vec<String>) -> Option<T> {
        self.map_err(|error| errors.push(error)).ok()
    }
}

/// HEAD follows GET.
fn includes(allowed: &str, method: &str) -> bool {
    allowed == method || (allowed == "GET" && method == "HEAD")
}

fn is_method(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}
