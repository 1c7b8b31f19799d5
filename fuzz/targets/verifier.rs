//! The whole verifier, with tokens that are signed, forged, modified, or assembled from parts of
//! others.
//!
//! Invariants:
//! - The verifier does not panic.
//! - It accepts a token exactly if the harness signed its signing input, with a published key that
//!   the header's `kid` and `alg` select, and the reference implementation accepts the claims at
//!   this time: issuer, audience, `exp`, `nbf`, `iat`, user. Ed25519 and RSA signatures are
//!   accepted only in their original form.
//! - A verifier with warm caches and key tables decides like a new one, and so does its
//!   explanation.
//! - A rejection before the check of the claims does not repeat the token's content.
//!
//! Input: six bytes (see [`Scenario`]), then a header, a payload and changes, separated by NUL. An
//! empty header or payload stands for a valid one.

#![no_main]

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use better_auth_edge::{
    CheckOutcome, Code, Error, Explanation, Verified, Verifier, VerifierOptions,
};
use better_auth_edge_fuzz::base64url::{decode, encode};
use better_auth_edge_fuzz::host::FixedHost;
use better_auth_edge_fuzz::signing_keys::SigningKeys;
use better_auth_edge_fuzz::token::{Expected, Token};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((head, rest)) = data.split_first_chunk::<6>() {
        HARNESS.with(|harness| harness.run(&Scenario::new(head), rest));
    }
});

thread_local! {
    static HARNESS: Harness = Harness::new();
}

const NOW: f64 = 1_750_000_000.0;
const SERVER: &str = "https://app.example";
/// A text that any part of the token may contain, but no rejection.
const CANARY: &str = "canary";

/// The first bytes of an input.
struct Scenario {
    /// The published keys, and whether the token is assembled from parts
    mask: u8,
    from_parts: bool,
    signer: u8,
    now: f64,
    /// Bits for the options, and the list of algorithms
    options: u8,
    algorithms: usize,
}

impl Scenario {
    fn new(head: &[u8; 6]) -> Self {
        let [mask, signer, high, low, options, algorithms] = *head;
        let quarters = i16::from_be_bytes([high, low]);
        Self {
            mask: mask & 0x7f,
            from_parts: mask & 0x80 != 0,
            signer,
            now: NOW + f64::from(quarters) / 4.0,
            options,
            algorithms: usize::from(algorithms) % ALGORITHMS.len(),
        }
    }

    fn has(&self, bit: u8) -> bool {
        self.options >> bit & 1 == 1
    }

    fn user_claims(&self) -> &'static [&'static str] {
        if self.has(0) { &["uuid", "sub"] } else { &["sub"] }
    }

    /// The requirements for the reference implementation.
    fn expected(&self) -> Expected<'static> {
        Expected {
            issuer: SERVER,
            audience: SERVER,
            user_claims: self.user_claims(),
            tolerance: if self.has(1) { 0.0 } else { 5.0 },
            max_age: self.has(2).then_some(600.0),
            max_lifetime: self.has(3).then_some(1_000.0),
        }
    }

    fn verifier(&self, keys: &SigningKeys) -> Verifier {
        let list = |values: &[&str]| Some(values.iter().map(|v| (*v).to_owned()).collect());
        let expected = self.expected();
        let options = VerifierOptions {
            jwks: Some(keys.set(self.mask)),
            issuer: list(&[expected.issuer]),
            audience: list(&[expected.audience]),
            algorithms: list(ALGORITHMS[self.algorithms]),
            clock_tolerance: Some(expected.tolerance),
            max_token_age: expected.max_age,
            max_token_lifetime: expected.max_lifetime,
            user_claim: list(self.user_claims()),
            token_cache: Some(0.0),
            ..VerifierOptions::default()
        };
        options.build().expect("the options are valid")
    }
}

const ALGORITHMS: [&[&str]; 4] = [
    &["EdDSA", "ES256", "ES512", "PS256", "RS256"],
    &["Ed25519"],
    &["ES256", "RS256"],
    &["EdDSA", "ES256", "ES384", "PS384", "RS384", "RS512"],
];

/// A signing input with its genuine signature.
struct Signed {
    key: usize,
    input: String,
    signature: Vec<u8>,
}

struct Harness {
    keys: SigningKeys,
    /// A valid token of each key
    base: Vec<Signed>,
    warm: RefCell<HashMap<(u8, u8, usize), Rc<Verifier>>>,
}

impl Harness {
    fn new() -> Self {
        let keys = SigningKeys::new();
        let sign = |key: usize| {
            let input = [keys.all()[key].header(), valid_claims()].map(encode).join(".");
            Signed { key, signature: keys.sign(key, &input), input }
        };
        let base = (0..keys.all().len()).map(sign).collect();
        Self { base, keys, warm: RefCell::default() }
    }

