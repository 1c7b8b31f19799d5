//! Which requests need what: rules by method and path, the first that matches counts, and a request
//! that no rule matches needs a token.

mod gaps;
mod pattern;
mod rule;
mod spelling;

pub use rule::Rule;

use pattern::Pattern;

use crate::claims::{RequiredClaim, list_claims};
use crate::config::reader::Reader;
use crate::config::settings_table::Naming;
use crate::gateway::WITHIN_APP;
use crate::jose::{Json, Object};
use crate::policy::path::Path;
use crate::policy::tokens::LIST_CLAIMS;

/// The rules, in their order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    /// Public whatever the rules say: what an application cannot do without
    open: Vec<Pattern>,
    /// The same of the paths that Better Auth and the framework take
    own: Vec<Pattern>,
    /// Where a request goes of which no rule says it
    to: Destination,
    /// How the operator calls settings
    naming: Naming,
}

impl Rules {
    /// Rules that are tried in this order.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// The rules of the setting `ROUTES`. `known_claims` are those that tokens are expected to have.
    pub(crate) fn from_settings(reader: &mut Reader<'_>, known_claims: &[String]) -> Self {
        const SETTING: &str = "ROUTES";
        let mut all = Self { naming: reader.naming(), ..Self::default() };
        if reader.is_within_app() {
            all.to = Destination::App;
            all.open = open(reader, "PUBLIC_PATHS");
            all.own = open(reader, "OWN_PATHS");
        }
        let Some(json) = reader.json(SETTING) else {
            return all;
        };
        let Some(entries) = json.as_array() else {
            reader.error(SETTING, "is not a list of rules");
            return all;
        };
        let known_claims = &known_or_unknowable(reader, entries, known_claims);
        let has_origin = reader.is_given("ORIGIN_URL");
        let lists = list_claims(reader.list(LIST_CLAIMS));
        let mut rules: Vec<(usize, Rule)> = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            match Rule::from_json(entry, known_claims, all.naming) {
                Ok(rule) => {
                    let rule = rule.with_lists(&lists);
                    if rule.to().is_some() && !reader.is_within_app() {
                        let detail =
                            "to is for an edge within an application: all goes to the origin";
                        reader.error_at(SETTING, i, &[detail]);
                    } else if rule.to() == Some(Destination::Origin) && !has_origin {
                        reader.error_at(SETTING, i, &["to = \"origin\" needs an origin"]);
                    }
                    let mut earlier = rules.iter();
                    if let Some((j, how)) = earlier.find_map(|(j, r)| Some((j, r.hides(&rule)?))) {
                        let j = j.to_string();
                        reader.error_at(SETTING, i, &[how, ": [", &j, "] comes first"]);
                    }
                    rules.push((i, rule));
                }
                Err(faults) => {
                    for fault in faults {
                        reader.error_at(SETTING, i, &[&fault]);
                    }
                }
            }
        }
        for (i, rule) in &rules {
            all.note_opened(*i, rule, reader);
        }
        all.rules = rules.into_iter().map(|(_, rule)| rule).collect();
        all
    }

    /// How many rules there are, and how many of them keep users apart.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.rules.len(), self.rules.iter().filter(|rule| rule.isolates()).count())
    }

    /// Where a request goes of which no rule says it.
    pub(crate) fn to(&self) -> Destination {
        self.to
    }

    /// The path of a rule as the settings have it.
    pub(crate) fn path(&self, rule: usize) -> &str {
        self.rules.get(rule).map_or("", Rule::path)
    }

    /// What the first matching rule asks for, and isolation where a rule isolates the path for other methods.
    pub(crate) fn first_match<'r>(&'r self, method: &str, path: &'r Path<'_>) -> Match<'r> {
        if self.is_open(path) {
            return Match { access: Access::Public, to: self.to, ..Match::default() };
        }
        let mut rules = self.rules.iter().enumerate();
        let first = rules.find_map(|(i, rule)| {
            let to = rule.to().unwrap_or(self.to);
            Some(Match { rule: Some(i), to, ..rule.match_request(method, path)? })
        });
        self.isolated(first.unwrap_or(Match { to: self.to, ..Match::default() }), path)
    }

    /// Whether the path is public whatever the rules say.
    fn is_open(&self, path: &Path<'_>) -> bool {
        let mut open = self.open.iter().chain(&self.own);
        WITHIN_APP && open.any(|pattern| pattern.parameters(path).is_some())
    }
}

