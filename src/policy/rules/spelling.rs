//! Paths that some servers take for others: Express, IIS and their like ignore letter case, Tomcat and Spring
//! cut parameters off at `;`, Windows drops dots and spaces at the end of a name and narrows wide letters. Such a path must not get
//! around the rule of the path that the server would serve.

use std::borrow::Cow;

use crate::error::{Code, Error};
use crate::policy::path::Path;
use crate::policy::rules::{Match, Rule, Rules};

impl Rules {
    /// What the first matching rule asks for.
    ///
    /// # Errors
    /// [`Code::AmbiguousPath`] where a rule that asks for more would match, if the path was read more
    /// loosely.
    pub(crate) fn find<'r>(&'r self, method: &str, path: &'r Path<'_>) -> Result<Match<'r>, Error> {
        let matched = self.first_match(method, path);
        let first = matched.rule.unwrap_or(self.rules.len());
        let mut earlier = self.rules.iter().take(first).filter(|rule| {
            (rule.isolates() || rule.takes(method)) && rule.asks_for_more_than(&matched, path)
        });
        match earlier.any(|rule| is_loosely(rule, path)) && !self.is_open(path) {
            true => Err(Error::new(Code::AmbiguousPath, LOOSE)),
            false => Ok(matched),
        }
    }
}

impl Rule {
    /// Whether this rule, where it matches the path if it is read loosely, has a condition that what was
    /// matched lacks: isolation by another claim or another segment is no isolation by this one.
    fn asks_for_more_than(&self, matched: &Match<'_>, path: &Path<'_>) -> bool {
        self.isolation_of(path).any(|pair| !matched.equal().any(|equal| equal == pair))
            || self.claims.iter().any(|claim| !matched.claims.contains(claim))
            || self.scopes.iter().any(|scope| !matched.scopes.contains(scope))
            || self.access.is_stricter_than(matched.access)
    }

    /// Each segment that must equal a claim, and the claim's name, whatever the path's literals are.
    fn isolation_of<'r>(&'r self, path: &'r Path<'_>) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.equal.iter().filter_map(|(parameter, claim)| {
            Some((self.pattern().segment_of(parameter, path)?, claim.as_str()))
        })
    }
}

const LOOSE: &str = "the path is that of a rule but for letter case, a parameter behind \";\", wide letters, \
                     or dots and spaces at the end";

/// Whether a server that reads paths loosely sees the rule's path in this one, and the edge does not.
fn is_loosely(rule: &Rule, path: &Path<'_>) -> bool {
    let pattern = rule.pattern();
    pattern.matches_by(path, |literal, given| loose(literal) == loose(given))
        && !pattern.matches_by(path, |literal, given| literal == given)
}

/// A segment as the loosest servers read it.
fn loose(segment: &str) -> Cow<'_, str> {
    if !segment.is_ascii() {
        let narrowed: String = segment.chars().map(narrow).collect();
        return Cow::Owned(folded(bare(&narrowed)));
    }
    match bare(segment) {
        bare if bare.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Owned(folded(bare)),
        bare => Cow::Borrowed(bare),
    }
}

/// Without parameters, and without dots and spaces at the end.
fn bare(segment: &str) -> &str {
    let segment = segment.split(';').next().unwrap_or(segment);
    segment.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Without regard to case, both ways: some letters that are not ASCII become ASCII in one of them. The dot
/// above goes: some take an i that has one for an i.
fn folded(text: &str) -> String {
    let cased = text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    cased.filter(|c| *c != '\u{307}').collect()
}

/// A full-width form of ASCII becomes ASCII, as on Windows where it converts to a code page.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}
