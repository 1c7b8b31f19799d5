//! Compares the core's JSON parser with serde_json. Both accept the same documents with the same
//! values, except for duplicates, depth and numbers that exceed an `f64`.

use better_auth_edge::jose::{Json, JsonError};
use serde_json::Value;

#[test]
fn mutated_documents_are_parsed_as_by_serde_json() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut rejected) = (0, 0);
    for _ in 0..200_000 {
        let text = mutated(&mut random);
        let expected = serde_json::from_str::<Value>(&text);
        match Json::parse(&text) {
            Ok(json) => {
                accepted += 1;
                match expected {
                    Ok(value) => assert!(same(&json, &value), "{text:?}"),
                    Err(error) => assert!(error.to_string().contains("out of range"), "{text:?}"),
                }
            }
            Err(JsonError::Syntax) => {
                rejected += 1;
                assert!(expected.is_err(), "serde_json accepts {text:?}");
            }
            Err(JsonError::DuplicateMember | JsonError::TooDeep) => rejected += 1,
            Err(error) => panic!("{error} for {text:?}"),
        }
    }
    assert!(accepted > 20_000 && rejected > 20_000, "{accepted} accepted, {rejected} rejected");
}

/// A seed with up to three mutations: characters are removed, replaced or inserted.
fn mutated(random: &mut Random) -> String {
    let mut text: Vec<char> = SEEDS[random.below(SEEDS.len())].chars().collect();
    for _ in 0..random.below(4) {
        let at = random.below(text.len() + 1);
        let piece = PIECES[random.below(PIECES.len())].chars();
        match random.below(3) {
            0 if at < text.len() => drop(text.remove(at)),
            1 if at < text.len() => drop(text.splice(at..=at, piece)),
            _ => drop(text.splice(at..at, piece)),
        }
    }
    text.into_iter().collect()
}

fn same(json: &Json, value: &Value) -> bool {
    match (json, value) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(a), Value::Bool(b)) => a == b,
        // numbers of more than 15 digits can differ by a few units in the last place
        (Json::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= b.abs() * 1e-14 || b.abs() < 1e-280,
            _ => false,
        },
        (Json::String(a), Value::String(b)) => a == b,
        (Json::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Value::Object(b)) => {
            a.members().count() == b.len()
                && a.members().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => false,
    }
}

/// xorshift64*: each run has the same documents.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

const SEEDS: [&str; 10] = [
    r#"{"alg":"EdDSA","kid":"a"}"#,
    r#"{"iss":"https://app.example","aud":["a","b"],"exp":1700000000.5,"iat":1e9,"n":-0}"#,
    r#" { "a" : [ 1 , 2.5e-3 , true , false , null , { } , [ ] ] } "#,
    r#"{"a":"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00"}"#,
    r#"{"é":"ü😀","":""}"#,
    r#"[[[[[[[[1]]]]]]]]"#,
    r#"{"a":{"a":{"a":{"b":[{"c":{}}]}}}}"#,
    "0",
    r#""text""#,
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"},7,null]}"#,
];

const PIECES: [&str; 34] = [
    "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "1", "9", "-", "+", ".", "e", "E", "u", "\\u",
    "\\ud83d", "\\ude00", "\\u00", " ", "\n", "\t", "\u{b}", "\0", "\u{7f}", "\u{feff}", "é", "😀",
    "null", "true", "fals", "1e999",
];
