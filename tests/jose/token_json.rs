//! Header and claims are unambiguous JSON objects. A document that parsers can read differently is
//! rejected even if its signature is valid.

use crate::common::{Signer, good_claims, outcome, verdict, verify};

/// The text of an object without its closing brace, to which a test can add members.
struct UnclosedObject(String);

impl UnclosedObject {
    fn header() -> Self {
        Self(without_brace(&Signer::default().header()))
    }

    fn claims() -> Self {
        Self(without_brace(&good_claims().to_string()))
    }

    fn close_with(&self, members: &str) -> String {
        format!("{},{members}}}", self.0)
    }

    fn close(&self) -> String {
        format!("{}}}", self.0)
    }
}

fn without_brace(text: &str) -> String {
    text.strip_suffix('}').expect("an object").to_owned()
}

fn verdict_on(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> &'static str {
    verdict(&Signer::default().sign(header, claims))
}

#[test]
fn unknown_members_are_ignored() {
    let members = r#""x":[1,-2.5e3,true,null,{"":"\ud83d\ude00\u00e9\n"}],"y":{"x":{}}"#;
    assert_eq!(
        verdict_on(
            UnclosedObject::header().close_with(members),
            UnclosedObject::claims().close_with(members)
        ),
        "ok"
    );
}

#[test]
fn whitespace_around_members_is_ignored() {
    let spaced =
        |open: UnclosedObject| format!(" \t\r\n{} \n", open.close().replace(',', " ,\n\t"));
    assert_eq!(
        verdict_on(spaced(UnclosedObject::header()), spaced(UnclosedObject::claims())),
        "ok"
    );
}

#[test]
fn duplicate_members_are_rejected() {
    for members in [
        r#""alg":"EdDSA""#,
        r#""kid":"key-1""#,
        r#""\u0061lg":"EdDSA""#,
        r#""k\u0069d":"other""#,
        r#""x":1,"x":1"#,
        r#""x":1,"y":2,"x":1"#,
        r#""x":1,"\u0078":1"#,
        r#""x":null,"x":null"#,
        r#""":1,"":1"#,
        r#""x":{"y":1,"y":1}"#,
        r#""x":[[{"y":{"z":1,"\u007a":2}}]]"#,
    ] {
        let token = verdict_on(
            UnclosedObject::header().close_with(members),
            UnclosedObject::claims().close(),
        );
        assert_eq!(token, "malformed_token", "header with {members}");
    }
    for members in [
        r#""sub":"user-1""#,
        r#""sub":"user-2""#,
        r#""\u0073ub":"user-2""#,
        r#""su\u0062":"user-1""#,
        r#""exp":9999999999"#,
        r#""aud":["https://app.example"]"#,
        r#""x":1,"x":1"#,
        r#""x":{"y":1,"y":1}"#,
        r#""x":[{"y":1},{"y":1,"y":1}]"#,
    ] {
        let token = verdict_on(
            UnclosedObject::header().close(),
            UnclosedObject::claims().close_with(members),
        );
        assert_eq!(token, "malformed_token", "claims with {members}");
    }
}

#[test]
fn equal_names_in_different_objects_are_not_duplicates() {
    let members = r#""x":{"sub":1,"alg":1},"y":[{"x":1},{"x":1}],"Sub":1,"Alg":1"#;
    assert_eq!(
        verdict_on(
            UnclosedObject::header().close_with(members),
            UnclosedObject::claims().close_with(members)
        ),
        "ok"
    );
}

#[test]
fn a_lone_surrogate_is_rejected_in_names_and_values() {
    for members in [
        r#""x":"\ud800""#,
        r#""x":"\udfff""#,
        r#""x":"\ud800\ud800""#,
        r#""x":"\udc00\ud800""#,
        r#""x":"a\ud83dA""#,
        r#""x":"\ud800\n""#,
        r#""\ud800":1"#,
        r#""x":{"\udc00":1}"#,
        r#""x":[["\ud800"]]"#,
    ] {
        let header = verdict_on(
            UnclosedObject::header().close_with(members),
            UnclosedObject::claims().close(),
        );
        assert_eq!(header, "malformed_token", "header with {members}");
        let claims = verdict_on(
            UnclosedObject::header().close(),
            UnclosedObject::claims().close_with(members),
        );
        assert_eq!(claims, "malformed_token", "claims with {members}");
    }
}

