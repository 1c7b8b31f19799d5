//! The claims that the upstream receives from a cookie cache: the user record, not the session.

use crate::common::{AUTH_SERVER, Edge, NOW, base64url, request, upstream_headers};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "a secret that only Better Auth and the edge know";
const BY_KEYS: (&str, &str) = ("COOKIE_CACHE", "jwks");
const BY_SECRET: [(&str, &str); 2] = [("COOKIE_CACHE", "secret"), ("BETTER_AUTH_SECRET", SECRET)];
const TOKEN: &str = "the-token-of-the-session";

/// A user's record, as JSON.
const USER: &str = r#""id":"user-1","email":"ada@example.com","name":"Ada","image":null,"big":12345678901234567890123,
    "rate":-1.50e+2,"tags":["a",[],{"b":{"c":[null,true]}}],"say":"\"\u00e9\\\n","iss":"https://evil.example",
    "sub":"user-2","sid":"another","exp":1"#;

fn cache(edge: &Edge, about: &str) -> String {
    let session = format!(
        r#"{{"token":"{TOKEN}","userId":"user-1","expiresAt":"2025-06-22T15:06:40.000Z","ipAddress":"::1"}}"#
    );
    let times = format!(r#""updatedAt":1,"version":"1","iat":{NOW},"exp":{}"#, NOW + 300.0);
    let payload = format!(r#"{{"session":{session},"user":{{{USER}}},{times}{about}}}"#);
    if about.is_empty() {
        let input = format!("{}.{}", base64url(r#"{"alg":"HS256"}"#), base64url(payload));
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        return format!("{input}.{}", base64url(mac.chain_update(&input).finalize().into_bytes()));
    }
    let header = edge.signer.header_with("typ", r#""better-auth.session-cache+jwt""#);
    edge.signer.sign(header, payload)
}

/// The claims of a cache signed with a published key.
fn about() -> String {
    format!(
        r#","iss":"{AUTH_SERVER}","aud":"better-auth:session-cache","sub":"user-1","sid":"{TOKEN}""#
    )
}

#[test]
fn the_user_has_the_claims_of_the_user_record_and_none_of_the_session() {
    for (settings, about) in [(&[BY_KEYS][..], about()), (&BY_SECRET, String::new())] {
        let edge = Edge::new(settings);
        let cookies = format!(
            "better-auth.session_token={TOKEN}.s; better-auth.session_data={}",
            cache(&edge, &about)
        );
        let forward = edge.forward(&request("GET", "/x", &[("cookie", cookies)]));
        let user = forward.user.as_ref().expect("the request has a user");
        assert_eq!(user.user(), "user-1");
        let text = user.claims().as_json();
        assert!(!text.contains(TOKEN) && !format!("{user:?}").contains(TOKEN), "{text}");

        let mut payload: Value = serde_json::from_str(text).unwrap();
        let expected = json!({
            "id": "user-1", "email": "ada@example.com", "name": "Ada", "image": null,
            "rate": -150.0, "tags": ["a", [], {"b": {"c": [null, true]}}], "say": "\"\u{e9}\\\n",
            "sub": "user-1", "iss": AUTH_SERVER, "aud": "better-auth:session-cache",
            "iat": NOW as u64, "exp": NOW as u64 + 300,
        });
        payload.as_object_mut().unwrap().remove("big");
        assert_eq!(payload, expected);
        assert!(text.contains(r#""big":12345678901234567890123,"#), "digits are unchanged: {text}");
        assert!(text.contains(r#""rate":-1.50e+2,"#));
        for name in ["session", "user", "sid", "updatedAt", "version", "token"] {
            assert!(user.claims().claim(name).is_none(), "{name}");
        }
    }
}

#[test]
fn neither_headers_nor_the_assertion_carry_the_sessions_token() {
    const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let more = [
        ("CLAIM_HEADERS", r#"{"sid":"x-sid","session":"x-session","email":"x-email"}"#),
        ("CLAIMS", "sub,email,sid,session,user,big,tags"),
        ("EDGE_SIGNING_KEY", KEY),
    ];
    for (settings, about) in [(&[BY_KEYS][..], about()), (&BY_SECRET, String::new())] {
        let edge = Edge::new(&[settings, &more].concat());
        let cookies = format!(
            "better-auth.session_token={TOKEN}.s; better-auth.session_data={}",
            cache(&edge, &about)
        );
        let head = request("GET", "/x", &[("cookie", cookies)]);
        let headers = upstream_headers(&head, &edge.forward(&head));
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(header("x-email"), Some("ada@example.com"));
        assert_eq!((header("x-sid"), header("x-session")), (None, None));
        let payload = header("x-edge-jwt-assertion").unwrap().split('.').nth(1).unwrap();
        let payload = base64_decoded(payload);
        assert!(payload.contains(r#""email":"ada@example.com""#), "{payload}");
        assert!(payload.contains("12345678901234567890123"), "{payload}");
        assert!(!payload.contains(TOKEN), "{payload}");
        assert!(headers.iter().all(|(_, value)| !value.contains(TOKEN)), "{headers:?}");
    }
}

fn base64_decoded(text: &str) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    String::from_utf8(bytes).unwrap()
}
