//! The feed that other hosts read, and an edge that reads it.

use crate::common::{Edge, ScriptedResponse, ScriptedStore, key_set, request};
use better_auth_edge::gateway::{RequestHead, Response};
use better_auth_edge::host::GetError;

use super::revocations::{SESSION_ENDED, report, session_claims, with_token};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn feed(query: &str, token: &str) -> RequestHead {
    let path = format!("/.well-known/better-auth-edge/revocations{query}");
    request("GET", &path, &[("authorization", format!("Bearer {token}"))])
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
}

#[test]
fn the_feed_needs_its_own_token() {
    let store = ScriptedStore::new();
    let settings = [("REVOCATION_FEED_TOKEN", TOKEN), ("REVOCATION_SHARDS", "2")];
    let edge = Edge::with_revocations(&settings, &store);
    let response = edge.respond(&feed("?shard=1&after=", TOKEN));
    assert_eq!((response.status, response.body.as_str()), (200, "0-0 0\n"));
    assert_eq!(header(&response, "x-revocation-shards"), Some("2"));
    assert_eq!(header(&response, "cache-control"), Some("no-store"));
    assert!(header(&response, "content-type").unwrap().starts_with("text/plain"));
    let session = edge.signer.token(&session_claims());
    for wrong in ["", "x", &TOKEN[1..], &format!("{TOKEN}0"), &TOKEN.to_uppercase(), &session] {
        assert_eq!(edge.outcome(&feed("", wrong)), "missing_token", "{wrong}");
    }
    let path = "/.well-known/better-auth-edge/revocations";
    assert_eq!(edge.outcome(&request("GET", path, &[("a", "b")])), "missing_token");
    for query in ["?shard=2", "?shard=-1", "?shard=x", "?after=%20", "?after=a%00"] {
        assert_eq!(edge.outcome(&feed(query, TOKEN)), "malformed_request", "{query}");
    }
    store.fail_reads(true);
    assert_eq!(edge.outcome(&feed("", TOKEN)), "revocations_unavailable");
    let unpublished = Edge::with_revocations(&[], &store);
    assert_eq!(unpublished.respond(&feed("", "")).status, 404);
}

/// An edge that reads the feed of another one.
fn reader(settings: &[(&str, &str)]) -> Edge {
    let url = [("REVOCATIONS_URL", "https://edge.example"), ("REVOCATIONS_TOKEN", TOKEN)];
    let edge = Edge::new(&[&url, settings].concat());
    let jwks = ScriptedResponse::ok(key_set(&[edge.signer.jwk()]));
    edge.host.respond_to(|request| request.url.ends_with("/jwks"), jwks);
    edge
}

fn page(publisher: &Edge, query: &str) -> ScriptedResponse {
    let response = publisher.respond(&feed(query, TOKEN));
    let shards = header(&response, "x-revocation-shards").unwrap().to_owned();
    ScriptedResponse::ok(response.body).with_header("x-revocation-shards", &shards)
}

#[test]
fn an_edge_reads_the_feed_of_another_one() {
    let store = ScriptedStore::new();
    let publisher = Edge::with_revocations(&[("REVOCATION_FEED_TOKEN", TOKEN)], &store);
    let reader = reader(&[]);
    reader.host.respond_with(page(&publisher, ""));
    let head = with_token(&reader, &session_claims());
    assert_eq!(reader.outcome(&head), "forward");
    assert_eq!(report(&publisher, "1", SESSION_ENDED), 204);
    reader.host.respond_with(page(&publisher, "?shard=0&after=0-0"));
    reader.host.advance(2.0);
    assert_eq!(reader.outcome(&head), "session_revoked");
    let requests = reader.host.requests();
    let reads: Vec<_> = requests.iter().filter(|request| request.url.contains("shard")).collect();
    let urls: Vec<_> = reads.iter().map(|request| request.url.as_str()).collect();
    let feed = "https://edge.example/.well-known/better-auth-edge/revocations?shard=0&after=";
    assert_eq!(urls, [feed.to_owned(), format!("{feed}0%2D0")]);
    let authorization = ("authorization", format!("Bearer {TOKEN}"));
    for read in reads {
        let mut headers = read.headers();
        assert!(headers.any(|header| header == (authorization.0, &*authorization.1)));
        assert!(!format!("{read:?}").contains(TOKEN), "the token is not for the log");
    }
}

#[test]
fn a_feed_that_is_not_what_the_edge_expects_is_a_failure() {
    for response in [
        ScriptedResponse::error(GetError::Unreachable),
        ScriptedResponse::status(401, "{}"),
        ScriptedResponse::ok("c 0"),
        ScriptedResponse::ok("c 0").with_header("x-revocation-shards", "2"),
        ScriptedResponse::ok("<html>").with_header("x-revocation-shards", "1"),
        ScriptedResponse::ok([0xff, 0xfe]).with_header("x-revocation-shards", "1"),
    ] {
        let reader = reader(&[]);
        reader.host.respond_with(response.clone());
        let outcome = reader.outcome(&with_token(&reader, &session_claims()));
        assert_eq!(outcome, "revocations_unavailable", "{response:?}");
        let lines = reader.host.logged();
        assert!(lines.iter().all(|(_, line)| !line.contains(TOKEN)), "{lines:?}");
    }
    let reader = reader(&[]);
    let page = ScriptedResponse::ok("c 0").with_header("x-revocation-shards", "1");
    reader.host.respond_with(page);
    assert_eq!(reader.outcome(&with_token(&reader, &session_claims())), "forward");
}
