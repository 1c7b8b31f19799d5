//! The auth server: its keys, its tokens and its responses. It is the oracle too: it knows which
//! key was published when.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::random::{Random, mix};

/// The auth server.
#[derive(Debug)]
pub(crate) struct AuthServer {
    keys: Vec<Key>,
    /// The published JWK Set
    document: Rc<[u8]>,
    /// Whether it is down
    pub(crate) is_down: bool,
    /// How many times as long a fetch takes
    pub(crate) slowness: f64,
    tokens: u64,
}

#[derive(Debug)]
struct Key {
    kid: String,
    published: f64,
    removed: f64,
}

/// A token that the auth server has signed.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// The number of the key that signed it
    pub(crate) key: usize,
    pub(crate) issued: f64,
    pub(crate) expires: f64,
}

/// What a fetch of the JWK Set returns.
pub(crate) enum Answer {
    Document(Rc<[u8]>),
    /// 503 with `Retry-After`
    Busy,
    Unreachable,
    /// Silence until the timeout
    Silent,
}

impl AuthServer {
    /// An auth server that has published its first key.
    pub(crate) fn new(now: f64) -> Self {
        let key = Key { kid: "key-0".to_owned(), published: now, removed: f64::INFINITY };
        let document = Rc::default();
        let mut server =
            Self { keys: vec![key], document, is_down: false, slowness: 1.0, tokens: 0 };
        server.publish(now);
        server
    }

    /// Signs with a new key from now on. Returns the number of the old one, which stays.
    pub(crate) fn rotate(&mut self, now: f64) -> usize {
        let kid = format!("key-{}", self.keys.len());
        self.keys.push(Key { kid, published: now, removed: f64::INFINITY });
        self.publish(now);
        self.keys.len() - 2
    }

    /// Signs with a new key that has the `kid` of the old one, which is removed.
    pub(crate) fn replace(&mut self, now: f64) {
        let old = self.rotate(now);
        let kid = self.keys[old].kid.clone();
        self.keys[old + 1].kid = kid;
        self.remove(old, now);
    }

    /// Removes a key.
    pub(crate) fn remove(&mut self, key: usize, now: f64) {
        self.keys[key].removed = now;
        self.publish(now);
    }

    /// When the key was removed, if it is by now.
    pub(crate) fn removed(&self, key: usize, now: f64) -> Option<f64> {
        let removed = self.keys[key].removed;
        (removed <= now).then_some(removed)
    }

    /// The number of the key that signs.
    pub(crate) fn signing(&self) -> usize {
        self.keys.len() - 1
    }

    /// When the key was published.
    pub(crate) fn published(&self, key: usize) -> f64 {
        self.keys[key].published
    }

    /// A token of a user.
    pub(crate) fn sign(&mut self, user: u64, now: f64, lifetime: f64) -> Token {
        self.tokens += 1;
        let key = self.signing();
        let (issued, expires) = (now.floor(), now.floor() + lifetime);
        // the number makes two tokens of a second differ, as a random signature would
        let number = self.tokens;
        let claims = format!(
            r#"{{"iss":"{ORIGIN}","aud":"{ORIGIN}","sub":"user-{user}","jti":"{number}","iat":{issued},"exp":{expires}}}"#
        );
        let text = token(&self.keys[key].kid, &claims, key);
        Token { text, key, issued, expires }
    }

    /// The response to a fetch of the JWK Set.
    pub(crate) fn answer(&self, random: &mut Random) -> Answer {
        if !self.is_down {
            return Answer::Document(Rc::clone(&self.document));
        }
        match random.below(3) {
            0 => Answer::Busy,
            1 => Answer::Unreachable,
            _ => Answer::Silent,
        }
    }

    fn publish(&mut self, now: f64) {
        let there = self.keys.iter().enumerate().filter(|(_, key)| key.removed > now);
        let entries = there.map(|(number, key)| {
            let (x, y) = POINTS[number];
            let kid = &key.kid;
            format!(
                r#"{{"kty":"EC","crv":"P-256","alg":"ES256","kid":"{kid}","x":"{x}","y":"{y}"}}"#
            )
        });
        let entries: Vec<_> = entries.collect();
        self.document = format!(r#"{{"keys":[{}]}}"#, entries.join(",")).into_bytes().into();
    }
}

/// A token with a random `kid`, which no key has signed.
pub(crate) fn forged(random: &mut Random, now: f64) -> String {
    let (kid, number) = (format!("{:016x}", random.bits()), random.bits());
    let (issued, expires) = (now.floor(), now.floor() + 900.0);
    let claims = format!(
        r#"{{"iss":"{ORIGIN}","aud":"{ORIGIN}","sub":"user-{number}","iat":{issued},"exp":{expires}}}"#
    );
    token(&kid, &claims, usize::MAX)
}

/// Whether this is the signature of the message by the key, a JWK.
pub(crate) fn verifies(jwk: &str, message: &[u8], signature: &[u8]) -> bool {
    let key = POINTS.iter().position(|(x, _)| jwk.contains(x));
    key.is_some_and(|key| signature_of(message, key)[..] == *signature)
}

/// The issuer and audience of all tokens.
pub(crate) const ORIGIN: &str = "https://app.example";

fn token(kid: &str, claims: &str, key: usize) -> String {
    let header = format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#);
    let mut token = String::with_capacity(400);
    URL_SAFE_NO_PAD.encode_string(header, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = signature_of(token.as_bytes(), key);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// What stands for a signature: 64 bytes that depend on the message and the key. The core checks
/// their length and range as it does for real ones, and the host compares them.
fn signature_of(message: &[u8], key: usize) -> [u8; 64] {
    // FNV-1a
    let hash = message.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut state = hash ^ mix((key as u64).wrapping_add(1));
    let mut signature = [0; 64];
    for part in signature.chunks_exact_mut(8) {
        state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
        part.copy_from_slice(&state.to_be_bytes());
    }
    // both halves are less than the order of the curve, and not zero
    for half in [0, 32] {
        signature[half] = 0x7f;
    }
    signature
}

/// Public keys of P-256: the core checks that they are on the curve.
const POINTS: [(&str, &str); 6] = [
    ("TB9wvPwRmwxkUtCUpI2i0CqDF2tGiJ9ThwRLcIKWaQo", "xp8vUSwHE9s-XBG2NXOz9MRO-uI83Q878cDfu6IZgaQ"),
    ("BwEnsf47WFS0H6Le7rJckPvKE7h_jbFTiFTms_pVAdY", "tbUzhUMHLKVFjVwtUsqarLb1o7CLGcVfUtYO0JkPj-Y"),
    ("yAbfvNOl1zkz7EVjz9eLyeAqOq1ZuIOkmcB_3oMNIAI", "h8_Ru6KWa1u4zT1XbqHWIKFVmjnVrYlTcnowcsNqQtw"),
    ("lfOjPzrwdftjltohjjxvf_OkLKDlWej9XPlK18lWWFQ", "bfEbtbcxeNBR9CNUfSO9Hoc92LxdsLgRvrhUtFIgbaY"),
    ("pX033ccFgTHa3GoPMr5yyTdO1sXFUKg4fRAur6yhxS8", "W7h9DAccyi6CeVLJG3f_0_HYLeTJaInKIsaSnzNKd_g"),
    ("u74-7Wl5sdByM7NWRvi0JQxgm4DsXCy3iDIzjjdZSRI", "zZsJr6ICyMkWAXTgiPiY_tjeL-PsYJicf7xhb77ej9k"),
];
