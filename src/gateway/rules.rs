//! Which requests need what: rules by method and path, the first that matches counts, and a request
//! that no rule matches needs a token.

use super::path::Path;
use crate::jose::{Json, Object};

/// The rules, in their order.
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Rules that are tried in this order.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// What the first matching rule asks for.
    pub(super) fn first_match<'r>(&'r self, method: &str, path: &'r Path) -> Match<'r> {
        self.0.iter().find_map(|rule| rule.match_request(method, path)).unwrap_or_default()
    }
}

/// One rule of the setting `ROUTES`.
#[derive(Clone, Debug)]
pub struct Rule {
    pattern: Pattern,
    /// Empty for all
    methods: Vec<String>,
    access: Access,
    /// Path parameter and the claim that it must equal
    equal: Vec<(String, String)>,
}

impl Rule {
    /// Reads a rule as it stands in the settings, or says everything that is wrong with it. Unknown
    /// members are errors: a misspelled condition must not be a missing one.
    pub(super) fn from_json(json: &Json) -> Result<Self, Vec<String>> {
        let rule = json.as_object().ok_or_else(|| vec!["is not a table".to_owned()])?;
        let unknown = rule.members().filter(|(name, _)| !MEMBERS.contains(name));
        let mut faults: Vec<_> = unknown
            .map(|(name, _)| format!("\"{name}\" is not something a rule can say"))
            .collect();

        let pattern = Pattern::from_rule(rule).or_note(&mut faults);
        let methods = methods(rule).or_note(&mut faults);
        let access = Access::from_rule(rule).or_note(&mut faults);
        let equal = equal(rule).or_note(&mut faults);
        let (Some(pattern), Some(methods), Some(access), Some(equal)) =
            (pattern, methods, access, equal)
        else {
            return Err(faults);
        };
        for (parameter, _) in equal.iter().filter(|(name, _)| !pattern.has_parameter(name)) {
            faults.push(format!("match names {{{parameter}}}, which the path does not have"));
        }
        if access != Access::Required && !equal.is_empty() {
            faults.push("match needs auth = \"required\": without a user nothing is equal".into());
        }
        match faults.is_empty() {
            true => Ok(Self { pattern, methods, access, equal }),
            false => Err(faults),
        }
    }

    fn match_request<'r>(&'r self, method: &str, path: &'r Path) -> Option<Match<'r>> {
        if !self.methods.is_empty() && !self.methods.iter().any(|m| includes(m, method)) {
            return None;
        }
        let parameters = self.pattern.parameters(path)?;
        Some(Match { access: self.access, parameters, equal: &self.equal })
    }
}

const MEMBERS: [&str; 4] = ["path", "methods", "auth", "match"];

fn methods(rule: &Object) -> Result<Vec<String>, String> {
    let Some(methods) = rule.member("methods") else {
        return Ok(Vec::new());
    };
    let fault = || "methods is not a list of HTTP methods in upper case".to_owned();
    let method = |method: &Json| method.as_str().filter(|text| is_method(text)).map(str::to_owned);
    let methods = methods.as_array().filter(|methods| !methods.is_empty()).ok_or_else(fault)?;
    methods.iter().map(method).collect::<Option<_>>().ok_or_else(fault)
}

fn equal(rule: &Object) -> Result<Vec<(String, String)>, String> {
    let Some(equal) = rule.member("match") else {
        return Ok(Vec::new());
    };
    let fault = || "match is not a table of path parameters and claims".to_owned();
    let pair = |(parameter, claim): (&str, &Json)| {
        let claim = claim.as_str().filter(|claim| !claim.is_empty())?;
        Some((parameter.to_owned(), claim.to_owned()))
    };
    equal.as_object().and_then(|table| table.members().map(pair).collect()).ok_or_else(fault)
}

/// Reading goes on after a fault, so that all are found.
trait OrNote<T> {
    fn or_note(self, faults: &mut Vec<String>) -> Option<T>;
}

