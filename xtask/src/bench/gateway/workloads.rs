//! The loads that the gateways are measured with.

use anyhow::{Context, Result};
use serde_json::json;

use super::candidates::Candidate;
use crate::bench::material::{self, User};
use crate::token;

/// Requests that are sent in turn, all of one kind.
pub(super) struct Workload {
    pub(super) kind: Kind,
    pub(super) requests: Vec<String>,
}

/// What the requests have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// One valid token
    One,
    /// A few valid tokens
    Few,
    /// As many valid tokens as each cache of tokens holds
    Many,
    /// Valid tokens, each of which a gateway has never seen or has forgotten
    New,
    /// A bad signature, an unknown key, an expired token and no token, in turn
    Refused,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::One, Self::Few, Self::Many, Self::New, Self::Refused];

    /// Those for the two gateways that are compared alone.
    pub(super) const PAIR: [Self; 2] = [Self::One, Self::Few];

    /// The load with that name.
    ///
    /// # Errors
    /// The names that exist.
    pub(super) fn parse(name: &str) -> Result<Self> {
        let names = Self::ALL.map(Self::name).join("\", \"");
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.with_context(|| format!("{name:?} is not a load: the loads are \"{names}\""))
    }

    /// The name in the report.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "one token",
            Self::Few => "48 tokens",
            Self::Many => "1,000 tokens",
            Self::New => "new tokens",
            Self::Refused => "refused",
        }
    }

    /// The number of users with a token each.
    fn users(self) -> usize {
        match self {
            Self::One => 1,
            Self::Few => 48,
            Self::Many => 1_000,
            Self::New => 20_000,
            Self::Refused => 2_000,
        }
    }

    /// The status of every response.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Refused => 401,
            _ => 200,
        }
    }

    /// Whether this load measures what the candidate does. The proxy refuses nothing.
    pub(super) fn suits(self, candidate: Candidate) -> bool {
        self != Self::Refused || candidate != Candidate::Proxy
    }
}

impl Workload {
    /// The loads of these kinds, with tokens of that issuer.
    pub(super) fn all(kinds: &[Kind], issuer: &str) -> Result<Vec<Self>> {
        kinds.iter().map(|kind| Self::new(*kind, issuer)).collect()
    }

    pub(super) fn new(kind: Kind, issuer: &str) -> Result<Self> {
        // the users of one load are not those of another, whose tokens may be cached
        let first = 100_000 * kind as usize;
        let users = (first..first + kind.users()).map(|number| User::new(number, issuer));
        let users = users.collect::<Result<Vec<_>>>()?;
        let requests = users.iter().enumerate().map(|(number, user)| match kind {
            Kind::Refused => {
                let refused = refused(user);
                let token = &refused[number % refused.len()];
                material::request(&user.target(), token)
            }
            _ => user.request(),
        });
        Ok(Self { kind, requests: requests.collect() })
    }
}

/// Tokens that a gateway refuses, for different reasons: `""` stands for none.
pub(super) fn refused(user: &User) -> [String; 4] {
    [
        token::with_flipped_bit(&user.token),
        user.token_of_unknown_key(),
        user.token_with("exp", json!(1_000_000_000)),
        String::new(),
    ]
}
