//! Rules by method and path. The first rule that matches a request counts. A request that no rule
//! matches requires a token.

mod credentials;
mod gaps;
mod loose_match;
mod pattern;
mod rule;
mod session;

pub use rule::Rule;

use pattern::Pattern;

use crate::claims::{RequiredClaim, SessionConditions, list_claims};
use crate::config::reader::Reader;
use crate::config::settings_table::Naming;
use crate::error::Error;
use crate::jose::{Json, Object};
use crate::policy::credentials::{AcceptedKinds, CredentialKind};
use crate::policy::path::Path;
use crate::policy::tokens::LIST_CLAIMS;

/// The rules, in order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    /// `PUBLIC_PATHS`, which the rules cannot close
    public_paths: Vec<Pattern>,
    /// `OWN_PATHS`, the paths of Better Auth and of the framework, which are public too
    own_paths: Vec<Pattern>,
    /// The destination of requests whose rule names none
    to: Destination,
    /// How the operator calls settings
    naming: Naming,
}

impl Rules {
    /// Rules in this order.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// `ROUTES`, `PUBLIC_PATHS` and `OWN_PATHS`. `known_claims` are the claims that other settings
    /// name.
    pub(crate) fn from_settings(reader: &mut Reader<'_>, known_claims: &[String]) -> Self {
        const SETTING: &str = "ROUTES";
        let mut all = Self { naming: reader.naming(), ..Self::default() };
        if reader.is_within_app() {
            all.to = Destination::App;
            all.public_paths = public_patterns(reader, "PUBLIC_PATHS");
            all.own_paths = public_patterns(reader, "OWN_PATHS");
        }
        let Some(json) = reader.json(SETTING) else {
            return all;
        };
        let Some(entries) = json.as_array() else {
            let is_section = json.as_object().is_some() && all.naming == Naming::Variables;
            reader.error(SETTING, if is_section { SECTION } else { "is not a list of rules" });
            return all;
        };
        let known_claims = &claims_to_match(reader, entries, known_claims);
        let has_origin = reader.is_given("ORIGIN_URL");
        let lists = list_claims(reader.list(LIST_CLAIMS));
        let mut rules: Vec<(usize, Rule)> = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            match Rule::from_json(entry, known_claims, all.naming) {
                Ok(rule) => {
                    let rule = rule.with_lists(&lists);
                    if rule.to().is_some() && !reader.is_within_app() {
                        reader.error_at(SETTING, i, &[TO_ON_WORKER]);
                    } else if rule.to() == Some(Destination::Upstream) && !has_origin {
                        let origin_url = reader.name_of("ORIGIN_URL");
                        let reason =
                            ["to is \"origin\": set ", origin_url, " to the origin server's URL"];
                        reader.error_at(SETTING, i, &reason);
                    }
                    let mut earlier = rules.iter();
                    if let Some((j, why)) = earlier.find_map(|(j, r)| Some((j, r.hides(&rule)?))) {
                        let [before, after] = why;
                        reader.error_at(SETTING, i, &[before, &j.to_string(), after]);
                    }
                    rules.push((i, rule));
                }
                Err(errors) => {
                    for error in errors {
                        reader.error_at(SETTING, i, &[&error]);
                    }
                }
            }
        }
        for (i, rule) in &rules {
            all.check_public_paths(*i, rule, reader);
        }
        all.rules = rules.into_iter().map(|(_, rule)| rule).collect();
        all
    }

    /// The number of rules, and of those that isolate users.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.rules.len(), self.rules.iter().filter(|rule| rule.isolates()).count())
    }

    /// The destination of requests whose rule names none.
    pub(crate) fn to(&self) -> Destination {
        self.to
    }

    /// The path of a rule as `ROUTES` has it.
    pub(crate) fn path(&self, rule: usize) -> &str {
        self.rules.get(rule).map_or("", Rule::path)
    }

    /// The first rule that matches, and the isolation of a rule that isolates the path for other
    /// methods.
    pub(crate) fn first_match<'r>(&'r self, method: &str, path: &'r Path<'_>) -> Match<'r> {
        if self.is_public_path(path) {
            return Match { access: Access::Public, to: self.to, ..Match::default() };
        }
        let mut rules = self.rules.iter().enumerate();
        let first = rules.find_map(|(i, rule)| {
            let to = rule.to().unwrap_or(self.to);
            Some(Match { rule: Some(i), to, ..rule.match_request(method, path)? })
        });
        self.isolated(first.unwrap_or(Match { to: self.to, ..Match::default() }), path)
    }

    /// Whether `PUBLIC_PATHS` or `OWN_PATHS` contains the path.
    fn is_public_path(&self, path: &Path<'_>) -> bool {
        let mut open = self.public_paths.iter().chain(&self.own_paths);
        open.any(|pattern| pattern.parameters(path).is_some())
    }
}

