//! Rejects paths that some servers read as another path, so that no path bypasses the rule of the
//! other. Express and IIS ignore letter case, Tomcat and Spring cut off parameters at `;`, and
//! Windows removes dots and spaces at the end of a name and converts full-width letters.

use std::borrow::Cow;

use crate::error::{Code, Error};
use crate::policy::path::Path;
use crate::policy::rules::{Match, Rule, Rules};

impl Rules {
    /// The first rule that matches.
    ///
    /// # Errors
    /// [`Code::AmbiguousPath`] if an earlier rule that requires more matches a loose reading of the
    /// path.
    pub(crate) fn find<'r>(&'r self, method: &str, path: &'r Path<'_>) -> Result<Match<'r>, Error> {
        let matched = self.first_match(method, path);
        let first = matched.rule.unwrap_or(self.rules.len());
        let mut earlier = self.rules.iter().take(first).filter(|rule| {
            (rule.isolates() || rule.accepts_method(method))
                && rule.requires_more_than(&matched, path)
        });
        match earlier.any(|rule| is_loosely(rule, path)) && !self.is_public_path(path) {
            true => Err(Error::new(Code::AmbiguousPath, LOOSE)),
            false => Ok(matched),
        }
    }
}

impl Rule {
    /// Whether this rule, if it matched the path, would have a condition that the match lacks.
    /// Isolation by another claim or another segment does not count.
    fn requires_more_than(&self, matched: &Match<'_>, path: &Path<'_>) -> bool {
        self.isolation_of(path).any(|pair| !matched.isolation().any(|other| other == pair))
            || self.claims.iter().any(|claim| !matched.claims.contains(claim))
            || self.scopes.iter().any(|scope| !matched.scopes.contains(scope))
            || self.session.are_stricter_than(&matched.session)
            || matched.credentials.accept_more_than(self.credentials)
            || self.access.is_stricter_than(matched.access)
    }

    /// Each segment that must equal a claim, and the claim's name. Ignores the path's literals.
    fn isolation_of<'r>(&'r self, path: &'r Path<'_>) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.isolation.iter().filter_map(|(parameter, claim)| {
            Some((self.pattern().segment_of(parameter, path)?, claim.as_str()))
        })
    }
}

const LOOSE: &str = "the path differs from a rule's path only in letter case, a parameter behind \";\", \
                     full-width letters, or dots and spaces at the end";

/// Whether a rule matches only the loose reading of a path.
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

/// The segment without parameters, and without dots and spaces at the end.
fn bare(segment: &str) -> &str {
    let segment = segment.split(';').next().unwrap_or(segment);
    segment.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Case-folded by upper case, because some non-ASCII letters become ASCII in it. Removes the
/// combining dot above, because some servers read an i with it as an i.
fn folded(text: &str) -> String {
    let upper = text.chars().flat_map(char::to_uppercase).filter(|c| *c != '\u{307}');
    upper.map(|c| same_lower_case(c).to_ascii_lowercase()).collect()
}

/// The usual one of two capitals that have the same lower case: the Kelvin sign is a K.
fn same_lower_case(capital: char) -> char {
    match capital {
        '\u{130}' => 'I',
        '\u{3f4}' => '\u{398}',  // theta
        '\u{2126}' => '\u{3a9}', // the ohm sign is an omega
        '\u{212a}' => 'K',
        '\u{212b}' => '\u{c5}', // the angstrom sign is an A with a ring
        _ => capital,
    }
}

/// Converts full-width forms of ASCII to ASCII, as Windows does for code pages.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn letters_fold_alike_exactly_if_their_upper_and_then_lower_case_is_the_same() {
        let mut forms = HashMap::new();
        for c in '\0'..=char::MAX {
            let cased = c.to_uppercase().flat_map(char::to_lowercase);
            let cased: String = cased.filter(|c| *c != '\u{307}').collect();
            let folded = folded(&c.to_string());
            assert_eq!(*forms.entry(cased).or_insert_with(|| folded.clone()), folded, "{c:?}");
        }
        let distinct: std::collections::HashSet<_> = forms.values().collect();
        assert_eq!(distinct.len(), forms.len());
    }
}
