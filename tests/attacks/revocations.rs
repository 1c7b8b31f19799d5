//! Attempts to keep a session that has ended, and to end the sessions of others.

use crate::common::{
    Claims, Edge, NOW, ScriptedResponse, ScriptedStore, Signer, good_claims, key_set,
    message_claims, request,
};
use better_auth_edge::gateway::{RequestHead, Response};

const ENDED: &str = r#"[{"type":"session","sid":"7","sub":"user-1"},
                        {"type":"user","sub":"7","not_before":NOW}]"#;

fn session(claims: &Claims) -> Claims {
    claims.with("session_iat", &(NOW - 60.0).to_string())
}

fn with_token(edge: &Edge, claims: &Claims) -> RequestHead {
    request("GET", "/x", &[edge.bearer(claims)])
}

fn message(now: f64, jti: &str, events: &str) -> Claims {
    message_claims(now, jti).with("events", &events.replace("NOW", &now.to_string()))
}

fn send(edge: &Edge, signer: &Signer, claims: &Claims) -> Response {
    let token = signer.sign(signer.header_with("typ", r#""edge-event+jwt""#), claims.to_string());
    let headers = [("content-type", "application/jwt")];
    edge.receive(&request("POST", "/.well-known/better-auth-edge/events", &headers), token)
}

/// The response to a message with these events, which the edge receives now.
fn report(edge: &Edge, signer: &Signer, jti: &str, events: &str) -> Response {
    send(edge, signer, &message(NOW + edge.host.elapsed(), jti, events))
}

#[test]
fn a_token_with_another_sid_or_sub_than_a_string_is_refused() {
    for shards in ["1", "4"] {
        for (name, value) in [("sid", "7"), ("sid", r#"["7"]"#), ("sub", "7"), ("sub", "[]")] {
            let settings = [("REVOCATION_SHARDS", shards), ("USER_CLAIM", "uuid")];
            let edge = Edge::with_revocations(&settings, &ScriptedStore::new());
            let claims = session(&good_claims().with("uuid", r#""uuid-1""#)).with(name, value);
            assert_eq!(report(&edge, &edge.signer, "1", ENDED).status, 204);
            let head = with_token(&edge, &claims);
            assert_ne!(edge.outcome(&head), "forward", "{name} {value}");
            assert_ne!(edge.outcome(&head), "forward", "{name} {value}");
        }
    }
}

#[test]
fn a_page_with_too_many_entries_hides_none() {
    let store = ScriptedStore::new();
    let edge = Edge::with_revocations(&[], &store);
    assert_eq!(edge.outcome(&with_token(&edge, &session(&good_claims()))), "forward");
    let writer = Edge::with_revocations(&[], &store);
    assert_eq!(report(&writer, &writer.signer, "1", ENDED).status, 204);
    let real = store.entries(0);
    let other = real[0].replacen(&real[0][..4], "AAAA", 1);
    let entries = [vec![other; 10_000], real].concat();
    store.answer_with(&format!("c 0\n{}", entries.join("\n")));
    edge.host.advance(31.0);
    let claims = session(&good_claims().with("sid", r#""7""#));
    assert_eq!(edge.outcome(&with_token(&edge, &claims)), "revocations_unavailable");
}

#[test]
fn made_up_key_ids_delay_an_event_of_a_new_key_for_less_than_its_sender_tries() {
    let edge = Edge::with_revocations(&[], &ScriptedStore::new());
    let claims = session(&good_claims().with("sid", r#""7""#));
    assert_eq!(edge.outcome(&with_token(&edge, &claims)), "forward");
    edge.host.advance(100.0);
    let flood = || {
        for i in 0..50 {
            let forged = Signer::new(3, &format!("made-up-{i}")).token(&claims);
            let head = request("GET", "/x", &[("authorization", format!("Bearer {forged}"))]);
            assert_ne!(edge.outcome(&head), "forward");
        }
    };
    flood();
    let new = Signer::new(2, "key-2");
    let keys = key_set(&[edge.signer.jwk(), new.jwk()]);
    edge.host.respond_to(|_| true, ScriptedResponse::ok(keys));
    // as the plugin for Better Auth does
    let statuses: Vec<_> = ["0", "0.25", "1", "4", "15", "30"]
        .iter()
        .map(|delay| {
            edge.host.advance(delay.parse().unwrap());
            flood();
            report(&edge, &new, delay, ENDED).status
        })
        .collect();
    assert!(statuses.contains(&204), "{statuses:?}");
    assert_eq!(edge.outcome(&with_token(&edge, &claims)), "session_revoked");
}

#[test]
fn an_event_may_be_as_late_as_its_message() {
    let issued = (NOW + 5.0).to_string();
    for (ahead, expected) in [(5.9, 204), (6.1, 401), (3_600.0, 401)] {
        let edge = Edge::with_revocations(&[], &ScriptedStore::new());
        let events = format!(r#"[{{"type":"user","sub":"user-1","not_before":{}}}]"#, NOW + ahead);
        let claims = message(NOW, "1", &events).with("iat", &issued);
        assert_eq!(send(&edge, &edge.signer, &claims).status, expected, "{ahead}");
    }
}