    fn run(&self, scenario: &Scenario, rest: &[u8]) {
        let mut parts = rest.splitn(3, |byte| *byte == 0).map(<[u8]>::to_vec);
        let mut part = || parts.next().unwrap_or_default();
        let (header, payload, changes) = (part(), part(), part());
        let (token, signed) = match scenario.from_parts {
            true => (self.assemble(&header), None),
            false => self.build_token(scenario.signer, header, payload),
        };
        let token = change(token, &changes);

        let host = FixedHost::at(scenario.now);
        let warm = self.warm(scenario);
        let result = host.run(warm.verify(&token, &host));
        self.check(scenario, &token, signed.as_ref(), &result);
        if scenario.has(7) {
            let new = scenario.verifier(&self.keys);
            let again = host.run(new.verify(&token, &host));
            assert_eq!(outcome(&result), outcome(&again), "a new verifier decides otherwise");
        }
        if scenario.has(6) {
            let explanation = host.run(warm.explain(&token, &host));
            check_explanation(&explanation, &result);
        }
    }

    fn check(
        &self,
        scenario: &Scenario,
        text: &str,
        made: Option<&Signed>,
        result: &Result<Arc<Verified>, Error>,
    ) {
        let token = Token::parse(text);
        let token = token.as_ref();
        let signed = token.and_then(|token| self.signed(scenario, token, made));
        let as_made = token.zip(signed).is_some_and(|(t, s)| t.signature == s.signature);
        let good = token.filter(|token| signed.is_some() && token.is_session_type());
        let good = good.and_then(|token| scenario.expected().user(&token.claims, scenario.now));
        match result {
            Ok(verified) => {
                let signed = signed.expect("accepted a forged token");
                let algorithm = self.keys.all()[signed.key].algorithm;
                assert!(as_made || algorithm == "ES256", "accepted another form of a signature");
                assert_eq!(good, Some(verified.user()), "accepted an invalid token");
                assert_eq!(verified.algorithm().name(), algorithm);
                let payload = token.map(|token| &token.payload[..]);
                assert_eq!(payload, Some(verified.claims().as_json().as_bytes()));
            }
            Err(error) => {
                assert!(!(as_made && good.is_some()), "rejected a valid token: {error}");
                let is_signed = signed.is_some();
                assert!(
                    is_signed || !is_about_claims(error.code()),
                    "checked claims before the signature: {error}"
                );
                assert!(
                    is_signed || !error.detail().contains(CANARY),
                    "repeats the token: {error}"
                );
            }
        }
    }

    /// The genuine signature of the token's signing input by a key that its header selects,
    /// preferably the one in the token.
    fn signed<'s>(
        &'s self,
        scenario: &Scenario,
        token: &Token<'_>,
        made: Option<&'s Signed>,
    ) -> Option<&'s Signed> {
        let all = self.base.iter().chain(made).filter(|signed| {
            signed.input == token.signing_input && self.selects(scenario, token, signed.key)
        });
        all.clone().find(|signed| signed.signature == token.signature).or(all.clone().next())
    }

    /// Whether the token's header selects that key, among at most four.
    fn selects(&self, scenario: &Scenario, token: &Token<'_>, key: usize) -> bool {
        let name = |name| if name == "Ed25519" { "EdDSA" } else { name };
        let algorithm = name(token.algorithm());
        let allowed = ALGORITHMS[scenario.algorithms].iter().any(|other| name(*other) == algorithm);
        let published = |number: &usize| scenario.mask >> number & 1 == 1;
        let keys = self.keys.all();
        let fitting = (0..SigningKeys::PUBLISHED).filter(published).filter(|number| {
            let fits = keys[*number].algorithm == algorithm;
            fits && (token.kid().is_none() || token.kid() == keys[*number].kid)
        });
        let fitting: Vec<_> = fitting.collect();
        let certain = token.kid().is_some() || fitting.len() == 1;
        allowed && certain && fitting.contains(&key)
    }

    /// A token signed by one of the keys, or forged with a MAC.
    fn build_token(
        &self,
        signer: u8,
        header: Vec<u8>,
        payload: Vec<u8>,
    ) -> (String, Option<Signed>) {
        let keys = self.keys.all();
        let signer = usize::from(signer);
        let or_default = |text: Vec<u8>, default: String| match text.is_empty() {
            true => default.into_bytes(),
            false => text,
        };
        let header = or_default(header, keys[signer % keys.len()].header());
        let input = [header, or_default(payload, valid_claims())].map(encode).join(".");
        if signer < keys.len() {
            let signed = Signed { key: signer, signature: self.keys.sign(signer, &input), input };
            return (format!("{}.{}", signed.input, encode(&signed.signature)), Some(signed));
        }
        // RFC 8725, section 2.1: a MAC whose secret is the public key
        let secret = keys[signer % keys.len()].jwk.as_bytes();
        let secret = if signer & 0x80 == 0 { secret } else { b"" };
        let mac = Hmac::<sha2::Sha256>::new_from_slice(secret).expect("HMAC accepts any length");
        let mac = mac.chain_update(&input).finalize().into_bytes();
        (format!("{input}.{}", encode(mac)), None)
    }

    /// Expands each byte above ASCII to a base token or one of its segments.
    fn assemble(&self, text: &[u8]) -> String {
        let part = |byte: &u8| {
            let Some(number) = byte.checked_sub(0x80).map(usize::from) else {
                return char::from(*byte).to_string();
            };
            let base = &self.base[number / 4 % self.base.len()];
            let (header, payload) = base.input.split_once('.').expect("it has two segments");
            match number % 4 {
                0 => format!("{}.{}", base.input, encode(&base.signature)),
                1 => header.to_owned(),
                2 => payload.to_owned(),
                _ => encode(&base.signature),
            }
        };
        text.iter().map(part).collect()
    }

    fn warm(&self, scenario: &Scenario) -> Rc<Verifier> {
        let mut warm = self.warm.borrow_mut();
        let verifier = warm.entry((scenario.mask, scenario.options & 0xf, scenario.algorithms));
        Rc::clone(verifier.or_insert_with(|| Rc::new(scenario.verifier(&self.keys))))
    }
}

