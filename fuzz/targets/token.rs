//! The token parser.
//!
//! Always: it does not panic. It accepts a token exactly if the second reading does: three segments
//! of strict base64url, so that encoding again what they hold gives the same token; two JSON objects
//! without duplicate members at any level; a header that changes nothing. What it says about a token
//! is what the second reading says. A refusal has one of four codes.
//!
//! Input: `=` and a token; or anything else and, on a line each, a header, a payload and a
//! signature, which are encoded first.

#![no_main]

use better_auth_edge::Code;
use better_auth_edge::jose::{CompactJws, Limits, Object};
use better_auth_edge_fuzz::base64url::encode;
use better_auth_edge_fuzz::json::Value;
use better_auth_edge_fuzz::token::Token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match data {
        [b'=', token @ ..] => check(&String::from_utf8_lossy(token)),
        [_, parts @ ..] => {
            parts.split(|byte| *byte == b'\n').for_each(check_object);
            let segments: Vec<_> = parts.split(|byte| *byte == b'\n').map(encode).collect();
            check(&segments.join("."));
        }
        [] => check(""),
    }
});

fn check(token: &str) {
    let expected = Token::read(token);
    match (CompactJws::parse(token, &Limits::default()), expected) {
        (Ok(jws), Some(expected)) => {
            let parts = [&expected.header_text, &expected.payload, &expected.signature];
            assert_eq!(parts.map(encode).join("."), token, "encoded again it is another token");
            assert_eq!(jws.signing_input(), expected.signing_input.as_bytes());
            assert_eq!(jws.signature(), expected.signature);
            assert_eq!(jws.header().algorithm(), expected.algorithm());
            assert_eq!(jws.header().kid(), expected.kid());
            let session_type = jws.header().is_untyped() || jws.header().is_typed("jwt");
            assert_eq!(session_type, expected.is_session_type());
        }
        (Err(error), None) => {
            let codes = match token.len() {
                0 => &[Code::MissingToken][..],
                1..=4_096 => &[Code::MalformedToken, Code::OpaqueToken],
                _ => &[Code::MalformedToken, Code::OpaqueToken, Code::TokenTooLarge],
            };
            assert!(codes.contains(&error.code()), "{error}");
        }
        (Ok(_), None) => panic!("it accepts what it must not"),
        (Err(error), Some(_)) => panic!("it refuses what is good: {error}"),
    }
}

/// Any of the parts may be an object.
fn check_object(bytes: &[u8]) {
    match (Object::parse(bytes), Value::parse_object(bytes)) {
        (Ok(object), Some(value)) => assert!(value.equals(&object), "they read different values"),
        (Err(_), None) => {}
        (Ok(_), None) => panic!("it accepts what is no object"),
        (Err(error), Some(_)) => panic!("it refuses a good object: {error}"),
    }
}