/// The claims that tokens are expected to have. Where what names them is wrong itself, a rule's claim may well
/// be one of them.
fn known_or_unknowable(reader: &Reader<'_>, rules: &[Json], known: &[String]) -> Vec<String> {
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

/// Patterns, separated by commas.
fn open(reader: &mut Reader<'_>, setting: &'static str) -> Vec<Pattern> {
    let mut open = Vec::new();
    for text in reader.list(setting).unwrap_or_default() {
        match Pattern::parse(&text) {
            Ok(pattern) if pattern.is_everything() => {
                reader.error(setting, ["names ", &text, ", which opens every path"].concat());
            }
            Ok(pattern) => open.push(pattern),
            Err(fault) => reader.error(setting, ["names ", &text, ": ", &fault].concat()),
        }
    }
    open
}

/// Who answers a request that is let through.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Destination {
    /// The origin
    #[default]
    Origin,
    /// The application that the edge is part of
    App,
}

impl Destination {
    /// What a rule says of it, if anything.
    fn from_rule(rule: &Object) -> Result<Option<Self>, String> {
        match rule.member("to").map(Json::as_str) {
            None => Ok(None),
            Some(Some("origin")) => Ok(Some(Self::Origin)),
            Some(Some("app")) => Ok(Some(Self::App)),
            Some(_) => Err("to is neither origin nor app".to_owned()),
        }
    }
}

/// Whether a request needs a token.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Access {
    /// It does
    #[default]
    Required,
    /// It may come without, but a token that is there must be good
    Optional,
    /// Nobody looks
    Public,
}

impl Access {
    /// Whether it asks for more.
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

/// What a rule asks of a request; the default asks for a token.
#[derive(Debug, Default)]
pub(crate) struct Match<'r> {
    /// Which rule it is
    pub(crate) rule: Option<usize>,
    pub(crate) access: Access,
    pub(crate) to: Destination,
    /// The path's parameters by name
    parameters: Vec<(&'r str, &'r str)>,
    equal: &'r [(String, String)],
    claims: &'r [RequiredClaim],
    scopes: &'r [String],
}

impl<'r> Match<'r> {
    /// Claims that must hold one of some values.
    pub(crate) fn claims(&self) -> &'r [RequiredClaim] {
        self.claims
    }

    /// Scopes that the token must have.
    pub(crate) fn scopes(&self) -> &'r [String] {
        self.scopes
    }

    /// Each path parameter that must equal a claim: its value, and the claim's name.
    pub(crate) fn equal(&self) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.equal.iter().map(|(parameter, claim)| {
            let value = self.parameters.iter().find(|(name, _)| name == parameter);
            // a rule's parameters are checked when it is read, so there is always a value
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
    fn the_first_match_counts_and_no_match_needs_a_token() {
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
    fn a_rule_that_cannot_work_is_refused_with_every_fault() {
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
        let faults =
            rule(r#"{"path":"a","methods":["get",""],"auth":"public","match":{"x":"sub"}}"#);
        assert_eq!(faults.unwrap_err().len(), 2);
        let faults = rule(r#"{"path":"/{a}","auth":"public","match":{"x":"sub","y":"sub"},"b":1}"#);
        assert_eq!(faults.unwrap_err().len(), 4);
    }

    #[test]
    fn a_claim_to_match_is_known_or_required() {
        assert!(rule(r#"{"path":"/{x}","match":{"x":"org"},"claims":{"org":["a","b"]}}"#).is_ok());
    }

    #[test]
    fn a_rule_that_an_earlier_one_hides_is_found() {
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
