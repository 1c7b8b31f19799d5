//! Clients whose header fields the host has cached get the same decisions as any client with the
//! same head, and an expired token no longer passes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::{Claims, Edge, NOW, ScriptedResponse, Signer, good_claims, key_set};
use better_auth_edge::gateway::{Decision, HeaderCache, HeaderEdit, RequestHead};
use better_auth_edge::host::Clock;

const SETTINGS: [(&str, &str); 4] = [
    (
        "ROUTES",
        r#"[
            {"path":"/open","auth":"public"},
            {"path":"/api/{user}/*","methods":["GET"],"match":{"user":"sub"}},
            {"path":"/admin/*","claims":{"role":["admin"]}},
            {"path":"/feed","auth":"optional"}
        ]"#,
    ),
    ("CLAIM_HEADERS", r#"{"role":"x-role"}"#),
    ("CORS_ORIGINS", "https://page.example"),
    ("CORS_CREDENTIALS", "true"),
];

/// A client, with the number that its host assigned.
struct Client {
    number: usize,
    fields: String,
}

impl Client {
    fn new(number: usize, token: &str) -> Self {
        let fields = format!(
            "Authorization: Bearer {token}\ncookie: better-auth.session_token=a; b=c\n\
             Connection: close, X-Hop\nX-Edge-User: forged\nx_role: forged\nx-hop: 1\n\
             origin: https://page.example\ncf-connecting-ip: 192.0.2.7\n"
        );
        Self { number, fields }
    }
}

/// The part of a head that differs between requests of one client.
fn own(method: &str, path: &str) -> String {
    format!("{method}\nhttps://edge.example{path}\nx-request-id: 0123-abcd\n")
}

/// The decision about a head, as text.
fn decided(edge: &Edge, head: &RequestHead) -> String {
    match edge.decide(head) {
        Decision::Forward(forward) => {
            // sorted, because the order of edits does not matter
            let mut edits: Vec<_> = forward.edits().collect();
            edits.sort_by_key(|edit| HeaderEdit::as_text([*edit]));
            let (edits, private) = (HeaderEdit::as_text(edits), forward.private);
            let answer = HeaderEdit::as_text(forward.response_edits());
            format!("{}\n{edits}\n{answer}{private} {:?}", forward.url(), forward.report)
        }
        Decision::Respond(response, _) => format!("{} {}", response.status, response.body),
    }
}

/// The decisions about a request with a cached head and, on another edge, with the whole head.
fn both(edge: &Edge, cache: &mut HeaderCache, client: &Client, own: &str) -> [String; 2] {
    let Client { number, fields } = client;
    let known = cache.read(format!("{number}\n{own}"));
    let head = known.or_else(|| cache.read(format!("+{number}\n{own}\n{fields}")));
    let uncached = Edge::new(&SETTINGS);
    uncached.host.advance(edge.host.elapsed());
    let whole = RequestHead::parse(format!("{own}{fields}")).unwrap();
    [decided(edge, &head.unwrap()), decided(&uncached, &whole)]
}

