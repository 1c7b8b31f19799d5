//! What rules would leave open that their author has not meant to: other methods of an isolated path, rules
//! that an open path keeps from counting, and what lies under an isolated path.

use crate::config::reader::Reader;
use crate::policy::path::Path;
use crate::policy::rules::pattern::Pattern;
use crate::policy::rules::{Access, Destination, Match, Rule, Rules};

impl Rules {
    /// A rule with `match` and `methods` isolates its paths for all other methods too, unless a rule was
    /// written for these. A request that no rule matches, or a catch-all behind it, is still another user's.
    pub(super) fn isolated<'r>(&'r self, matched: Match<'r>, path: &'r Path<'_>) -> Match<'r> {
        let found = matched.rule.and_then(|i| self.rules.get(i));
        let earlier = self.rules.iter().enumerate().take(matched.rule.unwrap_or(usize::MAX));
        let mut isolating = earlier.filter(|(_, rule)| rule.isolates());
        let first = isolating.find_map(|(i, rule)| {
            if found.is_some_and(|found| found.takes_over_from(rule)) {
                return None;
            }
            Some((i, rule.match_path(path)?))
        });
        match first {
            None => matched,
            Some((i, isolation)) => {
                let Match { to, claims, scopes, .. } = matched;
                let access = Access::Required;
                Match { rule: Some(i), access, to, claims, scopes, ..isolation }
            }
        }
    }

    /// Notes the open paths that keep a rule from counting where it would. One that is a part of the rule's
    /// paths is an exception. Better Auth and the framework cannot have others than they have, so theirs may
    /// be where a rule has a parameter: `/api/auth/*` and `/api/{user_id}/tasks`.
    pub(super) fn note_opened(&self, index: usize, rule: &Rule, reader: &mut Reader<'_>) {
        if rule.is_public() {
            return;
        }
        let path = rule.pattern();
        let hides = |open: &&Pattern| open.overlaps(path) && !path.covers(open);
        let named = self.open.iter().filter(|open| open.covers(path) || hides(open));
        let own = self.own.iter().filter(|open| open.covers(path));
        for (setting, open, rest) in named
            .map(|open| ("PUBLIC_PATHS", open, NARROWER))
            .chain(own.map(|open| ("ROUTES", open, OWN)))
        {
            let index = index.to_string();
            let detail = [
                open.text(),
                " would be public where ",
                reader.name_of("ROUTES"),
                " [",
                &index,
                "], ",
                path.text(),
                ", is not: ",
                rest,
            ];
            reader.error(setting, detail.concat());
        }
    }

    /// Holes that may be meant: no isolation at all where there is nothing but the edge, what lies under an isolated path, and methods for which a rule's claims and
    /// scopes do not count, where no other rule says anything of these.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.to == Destination::Origin && self.counts().1 == 0 {
            warnings.push(NOT_ISOLATED.to_owned());
        }
        for (i, rule) in self.rules.iter().enumerate() {
            let path = rule.path();
            let below = rule.pattern().below().filter(|_| rule.isolates());
            if below.is_some_and(|below| !self.rules.iter().any(|r| r.pattern().covers(&below))) {
                let rest = " isolates that path alone: for what lies under it any user's token is enough. \
                            Write ";
                warnings.push(self.warning(i, &[path, rest, path, "/*, or a rule for it"]));
            }
            let mut others = self.rules.iter().enumerate().filter(|(j, _)| *j != i);
            let is_alone = !others.any(|(_, other)| other.pattern().covers(rule.pattern()));
            if rule.is_limited_to_methods() && is_alone {
                let rest = " asks for claims or scopes for some methods alone: for the others any user's \
                            token is enough. Leave out methods, or write a rule for the others";
                warnings.push(self.warning(i, &[path, rest]));
            }
        }
        warnings
    }

    fn warning(&self, rule: usize, text: &[&str]) -> String {
        let setting = self.naming.name_of("ROUTES");
        [setting, " [", &rule.to_string(), "]: ", &text.concat()].concat()
    }
}

const NOT_ISOLATED: &str = "no rule in ROUTES has a match, so no path is kept to one user: any user's token is \
                            enough for every path that needs one. Environments of wrangler do not inherit \
                            [vars]: each needs ROUTES of its own";

const NARROWER: &str = "name less, or write a public rule before it";
const OWN: &str = "it is Better Auth's, the sign-in page or the framework's";
