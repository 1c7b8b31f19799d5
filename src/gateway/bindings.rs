//! Optional bindings: what a deployment has beside its settings.

use crate::config::error::SettingError;
use crate::gateway::Settings;

/// Which of the optional bindings are there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bindings {
    /// `ANALYTICS`, to which every decision is a data point
    pub analytics: bool,
    /// `RATE_LIMIT_USER`, by which users are limited
    pub rate_limit_user: bool,
    /// `RATE_LIMIT_REJECTED`, by which addresses are limited whose requests are refused
    pub rate_limit_rejected: bool,
}

impl Bindings {
    /// Looks for them. `has` is told the name of a binding and of a function: nothing if there is no
    /// such binding, otherwise whether it has such a function.
    /// Every binding that is of another kind is noted among the faults.
    pub fn look(has: impl Fn(&str, &str) -> Option<bool>, faults: &mut Vec<SettingError>) -> Self {
        let [analytics, rate_limit_user, rate_limit_rejected] =
            KINDS.map(|(name, function, kind)| {
                let usable = has(name, function);
                if usable == Some(false) {
                    faults.push(SettingError::new(name, kind));
                }
                usable.is_some()
            });
        Self { analytics, rate_limit_user, rate_limit_rejected }
    }
}

/// What they are called, what they can do, and what is said of others.
const KINDS: [(&str, &str, &str); 3] = [
    ("ANALYTICS", "writeDataPoint", "is no Analytics Engine dataset"),
    ("RATE_LIMIT_USER", "limit", "is no binding for rate limits"),
    ("RATE_LIMIT_REJECTED", "limit", "is no binding for rate limits"),
];

impl Settings {
    /// The same settings where these bindings are there. `salt` is what users' names are hashed with in
    /// the log, if the settings have none; where there is none at all, users have no names there.
    pub fn with_bindings(mut self, bindings: Bindings, salt: String) -> Self {
        self.operations.bindings = bindings;
        self.operations.log.salt.get_or_insert(salt);
        self
    }
}
