//! Gaps that rules leave unintentionally: other methods of an isolated path, rules that a public
//! path disables, and the paths below an isolated one.

use crate::config::reader::Reader;
use crate::policy::path::Path;
use crate::policy::rules::pattern::Pattern;
use crate::policy::rules::{Access, Destination, Match, Rule, Rules};

impl Rules {
    /// A rule with `match` and `methods` isolates its paths for all other methods too, unless
    /// another rule is meant for these. Without that, a catch-all or the default would open another
    /// user's path.
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
                let Match { to, claims, scopes, session, credentials, .. } = matched;
                let (rule, access) = (Some(i), Access::Required);
                Match { rule, access, to, claims, scopes, session, credentials, ..isolation }
            }
        }
    }

    /// Reports public paths that disable a rule. A path within the rule's paths is an exception
    /// from the rule. Better Auth and the framework cannot change their own paths, so those may
    /// overlap with a rule's parameter: `/api/auth/*` and `/api/{user_id}/tasks`.
    pub(super) fn check_public_paths(&self, index: usize, rule: &Rule, reader: &mut Reader<'_>) {
        if rule.is_public() {
            return;
        }
        let path = rule.pattern();
        let hides = |open: &&Pattern| open.overlaps(path) && !path.covers(open);
        let named = self.public_paths.iter().filter(|open| open.covers(path) || hides(open));
        let own = self.own_paths.iter().filter(|open| open.covers(path));
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

    /// Gaps that the operator may intend: no isolation at all in front of an upstream, the paths
    /// below an isolated one, and methods that a rule's other conditions do not apply to, if no
    /// other rule covers these.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.to == Destination::Upstream && self.counts().1 == 0 {
            warnings.push(NOT_ISOLATED.to_owned());
        }
        for (i, rule) in self.rules.iter().enumerate() {
            let path = rule.path();
            let below = rule.pattern().below().filter(|_| rule.isolates());
            if below.is_some_and(|below| !self.rules.iter().any(|r| r.pattern().covers(&below))) {
                let rest = " isolates that path alone: any user's token opens the paths below it. \
                            Write ";
                warnings.push(self.warning(i, &[path, rest, path, "/*, or a rule for it"]));
            }
            let mut others = self.rules.iter().enumerate().filter(|(j, _)| *j != i);
            let is_alone = !others.any(|(_, other)| other.pattern().covers(rule.pattern()));
            if rule.is_limited_to_methods() && is_alone {
                let rest = " has conditions for some methods only: for the others any user's token is \
                            enough. Remove methods, or write a rule for the others";
                warnings.push(self.warning(i, &[path, rest]));
            }
        }
        warnings
    }

    /// A warning if rules isolate users by other claims than those that identify users.
    pub(crate) fn user_claim_warning(&self, user_claims: &[String]) -> Option<String> {
        let mut matched =
            self.rules.iter().flat_map(|rule| &rule.isolation).map(|(_, claim)| claim);
        let first = matched.next()?;
        if user_claims.contains(first) || matched.any(|claim| user_claims.contains(claim)) {
            return None;
        }
        let name = |setting| self.naming.name_of(setting);
        let parts = [
            name("USER_CLAIM"),
            " is ",
            &user_claims.join(","),
            ", and each match in ",
            name("ROUTES"),
            " names another claim, such as ",
            first,
            ": the owner of a path is then not the user that the upstream sees",
        ];
        Some(parts.concat())
    }

    fn warning(&self, rule: usize, text: &[&str]) -> String {
        let setting = self.naming.name_of("ROUTES");
        [setting, " [", &rule.to_string(), "]: ", &text.concat()].concat()
    }
}

const NOT_ISOLATED: &str = "no rule in ROUTES has a match, so no path belongs to one user: any user's token \
                            opens every path that requires one. Environments of wrangler do not inherit \
                            [vars]: each needs its own ROUTES";

const NARROWER: &str = "name less, or write a public rule before it";
const OWN: &str = "it is Better Auth's, the sign-in page or the framework's";
