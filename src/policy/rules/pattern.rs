//! Path patterns, which match decoded segments.

use crate::jose::Object;
use crate::policy::path::Path;

/// Literals, `{name}` for one segment, and `*` at the end for the rest, which may be empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Pattern {
    text: String,
    segments: Vec<Segment>,
    open_ended: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Segment {
    Literal(String),
    Parameter(String),
}

impl Pattern {
    pub(super) fn from_rule(rule: &Object) -> Result<Self, String> {
        let path = rule.member("path").ok_or("a rule needs a path")?;
        Self::parse(path.as_str().ok_or("path is not a text")?)
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let whole = text;
        let (text, open_ended) = match text.strip_suffix("/*") {
            Some(rest) => (if rest.is_empty() { "/" } else { rest }, true),
            None => (text, false),
        };
        let path = Path::parse(text)
            .map_err(|error| ["the path cannot match: ", error.detail()].concat())?;
        let segments = path.segments().iter().enumerate();
        let segments = segments.map(|(i, text)| {
            let wrong = |why| ["segment ", &(i + 1).to_string(), " of the path ", why].concat();
            Segment::parse(text).map_err(wrong)
        });
        let segments = segments.collect::<Result<_, _>>()?;
        let pattern = Self { text: whole.to_owned(), segments, open_ended };
        for (i, name) in pattern.parameter_names().enumerate() {
            if pattern.parameter_names().take(i).any(|earlier| earlier == name) {
                return Err(format!("the path has {{{name}}} twice"));
            }
        }
        Ok(pattern)
    }

    /// The pattern as written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The path's parameters, if it matches. Ignores a slash at the end.
    pub(super) fn parameters<'p>(&'p self, path: &'p Path<'_>) -> Option<Vec<(&'p str, &'p str)>> {
        if !self.is_as_long_as(path) {
            return None;
        }
        let given = path.segments();
        let mut parameters = Vec::new();
        for (segment, given) in self.segments.iter().zip(given) {
            match segment {
                Segment::Literal(literal) if literal == given => {}
                Segment::Literal(_) => return None,
                Segment::Parameter(name) => parameters.push((name.as_str(), &**given)),
            }
        }
        Some(parameters)
    }

    /// Whether the path matches, where `same` compares a literal with the path's segment.
    pub(super) fn matches_by(&self, path: &Path<'_>, same: impl Fn(&str, &str) -> bool) -> bool {
        let mut pairs = self.segments.iter().zip(path.segments());
        self.is_as_long_as(path)
            && pairs.all(|(segment, given)| match segment {
                Segment::Literal(literal) => same(literal, given),
                Segment::Parameter(_) => true,
            })
    }

    /// The path's segment at the position of a parameter.
    pub(super) fn segment_of<'p>(&self, parameter: &str, path: &'p Path<'_>) -> Option<&'p str> {
        let mut pairs = self.segments.iter().zip(path.segments());
        pairs.find_map(|(segment, given)| match segment {
            Segment::Parameter(name) if name == parameter => Some(&**given),
            _ => None,
        })
    }

    fn is_as_long_as(&self, path: &Path<'_>) -> bool {
        let (own, given) = (self.segments.len(), path.segments().len());
        if self.open_ended { given >= own } else { given == own }
    }

    fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    pub(super) fn has_parameter(&self, name: &str) -> bool {
        self.parameter_names().any(|n| n == name)
    }
}

impl Pattern {
    /// Whether every path that matches the other matches this too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let enough = match self.open_ended {
            true => self.segments.len() <= other.segments.len(),
            false => !other.open_ended && self.segments.len() == other.segments.len(),
        };
        enough && self.segments.iter().zip(&other.segments).all(|(own, other)| own.covers(other))
    }

    /// Whether a path can match both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let (own, others) = (self.segments.len(), other.segments.len());
        let can_be_as_long = (own == others)
            || (own < others && self.open_ended)
            || (own > others && other.open_ended);
        let mut pairs = self.segments.iter().zip(&other.segments);
        can_be_as_long && pairs.all(|(own, other)| own.covers(other) || other.covers(own))
    }

    /// Whether it matches every path, except for short ones.
    pub(super) fn is_everything(&self) -> bool {
        let is_any = |segment: &Segment| matches!(segment, Segment::Parameter(_));
        self.open_ended && self.segments.iter().all(is_any)
    }

    /// The pattern of all paths below the ones that match. `None` if `/*` includes them already.
    pub(super) fn below(&self) -> Option<Self> {
        let mut below = self.clone();
        below.segments.push(Segment::Parameter(String::new()));
        below.open_ended = true;
        (!self.open_ended).then_some(below)
    }
}

impl Segment {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Parameter(_), _) => true,
            (Self::Literal(own), Self::Literal(other)) => own == other,
            (Self::Literal(_), Self::Parameter(_)) => false,
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            return match !name.is_empty() && name.chars().all(word) {
                true => Ok(Self::Parameter(name.to_owned())),
                false => Err("is not a parameter: use letters, digits and _"),
            };
        }
        // the syntax of other frameworks: as a literal, such a rule would never match
        let is_parameter_elsewhere = text.starts_with(':') || text.contains(['<', '>', '[', ']']);
        match is_parameter_elsewhere || text.contains(['{', '}', '*', '?', '#']) {
            true => Err("is neither a literal, a {name}, nor /* at the end"),
            false => Ok(Self::Literal(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_overlap_if_a_path_can_match_both() {
        for (one, other, overlap) in [
            ("/a", "/a", true),
            ("/a", "/b", false),
            ("/{x}", "/b", true),
            ("/a/{x}", "/{y}/b", true),
            ("/a/{x}/c", "/{y}/b/d", false),
            ("/a", "/a/b", false),
            ("/a", "/a/*", true),
            ("/a", "/a/b/*", false),
            ("/a/b", "/a/*", true),
            ("/a/*", "/a/b/*", true),
            ("/a/*", "/b/*", false),
            ("/a/*", "/{x}/b/c", true),
            ("/*", "/a/b", true),
        ] {
            let [one_read, other_read] = [one, other].map(|text| Pattern::parse(text).unwrap());
            assert_eq!(one_read.overlaps(&other_read), overlap, "{one} {other}");
            assert_eq!(other_read.overlaps(&one_read), overlap, "{other} {one}");
        }
    }
}
