//! Paths that some servers take for others: Express, IIS and their like ignore letter case, Tomcat and Spring
//! cut parameters off at `;`, Windows drops dots and spaces at the end of a name. Such a path must not get
//! around the rule of the path that the server would serve.

use std::borrow::Cow;

use super::{Access, Match, Rule, Rules};
use crate::error::{Code, Error};
use crate::gateway::path::Path;

impl Rules {
    /// What the first matching rule asks for.
    ///
    /// # Errors
    /// [`Code::AmbiguousPath`] where a rule that asks for more would match, if the path was read more
    /// loosely.
    pub(in crate::gateway) fn find<'r>(
        &'r self,
        method: &str,
        path: &'r Path<'_>,
    ) -> Result<Match<'r>, Error> {
        let matched = self.first_match(method, path);
        let first = matched.rule.unwrap_or(self.rules.len());
        let mut earlier = self.rules.iter().take(first).filter(|rule| {
            (rule.isolates() || rule.takes(method)) && rule.asks_for_more_than(&matched)
        });
        match earlier.any(|rule| is_loosely(rule, path)) && !self.is_open(path) {
            true => Err(Error::new(Code::AmbiguousPath, LOOSE)),
            false => Ok(matched),
        }
    }
}

impl Rule {
    fn asks_for_more_than(&self, matched: &Match<'_>) -> bool {
        (self.isolates() && matched.equal.is_empty())
            || (!self.claims.is_empty() && matched.claims.is_empty())
            || (!self.scopes.is_empty() && matched.scopes.is_empty())
            || (self.access == Access::Required && matched.access != Access::Required)
    }
}

const LOOSE: &str = "the path is that of a rule but for letter case, a parameter behind \";\", or dots and \
                     spaces at the end";

/// Whether a server that reads paths loosely sees the rule's path in this one, and the edge does not.
fn is_loosely(rule: &Rule, path: &Path<'_>) -> bool {
    let pattern = rule.pattern();
    pattern.matches_by(path, |literal, given| loose(literal) == loose(given))
        && !pattern.matches_by(path, |literal, given| literal == given)
}

/// A segment as the loosest servers read it.
fn loose(segment: &str) -> Cow<'_, str> {
    let bare = segment.split(';').next().unwrap_or(segment);
    let bare = bare.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    if bare.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(bare);
    }
    // both ways: some letters that are not ASCII become ASCII in one of them
    bare.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}
