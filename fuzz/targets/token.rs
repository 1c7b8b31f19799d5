//! The token parser.
//!
//! Invariants:
//! - It does not panic.
//! - It accepts a token exactly if the reference implementation does: three segments of strict
//!   base64url, which encode to the same token again; two JSON objects without duplicate members at
//!   any level; a header without extensions.
//! - It returns the same values as the reference implementation.
//! - A rejection has one of four codes.
//!
//! Input: `=` and a token. Or any other byte and then a header, a payload and a signature, on a
//! line each, which the target encodes first.

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
    let expected = Token::parse(token);
    match (CompactJws::parse(token, &Limits::default()), expected) {
        (Ok(jws), Some(expected)) => {
            let parts = [&expected.header_text, &expected.payload, &expected.signature];
            assert_eq!(parts.map(encode).join("."), token, "the segments encode to another token");
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
                1..=4_096 => &[Code::MalformedToken],
                _ => &[Code::MalformedToken, Code::TokenTooLarge],
            };
            assert!(codes.contains(&error.code()), "{error}");
        }
        (Ok(_), None) => panic!("accepted a malformed token"),
        (Err(error), Some(_)) => panic!("rejected a well-formed token: {error}"),
    }
}

/// Compares the parsers of JSON objects.
fn check_object(bytes: &[u8]) {
    match (Object::parse(bytes), Value::parse_object(bytes)) {
        (Ok(object), Some(value)) => assert!(value.equals(&object), "the values differ"),
        (Err(_), None) => {}
        (Ok(_), None) => panic!("accepted an invalid object"),
        (Err(error), Some(_)) => panic!("rejected a valid object: {error}"),
    }
}