/// The claims that a rule may match. If a setting that names claims has an error, any claim may be
/// known.
fn claims_to_match(reader: &Reader<'_>, rules: &[Json], known: &[String]) -> Vec<String> {
    let mut known = known.to_vec();
    let sources = ["CLAIMS", "ISSUERS", "REQUIRED_CLAIMS", "USER_CLAIM"];
    if sources.iter().any(|setting| reader.has_error(setting)) {
        let matches =
            rules.iter().filter_map(|rule| rule.as_object()?.member("match")?.as_object());
        let claims = matches.flat_map(Object::members).filter_map(|(_, claim)| claim.as_str());
        known.extend(claims.map(str::to_owned));
    }
    known
}

const SECTION: &str = "is one table, not a list of rules: in wrangler.toml, begin each rule with [[vars.ROUTES]], not \
                       [vars.ROUTES]";
const TO_ON_WORKER: &str =
    "to is for an edge in an application: a Worker forwards all requests to the origin server";

/// Patterns separated by commas.
fn public_patterns(reader: &mut Reader<'_>, setting: &'static str) -> Vec<Pattern> {
    let mut open = Vec::new();
    for (index, text) in reader.list(setting).unwrap_or_default().iter().enumerate() {
        match Pattern::parse(text) {
            Ok(pattern) if pattern.is_everything() => {
                reader.item_error(setting, index, "opens every path");
            }
            Ok(pattern) => open.push(pattern),
            Err(error) => reader.item_error(setting, index, &["is wrong: ", &*error].concat()),
        }
    }
    open
}

/// Where an admitted request goes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Destination {
    /// To the server behind the edge
    #[default]
    Upstream,
    /// To the application that the edge runs in
    App,
}

impl Destination {
    /// The destination that a rule names.
    fn from_rule(rule: &Object) -> Result<Option<Self>, String> {
        match rule.member("to").map(Json::as_str) {
            None => Ok(None),
            Some(Some("origin")) => Ok(Some(Self::Upstream)),
            Some(Some("app")) => Ok(Some(Self::App)),
            Some(_) => Err("to is neither origin nor app".to_owned()),
        }
    }
}

/// Whether a request requires a token.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Access {
    /// The request requires a token
    #[default]
    Required,
    /// The request may have a token, which must be valid
    Optional,
    /// The edge ignores tokens
    Public,
}

impl Access {
    /// Whether this access requires more than the other.
    fn is_stricter_than(self, other: Self) -> bool {
        let strictness = |access| match access {
            Self::Public => 0,
            Self::Optional => 1,
            Self::Required => 2,
        };
        strictness(self) > strictness(other)
    }

    fn from_rule(rule: &Object) -> Result<Self, String> {
        match rule.member("auth").map(Json::as_str) {
            None | Some(Some("required")) => Ok(Self::Required),
            Some(Some("optional")) => Ok(Self::Optional),
            Some(Some("public")) => Ok(Self::Public),
            Some(_) => Err("auth is neither required, optional nor public".to_owned()),
        }
    }
}

/// The requirements of a rule. The default requires a token.
#[derive(Debug, Default)]
pub(crate) struct Match<'r> {
    /// The index of the rule
    pub(crate) rule: Option<usize>,
    pub(crate) access: Access,
    pub(crate) to: Destination,
    /// The path's parameters by name
    parameters: Vec<(&'r str, &'r str)>,
    isolation: &'r [(String, String)],
    claims: &'r [RequiredClaim],
    scopes: &'r [String],
    session: SessionConditions,
    credentials: AcceptedKinds,
}

impl<'r> Match<'r> {
    /// Checks the kind of the request's credential.
    ///
    /// # Errors
    /// [`Code::CredentialNotAccepted`](crate::error::Code::CredentialNotAccepted)
    pub(crate) fn check_credential(&self, kind: CredentialKind) -> Result<(), Error> {
        self.credentials.check(Some(kind))
    }

