//! What rules would leave open that their author has not meant to: other methods of an isolated path, rules
//! that an open path keeps from counting, and what lies under an isolated path.

use super::{Access, Match, Rule, Rules};
use crate::gateway::path::Path;
use crate::gateway::reader::Reader;

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
    /// paths is an exception, such as `/api/auth/*` of `/api/{user_id}/*`.
    pub(super) fn note_opened(&self, index: usize, rule: &Rule, reader: &mut Reader<'_>) {
        if rule.is_public() {
            return;
        }
        let path = rule.pattern();
        for open in self.open.iter().filter(|open| open.overlaps(path)) {
            if open.covers(path) || !path.covers(open) {
                let (open, path, i) = (open.text(), path.text(), index.to_string());
                let detail = [
                    open,
                    " would be public where ROUTES [",
                    &i,
                    "], ",
                    path,
                    ", is not: Better Auth's paths, the sign-in page and the framework's files are \
                     public before any rule, and so is what PUBLIC_PATHS names",
                ];
                reader.fault("PUBLIC_PATHS", detail.concat());
            }
        }
    }

    /// Holes that may be meant: what lies under an isolated path, where no rule says anything of it.
    pub(in crate::gateway) fn warnings(&self) -> Vec<String> {
        let rules = self.rules.iter().enumerate();
        let isolating = rules.filter(|(_, rule)| rule.isolates());
        let open = isolating.filter_map(|(i, rule)| {
            let below = rule.pattern().below()?;
            let is_covered = self.rules.iter().any(|other| other.pattern().covers(&below));
            (!is_covered).then(|| {
                let (path, i) = (rule.path(), i.to_string());
                let warning = [
                    "ROUTES [",
                    &i,
                    "]: ",
                    path,
                    " isolates that path alone: for what lies under it any user's token is enough. Write ",
                    path,
                    "/*, or a rule for it",
                ];
                warning.concat()
            })
        });
        open.collect()
    }
}