/// Checks that the explanation has the same decision, whose reason is its first check that did not
/// pass.
fn check_explanation(explanation: &Explanation, result: &Result<Arc<Verified>, Error>) {
    let decisive = explanation.checks.iter().find(|report| report.outcome != CheckOutcome::Passed);
    let rejection = decisive.and_then(|report| report.rejection.as_ref());
    let rejection = rejection.map(|(code, detail)| (*code, detail.as_str()));
    let reason = result.as_ref().err().map(|error| (error.code(), error.detail()));
    assert_eq!(rejection, reason, "the explanation has another decision");
    let failed = decisive.is_none_or(|report| report.outcome == CheckOutcome::Failed);
    assert!(failed, "a check that was not reached decides");
    let used = explanation.keys.iter().filter(|key| key.used).count();
    assert!(result.is_err() || used == 1, "one key verified the signature");
}

fn valid_claims() -> String {
    format!(
        r#"{{"iss":"{SERVER}","aud":"{SERVER}","sub":"user-1","iat":{NOW},"exp":{}}}"#,
        NOW + 900.0
    )
}

/// Modifies a token, with four bytes per change: the kind, the position, and the character or bit.
fn change(mut token: String, changes: &[u8]) -> String {
    for change in changes.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([change[1], change[2]])) % (token.len() + 1);
        let value = change[3];
        match change[0] % 9 {
            _ if !token.is_ascii() => {}
            0 => token.insert(at, char::from(value & 0x7f)),
            1 => token.truncate(at),
            2 if at < token.len() => {
                token.remove(at);
            }
            3 if at < token.len() => {
                token.replace_range(at..=at, &char::from(value & 0x7f).to_string())
            }
            4 => token = change_signature(&token, |bytes| flip(bytes, at, value)),
            5 => token = change_signature(&token, |bytes| bytes.resize(at.min(600), value)),
            6 => token = change_signature(&token, |bytes| bytes.fill(value)),
            7 => token = change_signature(&token, negate_s),
            8 => token = change_signature(&token, |bytes| add_order_to_s(bytes)),
            _ => {}
        }
    }
    token
}

fn change_signature(token: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let Some((input, signature)) = token.rsplit_once('.') else { return token.to_owned() };
    let mut bytes = decode(signature).unwrap_or_default();
    change(&mut bytes);
    format!("{input}.{}", encode(bytes))
}

fn flip(bytes: &mut [u8], at: usize, bit: u8) {
    let length = bytes.len().max(1);
    if let Some(byte) = bytes.get_mut(at % length) {
        *byte ^= 1 << (bit % 8);
    }
}

/// The other valid form of an ECDSA signature.
fn negate_s(bytes: &mut Vec<u8>) {
    if let Ok(signature) = p256::ecdsa::Signature::from_slice(bytes) {
        let negated = p256::ecdsa::Signature::from_scalars(*signature.r(), -*signature.s());
        *bytes = negated.map(|negated| negated.to_bytes().to_vec()).unwrap_or_default();
    }
}

/// Another form of an EdDSA signature, which RFC 8032, section 5.1.7, excludes.
fn add_order_to_s(bytes: &mut [u8]) {
    let mut carry = 0;
    for (byte, add) in bytes.iter_mut().skip(32).zip(ED25519_ORDER) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry as u8;
        carry >>= 8;
    }
}

/// L, little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Whether the code depends on the payload.
fn is_about_claims(code: Code) -> bool {
    use Code::{
        AudienceMismatch, Expired, InsufficientClaims, InvalidClaim, IssuerMismatch, MissingClaim,
        NotYetValid,
    };
    let codes = [AudienceMismatch, Expired, InsufficientClaims, InvalidClaim, IssuerMismatch];
    codes.contains(&code) || [MissingClaim, NotYetValid].contains(&code)
}

fn outcome(result: &Result<Arc<Verified>, Error>) -> &str {
    match result {
        Ok(verified) => verified.user(),
        Err(error) => error.code().as_str(),
    }
}