    /// Claims that must have one of some values.
    pub(crate) fn claims(&self) -> &'r [RequiredClaim] {
        self.claims
    }

    /// Scopes that the token must have.
    pub(crate) fn scopes(&self) -> &'r [String] {
        self.scopes
    }

    /// What the session must be like.
    pub(crate) fn session_conditions(&self) -> &SessionConditions {
        &self.session
    }

    /// Each path parameter that must equal a claim: its value, and the claim's name.
    pub(crate) fn isolation(&self) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.isolation.iter().map(|(parameter, claim)| {
            let value = self.parameters.iter().find(|(name, _)| name == parameter);
            // `Rule::from_json` has checked the parameters, so there is always a value
            (value.map_or("", |(_, value)| value), claim.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Result<Rule, Vec<String>> {
        Rule::from_json(&Json::parse(json).unwrap(), &["sub".into()], Naming::Variables)
    }

    fn matches(json: &str, method: &str, path: &str) -> bool {
        rule(json).unwrap().match_request(method, &Path::parse(path).unwrap()).is_some()
    }

    #[test]
    fn a_pattern_matches_whole_segments() {
        let user = r#"{"path":"/api/{user_id}/*"}"#;
        for path in ["/api/a", "/api/a/", "/api/a/b", "/api/a/b/c", "/%61pi/a/b"] {
            assert!(matches(user, "GET", path), "{path}");
        }
        for path in ["/", "/api", "/api/", "/API/a/b", "/apix/a", "/x/api/a"] {
            assert!(!matches(user, "GET", path), "{path}");
        }
        assert!(matches(r#"{"path":"/health"}"#, "GET", "/health/"));
        assert!(!matches(r#"{"path":"/health"}"#, "GET", "/health/x"));
        assert!(matches(r#"{"path":"/*"}"#, "GET", "/"));
        assert!(matches(r#"{"path":"/"}"#, "GET", "/"));
        assert!(!matches(r#"{"path":"/"}"#, "GET", "/a"));
    }

    #[test]
    fn methods_are_exact_and_head_follows_get() {
        let get = r#"{"path":"/a","methods":["GET"]}"#;
        assert!(matches(get, "GET", "/a") && matches(get, "HEAD", "/a"));
        assert!(!matches(get, "POST", "/a"));
    }

    #[test]
    fn the_first_match_counts_and_without_a_match_a_token_is_required() {
        let rules = Rules::new(vec![
            rule(r#"{"path":"/a/b","auth":"public"}"#).unwrap(),
            rule(r#"{"path":"/a/{x}","auth":"optional"}"#).unwrap(),
        ]);
        let access = |path| rules.first_match("GET", &Path::parse(path).unwrap()).access;
        assert_eq!(access("/a/b"), Access::Public);
        assert_eq!(access("/a/c"), Access::Optional);
        assert_eq!(access("/b"), Access::Required);
    }

    #[test]
    fn an_invalid_rule_is_rejected_with_every_error() {
        for json in [
            r#"{}"#,
            r#"{"path":"api"}"#,
            r#"{"path":"/a//b"}"#,
            r#"{"path":"/a*"}"#,
            r#"{"path":"/*/a"}"#,
            r#"{"path":"/{}"}"#,
            r#"{"path":"/{a b}"}"#,
            r#"{"path":"/{a}/{a}"}"#,
            r#"{"path":"/x{a}"}"#,
            r#"{"path":"/a","auth":"none"}"#,
            r#"{"path":"/a","methods":["get"]}"#,
            r#"{"path":"/a","scope":[]}"#,
            r#"{"path":"/a","match":{"x":"sub"}}"#,
            r#"{"path":"/{x}","match":{"x":""}}"#,
            r#"{"path":"/{x}","auth":"public","match":{"x":"sub"}}"#,
            r#"{"path":"/{x}","match":{"x":"usr_id"}}"#,
            r#"{"path":"/a","auth":"optional","claims":{"role":"admin"}}"#,
            r#"{"path":"/a","auth":"public","scopes":["a"]}"#,
            r#"{"path":"/a","claims":["role"]}"#,
            r#"{"path":"/a","claims":{"role":[]}}"#,
            r#"{"path":"/a","scopes":"a"}"#,
            r#"{"path":"/a","scopes":["a b"]}"#,
        ] {
            assert!(rule(json).is_err(), "{json}");
        }
        let errors =
            rule(r#"{"path":"a","methods":["get",""],"auth":"public","match":{"x":"sub"}}"#);
        assert_eq!(errors.unwrap_err().len(), 2);
        let errors = rule(r#"{"path":"/{a}","auth":"public","match":{"x":"sub","y":"sub"},"b":1}"#);
        assert_eq!(errors.unwrap_err().len(), 4);
    }

    #[test]
    fn a_claim_to_match_may_be_one_that_the_rule_requires() {
        assert!(rule(r#"{"path":"/{x}","match":{"x":"org"},"claims":{"org":["a","b"]}}"#).is_ok());
    }

    #[test]
    fn a_rule_that_an_earlier_one_hides_is_an_error() {
        let hides = |first: &str, second: &str| rule(first).unwrap().hides(&rule(second).unwrap());
        for (first, second) in [
            (r#"{"path":"/*"}"#, r#"{"path":"/a"}"#),
            (r#"{"path":"/a/{x}"}"#, r#"{"path":"/a/b","methods":["GET"]}"#),
            (r#"{"path":"/a/{x}"}"#, r#"{"path":"/a/{y}"}"#),
            (r#"{"path":"/a","methods":["GET","PUT"]}"#, r#"{"path":"/a/","methods":["HEAD"]}"#),
            (r#"{"path":"/a","methods":["GET"]}"#, r#"{"path":"/a","methods":["GET","PUT"]}"#),
            (r#"{"path":"/a","methods":["GET"]}"#, r#"{"path":"/a"}"#),
        ] {
            assert!(hides(first, second).is_some(), "{first} {second}");
        }
        for (first, second) in [
            (r#"{"path":"/a"}"#, r#"{"path":"/*"}"#),
            (r#"{"path":"/a/b"}"#, r#"{"path":"/a/{x}"}"#),
            (r#"{"path":"/a","methods":["GET"]}"#, r#"{"path":"/a","methods":["PUT"]}"#),
            (r#"{"path":"/a/{x}"}"#, r#"{"path":"/a/*"}"#),
            (r#"{"path":"/a/*","methods":["GET"]}"#, r#"{"path":"/a/b"}"#),
        ] {
            assert_eq!(hides(first, second), None, "{first} {second}");
        }
    }
}