impl<T> OrNote<T> for Result<T, String> {
    fn or_note(self, faults: &mut Vec<String>) -> Option<T> {
        self.map_err(|fault| faults.push(fault)).ok()
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
pub(super) struct Match<'r> {
    pub(super) access: Access,
    /// The path's parameters by name
    parameters: Vec<(&'r str, &'r str)>,
    equal: &'r [(String, String)],
}

impl<'r> Match<'r> {
    /// Each path parameter that must equal a claim: its value, and the claim's name.
    pub(super) fn equal(&self) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.equal.iter().map(|(parameter, claim)| {
            let value = self.parameters.iter().find(|(name, _)| name == parameter);
            // a rule's parameters are checked when it is read, so there is always a value
            (value.map_or("", |(_, value)| value), claim.as_str())
        })
    }
}

/// Literals, `{name}` for one segment, and `*` at the end for all that is left, even nothing.
#[derive(Clone, Debug, Default)]
struct Pattern {
    segments: Vec<Segment>,
    open_ended: bool,
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl Pattern {
    fn from_rule(rule: &Object) -> Result<Self, String> {
        let path = rule.member("path").ok_or("a rule needs a path")?;
        Self::parse(path.as_str().ok_or("path is not a text")?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (text, open_ended) = match text.strip_suffix("/*") {
            Some(rest) => (if rest.is_empty() { "/" } else { rest }, true),
            None => (text, false),
        };
        let path = Path::parse(text)
            .map_err(|error| format!("the path {text} cannot match: {}", error.detail()))?;
        let segments = path.segments().iter().map(|text| Segment::parse(text));
        let pattern = Self { segments: segments.collect::<Result<_, _>>()?, open_ended };
        for (i, name) in pattern.parameter_names().enumerate() {
            if pattern.parameter_names().take(i).any(|earlier| earlier == name) {
                return Err(format!("the path has {{{name}}} twice"));
            }
        }
        Ok(pattern)
    }

    /// The path's parameters, if it matches. A slash at the end makes no difference.
    fn parameters<'p>(&'p self, path: &'p Path) -> Option<Vec<(&'p str, &'p str)>> {
        let given = path.segments();
        let enough = match self.open_ended {
            true => given.len() >= self.segments.len(),
            false => given.len() == self.segments.len(),
        };
        if !enough {
            return None;
        }
        let mut parameters = Vec::new();
        for (segment, given) in self.segments.iter().zip(given) {
            match segment {
                Segment::Literal(literal) if literal == given => {}
                Segment::Literal(_) => return None,
                Segment::Parameter(name) => parameters.push((name.as_str(), given.as_str())),
            }
        }
        Some(parameters)
    }

    fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    fn has_parameter(&self, name: &str) -> bool {
        self.parameter_names().any(|n| n == name)
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            return match !name.is_empty() && name.chars().all(word) {
                true => Ok(Self::Parameter(name.to_owned())),
                false => Err(format!("{{{name}}} is not a parameter: use letters, digits and _")),
            };
        }
        match text.contains(['{', '}', '*']) {
            true => Err(format!("{text} is neither a literal, a {{name}}, nor /* at the end")),
            false => Ok(Self::Literal(text.to_owned())),
        }
    }
}

/// HEAD follows GET.
fn includes(allowed: &str, method: &str) -> bool {
    allowed == method || (allowed == "GET" && method == "HEAD")
}

fn is_method(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Result<Rule, Vec<String>> {
        Rule::from_json(&Json::parse(json).unwrap())
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
        ] {
            assert!(rule(json).is_err(), "{json}");
        }
        let faults =
            rule(r#"{"path":"a","methods":["get",""],"auth":"public","match":{"x":"sub"}}"#);
        assert_eq!(faults.unwrap_err().len(), 2);
        let faults = rule(r#"{"path":"/{a}","auth":"public","match":{"x":"sub","y":"sub"},"b":1}"#);
        assert_eq!(faults.unwrap_err().len(), 4);
    }
}
