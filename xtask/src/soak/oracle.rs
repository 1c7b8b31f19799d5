//! What the Worker may decide about a request. The oracle knows the claims of each token, when the
//! auth server published its key, and when the Worker got it. Where the moment decides, it allows
//! each decision that is right within that moment.

use std::fmt;

use super::keys::{KeyState, Keys};

/// What a request presents, and where.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) credential: Credential,
    pub(super) path: Path,
}

/// The credential of a request.
#[derive(Clone, Debug)]
pub(super) enum Credential {
    Absent,
    /// Rejected with 401 and this code before its key counts
    Bad(&'static str),
    Signed {
        by: Key,
        /// Whether the signature is not the key's
        is_forged: bool,
        claims: Claims,
    },
}

/// The key that a token names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// Its number in the plan
    Published(usize),
    /// The auth server never publishes it
    Unknown,
}

/// Claims of a token.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claims {
    /// Acceptable until this time of the run, in seconds
    Good { until: f64 },
    /// Rejected with 401 and this code
    Bad(&'static str),
}

/// What the rule of the path says about the user of the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Path {
    /// Any request may pass
    Public,
    /// The user's own, or one for all users
    Open,
    /// Rejected with 403 and this code
    Closed(&'static str),
    /// Rejected with 400 and this code, with any credential
    Ambiguous,
    /// The edge itself responds to a preflight request
    Preflight,
}

/// A decision of the Worker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Decision {
    /// The upstream received the request as this case's user and responded
    Passed,
    /// The edge's response, with its status and the code of a problem response
    Edge(u16, String),
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("forwarded"),
            Self::Edge(status, code) => write!(f, "{status} {code}"),
        }
    }
}

impl Case {
    /// The decisions that are right for a request, by the times when it was sent and its response
    /// arrived.
    pub(super) fn allowed(&self, keys: &Keys, sent: f64, received: f64) -> Vec<Decision> {
        match self.path {
            Path::Public => return vec![Decision::Passed],
            Path::Preflight => return vec![edge(204, "")],
            Path::Ambiguous => return vec![edge(400, "ambiguous_path")],
            Path::Open | Path::Closed(_) => {}
        }
        let (by, is_forged, claims) = match &self.credential {
            Credential::Absent => return vec![edge(401, "missing_token")],
            Credential::Bad(code) => return vec![edge(401, code)],
            Credential::Signed { by, is_forged, claims } => (*by, *is_forged, *claims),
        };
        let state = match by {
            Key::Published(key) => keys.state(key, sent, received),
            Key::Unknown => KeyState::Gone,
        };
        let mut allowed = Vec::new();
        for code in claims.codes(sent, received) {
            let with_key = match (is_forged, code, self.path) {
                (true, ..) => edge(401, "bad_signature"),
                (false, Some(code), _) => edge(401, code),
                (false, None, Path::Closed(code)) => edge(403, code),
                (false, None, _) => Decision::Passed,
            };
            if state != KeyState::Gone {
                allowed.push(with_key);
            }
            // a token that is rejected anyway neither waits for a fetch nor causes one
            let is_plausible = code.is_none();
            if matches!(state, KeyState::Removed | KeyState::Gone)
                || (state == KeyState::New && !is_plausible)
            {
                allowed.push(edge(401, "unknown_key"));
            }
            if state != KeyState::Known && is_plausible {
                allowed.push(edge(503, "keys_unavailable"));
            }
        }
        allowed
    }
}

impl Claims {
    /// The codes with which the claims can be rejected; `None` if they can be accepted.
    fn codes(self, sent: f64, received: f64) -> Vec<Option<&'static str>> {
        match self {
            Self::Bad(code) => vec![Some(code)],
            Self::Good { until } => {
                let expires = until + TOLERANCE;
                let can_pass = sent < expires + MARGIN;
                let can_expire = received > expires - MARGIN;
                let accepted = can_pass.then_some(None);
                accepted.into_iter().chain(can_expire.then_some(Some("expired"))).collect()
            }
        }
    }
}

