//! Which requests need what: rules by method and path, the first that matches counts, and a request
//! that no rule matches needs a token.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::path::Path;

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
    /// Reads a rule as it is written in the settings, or says everything that is wrong with it.
    pub(super) fn from_spec(spec: RuleSpec) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let pattern = Pattern::parse(&spec.path).unwrap_or_else(|fault| {
            faults.push(fault);
            Pattern::default()
        });
        let methods = spec.methods.unwrap_or_default();
        for method in methods.iter().filter(|method| !is_method(method)) {
            faults.push(format!("{method:?} is not an HTTP method in upper case"));
        }
        for (parameter, claim) in &spec.equal {
            if faults.is_empty() && !pattern.has_parameter(parameter) {
                faults.push(format!("match names {{{parameter}}}, which the path does not have"));
            }
            if claim.is_empty() {
                faults.push(format!("match compares {{{parameter}}} with a claim without a name"));
            }
        }
        if spec.auth != Access::Required && !spec.equal.is_empty() {
            faults.push("match needs auth = \"required\": without a user nothing is equal".into());
        }
        match faults.is_empty() {
            true => {
                let equal = spec.equal.into_iter().collect();
                Ok(Self { pattern, methods, access: spec.auth, equal })
            }
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

/// A rule as it stands in the settings. Unknown members are errors: a misspelled condition must not
/// be a missing one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleSpec {
    path: String,
    methods: Option<Vec<String>>,
    #[serde(default)]
    auth: Access,
    #[serde(default, rename = "match")]
    equal: BTreeMap<String, String>,
}

/// Whether a request needs a token.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// It does
    #[default]
    Required,
    /// It may come without, but a token that is there must be good
    Optional,
    /// Nobody looks
    Public,
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
    fn parse(text: &str) -> Result<Self, String> {
        let (text, open_ended) = match text.strip_suffix("/*") {
            Some(rest) => (if rest.is_empty() { "/" } else { rest }, true),
            None => (text, false),
        };
        let path = Path::parse(text)
            .map_err(|error| format!("the path {text:?} cannot match: {}", error.detail()))?;
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
            true => Err(format!("{text:?} is neither a literal, a {{name}}, nor /* at the end")),
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
        Rule::from_spec(serde_json::from_str(json).map_err(|error| vec![error.to_string()])?)
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
        assert_eq!(faults.unwrap_err().len(), 4);
    }
}
