//! Users with the tokens that their clients use.

use std::sync::Arc;

use super::oracle::{Credential, Key};
use super::random::Random;
use super::users::{Defect, Mint, Token, User};

/// A user with a token.
pub(super) struct Session {
    pub(super) user: Arc<User>,
    /// The token in use
    pub(super) token: Token,
    /// The one that was in use before
    pub(super) before: Option<Token>,
    /// When the client gets the next token
    renewal: f64,
}

impl Session {
    /// `number` makes the token unique.
    pub(super) fn new(mint: &Mint, random: &mut Random, user: Arc<User>, number: u64) -> Self {
        let (token, renewal) = token(mint, random, &user, number);
        Self { user, token, before: None, renewal }
    }

    /// Gets the next token if the old one is about to expire. A client also does so when the key of
    /// its token has been removed, because the Worker rejects it then.
    pub(super) fn renew(&mut self, mint: &Mint, random: &mut Random, number: u64) {
        let now = mint.keys.now();
        let is_removed = match self.token.credential {
            Credential::Signed { by: Key::Published(key), .. } => {
                mint.keys.plan.keys[key].removed <= now
            }
            _ => false,
        };
        if now < self.renewal && !is_removed {
            return;
        }
        let (token, renewal) = token(mint, random, &self.user, number);
        self.before = Some(std::mem::replace(&mut self.token, token));
        self.renewal = renewal;
    }

    /// The user's own path with that end.
    pub(super) fn target(&self, end: &str) -> String {
        format!("/api/{}/{end}", self.user.id)
    }
}

/// Seconds for which a token in use is valid, between these.
const LIFETIME: (f64, f64) = (20.0, 90.0);

/// Seconds before the expiry of a token at which a client gets the next one.
const MARGIN: f64 = 4.0;

fn token(mint: &Mint, random: &mut Random, user: &User, number: u64) -> (Token, f64) {
    let lifetime = random.between(LIFETIME.0, LIFETIME.1);
    let token = mint.token(user, lifetime, Defect::None, number);
    (token, mint.keys.now() + lifetime - MARGIN)
}
