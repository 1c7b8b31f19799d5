//! Users and their tokens.

use std::sync::Arc;

use ed25519_dalek::Signer;

use super::keys::Keys;
use super::oracle::{Claims, Credential, Key};
use crate::token;

/// A user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) is_admin: bool,
    /// The address of the user's client
    pub(super) address: String,
}

impl User {
    pub(super) fn new(number: usize) -> Self {
        Self {
            id: format!("k7dJx0QvA2mNcY5bWzLrP9sT{number:08}"),
            email: format!("ada.{number}@example.com"),
            is_admin: number.is_multiple_of(7),
            address: format!("198.51.{}.{}", number / 200 % 200, number % 200),
        }
    }
}

/// A token, and what the oracle knows about it.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) credential: Credential,
}

/// Signs tokens as the auth server does, and forges some.
pub(super) struct Mint {
    pub(super) keys: Arc<Keys>,
    pub(super) issuer: String,
    /// Seconds since 1970 at the start of the run's clock
    epoch: f64,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Defect {
    None,
    Expired,
    NotYetValid,
    Issuer,
    Audience,
    Signature,
    AlgorithmNone,
    /// HS256 with the public key as the secret
    Confusion,
    UnknownKey,
    UnknownKeyExpired,
}

impl Mint {
    pub(super) fn new(keys: Arc<Keys>, issuer: String) -> Self {
        let epoch = token::now() - keys.now();
        Self { keys, issuer, epoch }
    }

    /// A token that the newest key signs. `lifetime` is in seconds, and `number` makes the token
    /// unique.
    pub(super) fn token(&self, user: &User, lifetime: f64, defect: Defect, number: u64) -> Token {
        let key = self.keys.plan.signing(self.keys.now());
        let now = self.epoch + self.keys.now();
        let (mut issued, mut expires) = (now.floor(), (now + lifetime).floor());
        let (mut issuer, mut audience) = (self.issuer.as_str(), self.issuer.as_str());
        let mut claims = Claims::Good { until: expires - self.epoch };
        match defect {
            Defect::Expired | Defect::UnknownKeyExpired => {
                (issued, expires) = (issued - 1_000.0, issued - 100.0);
                claims = Claims::Bad("expired");
            }
            Defect::NotYetValid => {
                (issued, expires) = (issued + 1_000.0, issued + 1_900.0);
                claims = Claims::Bad("not_yet_valid");
            }
            Defect::Issuer => (issuer, claims) = (ELSEWHERE, Claims::Bad("issuer_mismatch")),
            Defect::Audience => (audience, claims) = (ELSEWHERE, Claims::Bad("audience_mismatch")),
            _ => {}
        }
        let is_foreign = matches!(defect, Defect::UnknownKey | Defect::UnknownKeyExpired);
        let kid = if is_foreign { &format!("forged-{number}") } else { self.keys.kid(key) };
        let algorithm = match defect {
            Defect::AlgorithmNone => "none",
            Defect::Confusion => "HS256",
            _ => "EdDSA",
        };
        let User { id, email, is_admin, .. } = user;
        let role = if *is_admin { "admin,user" } else { "user" };
        let header = format!(r#"{{"alg":"{algorithm}","kid":"{kid}"}}"#);
        let payload = format!(
            r#"{{"iat":{issued},"name":"Ada","email":"{email}","emailVerified":true,"createdAt":"2026-10-03T09:14:07.311Z","role":"{role}","id":"{id}","sub":"{id}","exp":{expires},"iss":"{issuer}","aud":"{audience}","jti":"{number}"}}"#
        );
        let text = token::signed_text(&header, &payload, |input| {
            let mut signature = match is_foreign {
                true => token::foreign_key().sign(input).to_bytes(),
                false => self.keys.sign(key, input),
            };
            if defect == Defect::Signature {
                signature[(number % 31) as usize] ^= 1 << (number % 8);
            }
            signature.to_vec()
        });
        let by = if is_foreign { Key::Unknown } else { Key::Published(key) };
        let credential = match defect {
            Defect::AlgorithmNone | Defect::Confusion => Credential::Bad("unsupported_algorithm"),
            _ => Credential::Signed { by, is_forged: defect == Defect::Signature, claims },
        };
        Token { text, credential }
    }
}

const ELSEWHERE: &str = "https://elsewhere.example.com";
