//! The optional bindings of a Worker.

use crate::config::error::SettingError;

/// Which of the optional bindings a deployment has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bindings {
    /// `ANALYTICS`, which gets a data point for every decision
    pub analytics: bool,
    /// `RATE_LIMIT_USER`, which limits users
    pub rate_limit_user: bool,
    /// `RATE_LIMIT_REJECTED`, which limits client addresses with rejected requests
    pub rate_limit_rejected: bool,
}

impl Bindings {
    /// Finds the bindings. `has` takes the name of a binding and of a function. It returns `None`
    /// if the binding does not exist, and otherwise whether the binding has that function.
    ///
    /// Adds each binding of another kind to `errors`.
    pub fn look(has: impl Fn(&str, &str) -> Option<bool>, errors: &mut Vec<SettingError>) -> Self {
        let [analytics, rate_limit_user, rate_limit_rejected] =
            KINDS.map(|(name, function, kind)| {
                let usable = has(name, function);
                if usable == Some(false) {
                    errors.push(SettingError::new(name, kind));
                }
                usable.is_some()
            });
        Self { analytics, rate_limit_user, rate_limit_rejected }
    }
}

/// A store of revocations, by how soon a reader sees what another isolate has written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RevocationsBinding {
    /// `REVOCATIONS`: at once
    Consistent,
    /// `REVOCATIONS_KV`: within a minute
    Eventual,
}

impl RevocationsBinding {
    /// The binding with that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "REVOCATIONS" => Some(Self::Consistent),
            "REVOCATIONS_KV" => Some(Self::Eventual),
            _ => None,
        }
    }

    /// The name of the binding.
    pub fn name(self) -> &'static str {
        match self {
            Self::Consistent => "REVOCATIONS",
            Self::Eventual => "REVOCATIONS_KV",
        }
    }

    /// The error for a variable of that name.
    pub(crate) fn no_binding(self) -> &'static str {
        match self {
            Self::Consistent => "is a variable: bind it under [[durable_objects.bindings]]",
            Self::Eventual => "is a variable: bind it under [[kv_namespaces]]",
        }
    }
}

/// The name of each binding, its function, and the error for a binding of another kind.
const KINDS: [(&str, &str, &str); 3] = [
    ("ANALYTICS", "writeDataPoint", "is not an Analytics Engine dataset"),
    ("RATE_LIMIT_USER", "limit", "is not a rate limit binding"),
    ("RATE_LIMIT_REJECTED", "limit", "is not a rate limit binding"),
];