#[test]
fn a_returning_client_gets_the_same_decision_as_any_client_with_the_same_head() {
    let edge = Edge::new(&SETTINGS);
    let mut cache = HeaderCache::default();
    let admin = good_claims().with("role", r#""admin""#);
    let other = good_claims().with("sub", r#""user-2""#);
    let bad = Signer::new(66, "key-1").token(&good_claims());
    let clients = [
        Client::new(0, &edge.signer.token(&good_claims())),
        Client::new(1, &edge.signer.token(&admin)),
        Client::new(2, &edge.signer.token(&other)),
        Client::new(3, &bad),
    ];
    let mut forwarded = 0;
    for _ in 0..3 {
        for client in &clients {
            for path in ["/api/user-1/a?b", "/api/user-2/a", "/admin/x", "/open", "/feed", "/a//b"]
            {
                for method in ["GET", "POST", "OPTIONS"] {
                    let [known, uncached] = both(&edge, &mut cache, client, &own(method, path));
                    assert_eq!(known, uncached, "{method} {path}");
                    forwarded += usize::from(known.starts_with("https://api.example/"));
                }
            }
        }
    }
    assert!(forwarded > 50, "{forwarded}");
}

#[test]
fn an_id_whose_header_fields_changed_is_another_client() {
    let edge = Edge::new(&SETTINGS);
    let mut cache = HeaderCache::default();
    let other = good_claims().with("sub", r#""user-2""#);
    let request = own("GET", "/api/user-1/a");
    for (claims, begin) in
        [(good_claims(), "https://"), (other, "403"), (good_claims(), "https://")]
    {
        let Client { fields, .. } = Client::new(0, &edge.signer.token(&claims));
        let head = cache.read(format!("+0\n{request}\n{fields}")).unwrap();
        for _ in 0..2 {
            assert!(decided(&edge, &head).starts_with(begin), "{begin}");
        }
    }
}

/// A gateway and a returning client whose head the host has cached.
struct ReturningClient {
    edge: Edge,
    heads: HeaderCache,
    fields: String,
}

impl ReturningClient {
    fn new(settings: &[(&str, &str)], claims: &Claims) -> Self {
        let edge = Edge::new(settings);
        let Client { fields, .. } = Client::new(0, &edge.signer.token(claims));
        Self { edge, heads: HeaderCache::default(), fields }
    }

    fn head(&mut self, own: &str) -> RequestHead {
        self.heads.read(format!("+0\n{own}\n{}", self.fields)).unwrap()
    }

    /// Sends a request and returns the id of its decision.
    fn decision_id(&mut self, own: &str) -> Option<u32> {
        let head = self.head(own);
        self.edge.forward(&head).decision_id
    }

    fn is_valid(&self, id: u32, later: f64) -> bool {
        self.edge.gateway.decision_is_valid(id, self.edge.host.now() + later)
    }
}

/// RFC 8037, appendix A.1
const SIGNING_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

const OWN: &str = "GET\nhttps://edge.example/api/user-1/a\n";

#[test]
fn while_a_cached_decision_is_valid_the_same_head_is_forwarded_in_the_same_way() {
    for settings in [&SETTINGS[..], &[&SETTINGS[..], &[("EDGE_SIGNING_KEY", SIGNING_KEY)]].concat()]
    {
        let mut returning = ReturningClient::new(settings, &good_claims());
        let head = returning.head(OWN);
        let edge = &returning.edge;
        let mut first = edge.forward(&head);
        let mut renewed = 0;
        for _ in 0..110 {
            edge.host.advance(9.0);
            let is_valid =
                edge.gateway.decision_is_valid(first.decision_id.unwrap(), edge.host.now());
            let decision = edge.decide(&head);
            edge.host.run_background();
            let Decision::Forward(mut again) = decision else {
                assert!(!is_valid, "the decision outlives its token");
                break;
            };
            if is_valid {
                // which says that the token was cached
                again.trace.clone_from(&first.trace);
                let text = again.as_text().replace(&again.request_id, &first.request_id);
                assert_eq!(text, first.as_text());
            } else {
                renewed += 1;
                first = again;
            }
        }
        // keys are due once, after 480 seconds; an assertion every 30 seconds
        let expected = if settings.len() == SETTINGS.len() { 0..=2 } else { 20..=30 };
        assert!(expected.contains(&renewed), "{renewed}");
        assert_eq!(edge.outcome(&head), "expired");
    }
}

#[test]
fn a_cached_decision_expires_with_the_token_or_when_keys_are_due() {
    let mut returning = ReturningClient::new(&SETTINGS, &good_claims());
    let id = returning.decision_id(OWN).unwrap();
    // the token is valid for 900 seconds, and the edge fetches keys again after 480 seconds or when
    // the clock is set back
    let expected = [(-1.0, false), (0.0, true), (479.0, true), (480.0, false), (910.0, false)];
    for (later, is_valid) in expected {
        assert_eq!(returning.is_valid(id, later), is_valid, "{later}");
    }
    let mut brief =
        ReturningClient::new(&SETTINGS, &good_claims().with("exp", &(NOW + 10.0).to_string()));
    let id = brief.decision_id(OWN).unwrap();
    assert_eq!([14.0, 16.0].map(|later| brief.is_valid(id, later)), [true, false]);
}

#[test]
fn a_cached_decision_ends_when_the_auth_server_removes_the_key() {
    let lasting = good_claims().with("exp", "253402300799");
    let mut returning = ReturningClient::new(&SETTINGS, &lasting);
    let id = returning.decision_id(OWN).unwrap();
    returning.edge.host.respond_with(ScriptedResponse::ok(key_set(&[Signer::new(5, "new").jwk()])));
    returning.edge.host.advance(500.0);
    assert!(!returning.is_valid(id, 0.0));
    // the edge refreshes keys in the background before they are too old
    assert!(returning.decision_id(OWN).is_some());
    returning.edge.host.run_background();
    assert_eq!(returning.edge.host.fetches(), 2);
    assert!(!returning.is_valid(id, 0.0));
    let head = returning.head(OWN);
    assert_eq!(returning.edge.outcome(&head), "unknown_key");
}

#[test]
fn a_decision_is_cached_when_no_other_header_can_change_it() {
    let own_id = "x-request-id: 0123-abcd\n";
    for (more, own, is_given) in [
        ([("", ""); 2], "", true),
        ([("", ""); 2], "range: bytes=0-9\n", true),
        // a valid id of the client, and an invalid one
        ([("", ""); 2], own_id, false),
        ([("", ""); 2], "x-request-id: ?\n", true),
        ([("EDGE_SIGNING_KEY", SIGNING_KEY), ("", "")], "", true),
        ([("EDGE_SIGNING_KEY", SIGNING_KEY), ("EDGE_BIND_REQUEST", "true")], "", false),
        ([("TOKEN_CACHE", "0"), ("", "")], "", false),
        ([("LOG_LEVEL", "info"), ("", "")], "", false),
        ([("SERVER_TIMING", "true"), ("", "")], "", false),
    ] {
        let mut returning = ReturningClient::new(&[&SETTINGS[..], &more].concat(), &good_claims());
        let id = returning.decision_id(&format!("{OWN}{own}"));
        assert_eq!(id.is_some(), is_given, "{more:?} {own}");
    }
    let mut returning = ReturningClient::new(&SETTINGS, &good_claims());
    assert_eq!(
        returning.decision_id("GET\nhttps://edge.example/open\n"),
        None,
        "no decision was cached for this request"
    );
    let whole = RequestHead::parse(format!("{OWN}{}", returning.fields)).unwrap();
    assert_eq!(returning.edge.forward(&whole).decision_id, None, "the request has no cached head");
}

#[test]
fn a_cached_decision_belongs_to_one_request_and_the_oldest_is_evicted_first() {
    let mut returning = ReturningClient::new(&SETTINGS, &good_claims());
    let first = returning.decision_id(OWN).unwrap();
    for uncached in [first + 1, first.wrapping_sub(1), u32::MAX] {
        assert!(!returning.is_valid(uncached, 0.0), "{uncached}");
    }
    let head = returning.head(OWN);
    let others: BTreeSet<_> =
        (1..2048).map(|_| returning.edge.forward(&head).decision_id.unwrap()).collect();
    assert_eq!(others.len(), 2047);
    assert!(!others.contains(&first));
    assert!(returning.is_valid(first, 0.0));
    let last = returning.decision_id(OWN).unwrap();
    assert!(!returning.is_valid(first, 0.0), "it was evicted");
    assert!(others.iter().chain([&last]).all(|id| returning.is_valid(*id, 0.0)));
}

#[test]
fn a_decision_ends_when_the_cache_of_tokens_drops_its_token() {
    let limit = [("TOKEN_CACHE", "2"), ("EDGE_SIGNING_KEY", SIGNING_KEY)];
    let edge = Edge::new(&[&SETTINGS[..], &limit].concat());
    let mut heads = HeaderCache::default();
    let (mut users, mut ids) = (Vec::new(), Vec::new());
    for number in 0..5 {
        let claims = good_claims().with("jti", &format!("\"{number}\""));
        let Client { fields, .. } = Client::new(number, &edge.signer.token(&claims));
        let head = heads.read(format!("+{number}\n{OWN}\n{fields}")).unwrap();
        let forward = edge.forward(&head);
        users.push(Arc::downgrade(&forward.user.unwrap()));
        ids.push((head, forward.decision_id.unwrap()));
    }
    let kept: Vec<_> = users.iter().map(|user| user.strong_count()).collect();
    assert_eq!(kept, [0, 0, 0, 1, 1], "only the cache of tokens keeps a token");
    let is_valid = |id| edge.gateway.decision_is_valid(id, edge.host.now());
    assert_eq!([0, 1, 2, 3, 4].map(|i| is_valid(ids[i].1)), [false, false, false, true, true]);
    // the token is verified again, and the new decision is valid
    let renewed = edge.forward(&ids[0].0).decision_id.unwrap();
    assert_eq!([renewed, ids[0].1, ids[3].1, ids[4].1].map(is_valid), [true, false, false, true]);
}

#[test]
fn logs_and_data_points_of_a_returning_client_equal_those_of_its_first_request() {
    let mut returning = ReturningClient::new(&[SETTINGS[0], ("LOG_LEVEL", "info")], &good_claims());
    let head = returning.head(OWN);
    let [first, second, third] = [(); 3].map(|()| {
        let report = returning.edge.forward(&head).report;
        report.and_then(|report| report.log).unwrap()
    });
    let without_id = |report: &str| report.split(r#""request_id""#).next().unwrap().to_owned();
    assert!(second.contains(r#""path":"/api/{user}/*""#), "{second}");
    assert_eq!(
        without_id(&first).replace(r#""cached":false"#, r#""cached":true"#),
        without_id(&second)
    );
    assert_eq!(without_id(&second), without_id(&third));
}

#[test]
fn without_a_token_cache_a_returning_clients_token_is_verified_each_time() {
    for (tokens, is_kept) in [("1", true), ("0", false)] {
        let mut returning =
            ReturningClient::new(&[SETTINGS[0], ("TOKEN_CACHE", tokens)], &good_claims());
        let head = returning.head(OWN);
        let [first, second] = [(); 2].map(|()| returning.edge.forward(&head).user.unwrap());
        assert_eq!(Arc::ptr_eq(&first, &second), is_kept, "{tokens}");
    }
}