#[test]
fn only_utf_8_without_a_byte_order_mark_is_accepted() {
    let not_utf_8 = |open: UnclosedObject, bytes: &[u8]| {
        [open.0.as_bytes(), b",\"x\":\"", bytes, b"\"}"].concat()
    };
    for bytes in [&b"\xff"[..], b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe9"]
    {
        let header = verdict_on(
            not_utf_8(UnclosedObject::header(), bytes),
            UnclosedObject::claims().close(),
        );
        assert_eq!(header, "malformed_token", "header with {bytes:02x?}");
        let claims = verdict_on(
            UnclosedObject::header().close(),
            not_utf_8(UnclosedObject::claims(), bytes),
        );
        assert_eq!(claims, "malformed_token", "claims with {bytes:02x?}");
    }
    let marked = |open: UnclosedObject| format!("\u{feff}{}", open.close());
    assert_eq!(
        verdict_on(marked(UnclosedObject::header()), UnclosedObject::claims().close()),
        "malformed_token"
    );
    assert_eq!(
        verdict_on(UnclosedObject::header().close(), marked(UnclosedObject::claims())),
        "malformed_token"
    );
    let utf_16: Vec<_> =
        UnclosedObject::claims().close().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(verdict_on(UnclosedObject::header().close(), utf_16), "malformed_token");
}

/// A member that makes its object `levels` levels deep.
fn nested(levels: usize, is_object: fn(usize) -> bool) -> String {
    let brackets = |level| if is_object(level) { (r#"{"x":"#, "}") } else { ("[", "]") };
    let opened: String = (2..=levels).map(|level| brackets(level).0).collect();
    let closed: String = (2..=levels).rev().map(|level| brackets(level).1).collect();
    format!(r#""x":{opened}1{closed}"#)
}

#[test]
fn thirty_two_levels_are_accepted_and_thirty_three_are_rejected() {
    let shapes = ["arrays", "objects", "both alternately"];
    let is_object: [fn(usize) -> bool; 3] = [|_| false, |_| true, |level| level % 2 == 0];
    for (shape, is_object) in shapes.into_iter().zip(is_object) {
        for (levels, expected) in [(32, "ok"), (33, "malformed_token"), (400, "malformed_token")] {
            let members = nested(levels, is_object);
            let header = verdict_on(
                UnclosedObject::header().close_with(&members),
                UnclosedObject::claims().close(),
            );
            assert_eq!(header, expected, "header with {levels} levels of {shape}");
            let claims = verdict_on(
                UnclosedObject::header().close(),
                UnclosedObject::claims().close_with(&members),
            );
            assert_eq!(claims, expected, "claims with {levels} levels of {shape}");
        }
    }
}

#[test]
fn only_an_object_is_accepted() {
    for text in ["[]", "[{}]", "null", "true", "1", r#""text""#, r#""{}""#, " ", "x", "\0"] {
        assert_eq!(
            verdict_on(text, UnclosedObject::claims().close()),
            "malformed_token",
            "header {text:?}"
        );
        assert_eq!(
            verdict_on(UnclosedObject::header().close(), text),
            "malformed_token",
            "claims {text:?}"
        );
    }
}

#[test]
fn nearly_valid_json_is_rejected() {
    let claims = UnclosedObject::claims();
    for text in [
        claims.0.clone(),
        format!("{},}}", claims.0),
        format!("{}}}", claims.close()),
        format!("{}{{}}", claims.close()),
        format!("{} x", claims.close()),
        format!("{}\0", claims.close()),
        format!("\u{a0}{}", claims.close()),
        claims.close_with(r#""x":01"#),
        claims.close_with(r#""x":+1"#),
        claims.close_with(r#""x":1."#),
        claims.close_with(r#""x":.5"#),
        claims.close_with(r#""x":1e"#),
        claims.close_with(r#""x":0x10"#),
        claims.close_with(r#""x":-"#),
        claims.close_with(r#""x":NaN"#),
        claims.close_with(r#""x":Infinity"#),
        claims.close_with(r#""x":undefined"#),
        claims.close_with(r#""x":True"#),
        claims.close_with(r#""x":nulL"#),
        claims.close_with(r#""x":[1,]"#),
        claims.close_with(r#""x":[1 2]"#),
        claims.close_with(r#""x":'a'"#),
        claims.close_with(r#"x:1"#),
        claims.close_with(r#""x":1;"y":2"#),
        claims.close_with(r#""x" 1"#),
        claims.close_with(r#""x":"\x41""#),
        claims.close_with(r#""x":"\u12""#),
        claims.close_with("\"x\":\"\n\""),
        claims.close_with("\"x\":\"\t\""),
        claims.close_with("\"x\":\"\u{1f}\""),
        claims.close_with(r#""x":1/*y*/"#),
        claims.close_with("\"x\":1//y\n"),
        claims.close_with(r#""x":[}"#),
    ] {
        assert_eq!(
            verdict_on(UnclosedObject::header().close(), &text),
            "malformed_token",
            "{text:?}"
        );
    }
}

#[test]
fn the_claims_are_returned_as_they_were_signed() {
    let text = format!(" {}", UnclosedObject::claims().close_with(r#""x" : 1.50e1,"y":"\u00e9""#));
    let token = Signer::default().sign(UnclosedObject::header().close(), &text);
    let result = verify(&crate::common::default_verifier(), &token);
    assert_eq!(outcome(&result), "ok");
    assert_eq!(result.unwrap().claims().as_json(), text);
}
