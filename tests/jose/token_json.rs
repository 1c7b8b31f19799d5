//! Header and claims are unambiguous JSON objects: a document that two parsers could read
//! differently is rejected even though the signature covers it.

use crate::common::{Signer, good_claims, outcome, verdict, verify};

/// `text` is an object without its closing brace; more members may follow.
struct Open(String);

impl Open {
    fn header() -> Self {
        Self(without_brace(&Signer::default().header()))
    }

    fn claims() -> Self {
        Self(without_brace(&good_claims().to_string()))
    }

    fn and(&self, members: &str) -> String {
        format!("{},{members}}}", self.0)
    }

    fn close(&self) -> String {
        format!("{}}}", self.0)
    }
}

fn without_brace(text: &str) -> String {
    text.strip_suffix('}').expect("an object").to_owned()
}

fn verdicts(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> &'static str {
    verdict(&Signer::default().sign(header, claims))
}

#[test]
fn unknown_members_are_ignored() {
    let members = r#""x":[1,-2.5e3,true,null,{"":"\ud83d\ude00\u00e9\n"}],"y":{"x":{}}"#;
    assert_eq!(verdicts(Open::header().and(members), Open::claims().and(members)), "ok");
}

#[test]
fn whitespace_around_members_is_ignored() {
    let spaced = |open: Open| format!(" \t\r\n{} \n", open.close().replace(',', " ,\n\t"));
    assert_eq!(verdicts(spaced(Open::header()), spaced(Open::claims())), "ok");
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
        let token = verdicts(Open::header().and(members), Open::claims().close());
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
        let token = verdicts(Open::header().close(), Open::claims().and(members));
        assert_eq!(token, "malformed_token", "claims with {members}");
    }
}

#[test]
fn equal_names_in_different_objects_are_not_duplicates() {
    let members = r#""x":{"sub":1,"alg":1},"y":[{"x":1},{"x":1}],"Sub":1,"Alg":1"#;
    assert_eq!(verdicts(Open::header().and(members), Open::claims().and(members)), "ok");
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
        let header = verdicts(Open::header().and(members), Open::claims().close());
        assert_eq!(header, "malformed_token", "header with {members}");
        let claims = verdicts(Open::header().close(), Open::claims().and(members));
        assert_eq!(claims, "malformed_token", "claims with {members}");
    }
}

#[test]
fn only_utf_8_without_a_byte_order_mark_is_accepted() {
    let not_utf_8 =
        |open: Open, bytes: &[u8]| [open.0.as_bytes(), b",\"x\":\"", bytes, b"\"}"].concat();
    for bytes in [&b"\xff"[..], b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe9"]
    {
        let header = verdicts(not_utf_8(Open::header(), bytes), Open::claims().close());
        assert_eq!(header, "malformed_token", "header with {bytes:02x?}");
        let claims = verdicts(Open::header().close(), not_utf_8(Open::claims(), bytes));
        assert_eq!(claims, "malformed_token", "claims with {bytes:02x?}");
    }
    let marked = |open: Open| format!("\u{feff}{}", open.close());
    assert_eq!(verdicts(marked(Open::header()), Open::claims().close()), "malformed_token");
    assert_eq!(verdicts(Open::header().close(), marked(Open::claims())), "malformed_token");
    let utf_16: Vec<_> = Open::claims().close().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(verdicts(Open::header().close(), utf_16), "malformed_token");
}

/// A member whose value makes the object around it that many levels deep.
fn nested(levels: usize, is_object: fn(usize) -> bool) -> String {
    let brackets = |level| if is_object(level) { (r#"{"x":"#, "}") } else { ("[", "]") };
    let opened: String = (2..=levels).map(|level| brackets(level).0).collect();
    let closed: String = (2..=levels).rev().map(|level| brackets(level).1).collect();
    format!(r#""x":{opened}1{closed}"#)
}

#[test]
fn thirty_two_levels_are_accepted_and_thirty_three_are_rejected() {
    let shapes = ["arrays", "objects", "both in turn"];
    let is_object: [fn(usize) -> bool; 3] = [|_| false, |_| true, |level| level % 2 == 0];
    for (shape, is_object) in shapes.into_iter().zip(is_object) {
        for (levels, expected) in [(32, "ok"), (33, "malformed_token"), (400, "malformed_token")] {
            let members = nested(levels, is_object);
            let header = verdicts(Open::header().and(&members), Open::claims().close());
            assert_eq!(header, expected, "header with {levels} levels of {shape}");
            let claims = verdicts(Open::header().close(), Open::claims().and(&members));
            assert_eq!(claims, expected, "claims with {levels} levels of {shape}");
        }
    }
}

#[test]
fn only_an_object_is_accepted() {
    for text in ["[]", "[{}]", "null", "true", "1", r#""text""#, r#""{}""#, " ", "x", "\0"] {
        assert_eq!(verdicts(text, Open::claims().close()), "malformed_token", "header {text:?}");
        assert_eq!(verdicts(Open::header().close(), text), "malformed_token", "claims {text:?}");
    }
}

#[test]
fn nearly_valid_json_is_rejected() {
    let claims = Open::claims();
    for text in [
        claims.0.clone(),
        format!("{},}}", claims.0),
        format!("{}}}", claims.close()),
        format!("{}{{}}", claims.close()),
        format!("{} x", claims.close()),
        format!("{}\0", claims.close()),
        format!("\u{a0}{}", claims.close()),
        claims.and(r#""x":01"#),
        claims.and(r#""x":+1"#),
        claims.and(r#""x":1."#),
        claims.and(r#""x":.5"#),
        claims.and(r#""x":1e"#),
        claims.and(r#""x":0x10"#),
        claims.and(r#""x":-"#),
        claims.and(r#""x":NaN"#),
        claims.and(r#""x":Infinity"#),
        claims.and(r#""x":undefined"#),
        claims.and(r#""x":True"#),
        claims.and(r#""x":nulL"#),
        claims.and(r#""x":[1,]"#),
        claims.and(r#""x":[1 2]"#),
        claims.and(r#""x":'a'"#),
        claims.and(r#"x:1"#),
        claims.and(r#""x":1;"y":2"#),
        claims.and(r#""x" 1"#),
        claims.and(r#""x":"\x41""#),
        claims.and(r#""x":"\u12""#),
        claims.and("\"x\":\"\n\""),
        claims.and("\"x\":\"\t\""),
        claims.and("\"x\":\"\u{1f}\""),
        claims.and(r#""x":1/*y*/"#),
        claims.and("\"x\":1//y\n"),
        claims.and(r#""x":[}"#),
    ] {
        assert_eq!(verdicts(Open::header().close(), &text), "malformed_token", "{text:?}");
    }
}

#[test]
fn the_claims_are_returned_as_they_were_signed() {
    let text = format!(" {}", Open::claims().and(r#""x" : 1.50e1,"y":"\u00e9""#));
    let token = Signer::default().sign(Open::header().close(), &text);
    let result = verify(&crate::common::default_verifier(), &token);
    assert_eq!(outcome(&result), "ok");
    assert_eq!(result.unwrap().claims().as_json(), text);
}
