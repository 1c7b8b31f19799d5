//! A token is three segments of strict base64url with a limited size. Any other form is rejected
//! before its content is parsed.

use crate::common::{Signer, base64url, good_claims, verdict};

/// A valid token of exactly `bytes` bytes, padded with a header member and a claim.
fn token_of(bytes: usize) -> String {
    let signer = Signer::default();
    for header_padding in 0..4 {
        let header = signer.header_with("x", &format!("{:?}", "x".repeat(header_padding)));
        let payload = bytes - base64url(&header).len() - 2 - 86;
        if payload % 4 == 1 {
            continue; // no base64url has this length
        }
        let empty = good_claims().with("x", r#""""#).to_string().len();
        let padding = format!("{:?}", "x".repeat(payload * 3 / 4 - empty));
        let token = signer.sign(header, good_claims().with("x", &padding).to_string());
        assert_eq!(token.len(), bytes);
        return token;
    }
    unreachable!("at least one padding of the header leaves a valid base64url length");
}

/// A valid token whose encoded header has exactly `bytes` bytes.
fn token_with_header_of(bytes: usize) -> String {
    let signer = Signer::default();
    let empty = signer.header_with("x", r#""""#).len();
    let padding = format!("{:?}", "x".repeat(bytes * 3 / 4 - empty));
    let token = signer.sign(signer.header_with("x", &padding), good_claims().to_string());
    assert_eq!(token.find('.'), Some(bytes));
    token
}

#[test]
fn a_token_of_more_than_16384_bytes_is_rejected() {
    assert_eq!(verdict(&token_of(16_383)), "ok");
    assert_eq!(verdict(&token_of(16_384)), "ok");
    assert_eq!(verdict(&token_of(16_385)), "token_too_large");
    assert_eq!(verdict(&token_of(16_386)), "token_too_large");
}

#[test]
fn a_header_of_more_than_4096_encoded_bytes_is_rejected() {
    assert_eq!(verdict(&token_with_header_of(4_095)), "ok");
    assert_eq!(verdict(&token_with_header_of(4_096)), "ok");
    assert_eq!(verdict(&token_with_header_of(4_098)), "token_too_large");
}

#[test]
fn the_size_is_checked_before_the_form() {
    for (what, token) in [
        ("no segments", "x".repeat(16_385)),
        ("only dots", ".".repeat(16_385)),
        ("not ASCII", "é".repeat(8_193)),
        ("a header of no base64url length", format!("{}.e30.AA", "A".repeat(4_097))),
        ("a header of another alphabet", format!("{}.e30.AA", "+".repeat(4_097))),
    ] {
        assert_eq!(verdict(&token), "token_too_large", "{what}");
    }
}

#[test]
fn a_token_without_exactly_three_non_empty_segments_is_rejected() {
    let good = Signer::default().token(&good_claims());
    assert_eq!(verdict(&good), "ok");
    let [header, payload, signature] = segments(&good);
    for (token, expected) in [
        (String::new(), "missing_token"),
        (".".into(), "malformed_token"),
        ("..".into(), "malformed_token"),
        ("...".into(), "malformed_token"),
        ("a.b.c".into(), "malformed_token"),
        (format!(".{payload}.{signature}"), "malformed_token"),
        (format!("{header}..{signature}"), "malformed_token"),
        (format!("{header}.{payload}."), "malformed_token"),
        (format!("{good}."), "malformed_token"),
        (format!(".{good}"), "malformed_token"),
        (format!("{good}.{signature}"), "malformed_token"),
        (format!("{good}.{signature}.{signature}"), "malformed_token"),
        (format!("{header}.{payload}.{}.{}.{signature}", "", ""), "malformed_token"),
        (format!("Bearer {good}"), "malformed_token"),
        (format!("\"{good}\""), "malformed_token"),
    ] {
        assert_eq!(verdict(&token), expected, "{token:?}");
    }
}

#[test]
fn a_text_like_a_session_token_is_rejected_as_opaque() {
    let token = "kJ8Zt4bQ2mWxYcVnPq7rS1uA5dEf9gHi";
    assert_eq!(token.len(), 32);
    for (bearer, expected) in [
        (token.to_owned(), "opaque_token"),
        (format!("{token}."), "opaque_token"),
        (format!("{token}.bXkgc2lnbmF0dXJlIGlzIHRoaXJ0eS10d28gYnl0ZXM="), "opaque_token"),
        (format!("{token}.a%2Fb%2Bc%3D"), "opaque_token"),
        (token[1..].to_owned(), "malformed_token"),
        ("undefined".into(), "malformed_token"),
        ("null".into(), "malformed_token"),
        ("short.token".into(), "malformed_token"),
    ] {
        assert_eq!(verdict(&bearer), expected, "{bearer}");
    }
}

/// Spellings of a segment that lenient decoders decode to the same bytes.
fn lenient_spellings(segment: &str) -> Vec<(&'static str, String)> {
    let (head, tail) = segment.split_at(segment.len() / 2);
    vec![
        ("one padding character", format!("{segment}=")),
        ("two padding characters", format!("{segment}==")),
        ("percent-encoded padding", format!("{segment}%3D")),
        ("a leading space", format!(" {segment}")),
        ("a trailing space", format!("{segment} ")),
        ("a space inside", format!("{head} {tail}")),
        ("a tab inside", format!("{head}\t{tail}")),
        ("a line feed inside", format!("{head}\n{tail}")),
        ("a trailing line feed", format!("{segment}\n")),
        ("a trailing CR LF", format!("{segment}\r\n")),
        ("a trailing NUL", format!("{segment}\0")),
        ("a non-ASCII letter", format!("{head}é{tail}")),
        ("a full-width letter", format!("{head}Ａ{tail}")),
        ("a character of neither alphabet", format!("{head}!{tail}")),
        ("a plus inside", format!("{head}+{tail}")),
        ("a slash inside", format!("{head}/{tail}")),
    ]
}

#[test]
fn another_encoding_of_a_segment_is_rejected_even_if_it_is_signed() {
    let signer = Signer::default();
    let good = signer.token(&good_claims());
    let [header, payload, signature] = segments(&good);
    for (how, header) in lenient_spellings(header) {
        let token = signer.sign_encoded(&header, payload);
        assert_eq!(verdict(&token), "malformed_token", "header with {how}");
    }
    for (how, payload) in lenient_spellings(payload) {
        let token = signer.sign_encoded(header, &payload);
        assert_eq!(verdict(&token), "malformed_token", "payload with {how}");
    }
    for (how, signature) in lenient_spellings(signature) {
        let token = format!("{header}.{payload}.{signature}");
        assert_eq!(verdict(&token), "malformed_token", "signature with {how}");
    }
}

#[test]
fn the_alphabet_of_plain_base64_is_rejected_in_each_segment() {
    let signer = Signer::default();
    // "?>" three times, so that one is at an offset where its encoding has "-" or "_"
    let text = r#""?>?>?>~~~""#;
    let header = base64url(signer.header_with("x", text));
    let payload = base64url(good_claims().with("x", text).to_string());
    let plain = |segment: &str| segment.replace('-', "+").replace('_', "/");
    assert_ne!(plain(&header), header);
    assert_ne!(plain(&payload), payload);
    assert_eq!(verdict(&signer.sign_encoded(&header, &payload)), "ok");
    assert_eq!(verdict(&signer.sign_encoded(&plain(&header), &payload)), "malformed_token");
    assert_eq!(verdict(&signer.sign_encoded(&header, &plain(&payload))), "malformed_token");

    let token = (0..)
        .map(|n| signer.token(&good_claims().with("n", &n.to_string())))
        .find(|token| segments(token)[2].contains(['-', '_']))
        .expect("some signature has such a character");
    assert_eq!(verdict(&token), "ok");
    let [header, payload, signature] = segments(&token);
    let token = format!("{header}.{payload}.{}", plain(signature));
    assert_eq!(verdict(&token), "malformed_token");
}

/// The segment with other trailing bits in its last character. `None` if it has no trailing bits.
fn with_other_trailing_bits(segment: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (head, last) = segment.split_at(segment.len() - 1);
    let value = ALPHABET.iter().position(|&letter| letter == last.as_bytes()[0])?;
    (!segment.len().is_multiple_of(4)).then(|| format!("{head}{}", ALPHABET[value ^ 1] as char))
}

#[test]
fn nonzero_trailing_bits_are_rejected() {
    let signer = Signer::default();
    let mut checked = [0; 2];
    for padding in ["", "x", "xx"].map(|padding| format!("{padding:?}")) {
        let header = base64url(signer.header_with("x", &padding));
        let payload = base64url(good_claims().with("x", &padding).to_string());
        assert_eq!(verdict(&signer.sign_encoded(&header, &payload)), "ok");
        if let Some(other) = with_other_trailing_bits(&header) {
            let token = signer.sign_encoded(&other, &payload);
            assert_eq!(verdict(&token), "malformed_token", "header {other}");
            checked[0] += 1;
        }
        if let Some(other) = with_other_trailing_bits(&payload) {
            let token = signer.sign_encoded(&header, &other);
            assert_eq!(verdict(&token), "malformed_token", "payload {other}");
            checked[1] += 1;
        }
    }
    assert_eq!(checked, [2, 2], "two of three lengths have trailing bits");

    let good = signer.token(&good_claims());
    let [header, payload, signature] = segments(&good);
    let other = with_other_trailing_bits(signature).expect("64 bytes have four trailing bits");
    assert_eq!(verdict(&format!("{header}.{payload}.{other}")), "malformed_token");
}

#[test]
fn a_segment_of_an_impossible_length_is_rejected() {
    let signer = Signer::default();
    let good = signer.token(&good_claims());
    let [header, payload, signature] = segments(&good);
    let impossible = |segment: &str| format!("{segment}{}", &"AAAA"[..(5 - segment.len() % 4) % 4]);
    for segment in [header, payload, signature] {
        assert_eq!(impossible(segment).len() % 4, 1);
    }
    for token in [
        signer.sign_encoded(&impossible(header), payload),
        signer.sign_encoded(header, &impossible(payload)),
        format!("{header}.{payload}.{}", impossible(signature)),
    ] {
        assert_eq!(verdict(&token), "malformed_token", "{token}");
    }
}

fn segments(token: &str) -> [&str; 3] {
    let segments: Vec<_> = token.split('.').collect();
    segments.try_into().expect("a token has three segments")
}