/// `CLOCK_TOLERANCE` of the run, in seconds.
pub(super) const TOLERANCE: f64 = 1.0;

/// Seconds by which the Worker's time may lag: workerd advances it with its events.
const MARGIN: f64 = 0.5;

fn edge(status: u16, code: &str) -> Decision {
    Decision::Edge(status, code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soak::plan::{Life, Plan};

    /// Key 0 is delivered and never removed, key 1 is published and not delivered, key 2 is removed
    /// at 20.
    fn keys() -> Keys {
        let mut plan = Plan::new(1, 130.0);
        let forever = f64::INFINITY;
        plan.keys = vec![
            Life { published: f64::NEG_INFINITY, removed: forever },
            Life { published: 1.0, removed: forever },
            Life { published: f64::NEG_INFINITY, removed: 20.0 },
        ];
        let keys = Keys::new(plan);
        keys.deliver(0.0);
        keys
    }

    fn allowed(key: Key, is_forged: bool, claims: Claims, path: Path, at: f64) -> Vec<String> {
        let credential = Credential::Signed { by: key, is_forged, claims };
        let allowed = Case { credential, path }.allowed(&keys(), at, at + 0.05);
        allowed.iter().map(Decision::to_string).collect()
    }

    const GOOD: Claims = Claims::Good { until: 100.0 };
    const EXPIRED: Claims = Claims::Bad("expired");
    const KNOWN: Key = Key::Published(0);
    const NEW: Key = Key::Published(1);
    const REMOVED: Key = Key::Published(2);

    #[test]
    fn a_good_token_of_a_known_key_must_pass_on_its_users_path_only() {
        assert_eq!(allowed(KNOWN, false, GOOD, Path::Open, 10.0), ["forwarded"]);
        let closed = Path::Closed("user_mismatch");
        assert_eq!(allowed(KNOWN, false, GOOD, closed, 10.0), ["403 user_mismatch"]);
    }

    #[test]
    fn a_bad_token_never_passes() {
        let bad = |key, is_forged, claims| allowed(key, is_forged, claims, Path::Open, 10.0);
        assert_eq!(bad(KNOWN, true, GOOD), ["401 bad_signature"]);
        assert_eq!(bad(KNOWN, true, EXPIRED), ["401 bad_signature"]);
        assert_eq!(bad(KNOWN, false, EXPIRED), ["401 expired"]);
        assert_eq!(bad(Key::Unknown, false, GOOD), ["401 unknown_key", "503 keys_unavailable"]);
        assert_eq!(bad(Key::Unknown, false, EXPIRED), ["401 unknown_key"]);
        assert_eq!(bad(NEW, false, EXPIRED), ["401 expired", "401 unknown_key"]);
    }

    #[test]
    fn a_new_key_may_be_unavailable_and_a_removed_one_may_count_for_a_while() {
        let good = |key, at| allowed(key, false, GOOD, Path::Open, at);
        assert_eq!(good(NEW, 10.0), ["forwarded", "503 keys_unavailable"]);
        assert_eq!(good(REMOVED, 10.0), ["forwarded"]);
        let removed = ["forwarded", "401 unknown_key", "503 keys_unavailable"];
        assert_eq!(good(REMOVED, 21.0), removed);
    }

    #[test]
    fn a_token_passes_until_it_expires_and_not_later() {
        let at = |at| allowed(KNOWN, false, GOOD, Path::Open, at);
        assert_eq!(at(100.0), ["forwarded"]);
        assert_eq!(at(101.0), ["forwarded", "401 expired"]);
        assert_eq!(at(102.0), ["401 expired"]);
    }

    #[test]
    fn a_path_can_decide_alone() {
        let at = |path| allowed(KNOWN, true, GOOD, path, 10.0);
        assert_eq!(at(Path::Public), ["forwarded"]);
        assert_eq!(at(Path::Ambiguous), ["400 ambiguous_path"]);
        assert_eq!(at(Path::Preflight), ["204 "]);
    }
}
