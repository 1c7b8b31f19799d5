//! Clients whose fields the host knows by a number get what anybody with the same head gets, and a token
//! that is not good any more lets nobody pass.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::sync::Arc;

use better_auth_edge::gateway::{Decision, HeaderEdit, Heads, RequestHead};
use better_auth_edge::host::Host;
use common::{Answer, Edge, Signer, good_claims, key_set};

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

/// A client, as its host numbers it.
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

/// A request for a path, with fields that no other has.
fn own(method: &str, path: &str) -> String {
    format!("{method}\nhttps://edge.example{path}\nx-request-id: 0123-abcd\n")
}

/// What becomes of a head, in one text.
fn decided(edge: &Edge, head: &RequestHead) -> String {
    match edge.decide(head) {
        Decision::Forward(forward) => {
            // the host applies them one after the other, to headers whose order does not matter
            let mut edits: Vec<_> = forward.edits().collect();
            edits.sort_by_key(|edit| HeaderEdit::as_text([*edit]));
            let (edits, private) = (HeaderEdit::as_text(edits), forward.private);
            let answer = HeaderEdit::as_text(forward.answer_edits());
            format!("{}\n{edits}\n{answer}{private} {:?}", forward.url(), forward.report)
        }
        Decision::Respond(response, _) => format!("{} {}", response.status, response.body),
    }
}

/// Sends it by the client's number and, to another edge, as nobody in particular.
fn both(edge: &Edge, heads: &mut Heads, client: &Client, own: &str) -> [String; 2] {
    let Client { number, fields } = client;
    let known = heads.read(format!("{number}\n{own}"));
    let head = known.or_else(|| heads.read(format!("+{number}\n{own}\n{fields}")));
    let stranger = Edge::new(&SETTINGS);
    stranger.host.pass(edge.host.elapsed());
    let whole = RequestHead::parse(format!("{own}{fields}")).unwrap();
    [decided(edge, &head.unwrap()), decided(&stranger, &whole)]
}

#[test]
fn a_returning_client_gets_what_anybody_with_the_same_head_gets() {
    let edge = Edge::new(&SETTINGS);
    let mut heads = Heads::default();
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
                    let [known, stranger] = both(&edge, &mut heads, client, &own(method, path));
                    assert_eq!(known, stranger, "{method} {path}");
                    forwarded += usize::from(known.starts_with("https://api.example/"));
                }
            }
        }
    }
    assert!(forwarded > 50, "{forwarded}");
}

#[test]
fn a_number_that_has_other_fields_now_is_another_client() {
    let edge = Edge::new(&SETTINGS);
    let mut heads = Heads::default();
    let other = good_claims().with("sub", r#""user-2""#);
    let request = own("GET", "/api/user-1/a");
    for (claims, begin) in
        [(good_claims(), "https://"), (other, "403"), (good_claims(), "https://")]
    {
        let Client { fields, .. } = Client::new(0, &edge.signer.token(&claims));
        let head = heads.read(format!("+0\n{request}\n{fields}")).unwrap();
        for _ in 0..2 {
            assert!(decided(&edge, &head).starts_with(begin), "{begin}");
        }
    }
}

#[test]
fn a_returning_clients_token_ends_when_it_ends() {
    let edge = Edge::new(&SETTINGS);
    let mut heads = Heads::default();
    let client = Client::new(0, &edge.signer.token(&good_claims()));
    let mut outcomes = Vec::new();
    for _ in 0..8 {
        let [known, stranger] = both(&edge, &mut heads, &client, &own("GET", "/api/user-1/a"));
        assert_eq!(known, stranger);
        outcomes.push(known.starts_with("https://"));
        edge.host.pass(180.0);
    }
    // 900 seconds, and a tolerance of 5
    assert_eq!(outcomes, [true, true, true, true, true, true, false, false]);
}

#[test]
fn a_returning_clients_key_counts_until_the_auth_server_takes_it_back() {
    let edge = Edge::new(&SETTINGS);
    let lasting = good_claims().with("exp", "253402300799");
    let mut heads = Heads::default();
    let Client { fields, .. } = Client::new(0, &edge.signer.token(&lasting));
    let request = own("GET", "/api/user-1/a");
    let head = heads.read(format!("+0\n{request}\n{fields}")).unwrap();
    assert_eq!(edge.outcome(&head), "forward");
    edge.host.answers(Answer::ok(key_set(&[Signer::new(5, "new").jwk()])));
    edge.host.pass(500.0);
    // what is nearly too old is asked for anew, behind the answer
    assert_eq!(edge.outcome(&head), "forward");
    edge.host.run_background();
    assert_eq!(edge.host.fetches(), 2);
    for _ in 0..2 {
        assert_eq!(edge.outcome(&head), "unknown_key");
    }
}

#[test]
fn a_clock_that_was_set_back_asks_for_keys_and_not_for_trust() {
    let edge = Edge::new(&SETTINGS);
    let mut heads = Heads::default();
    let Client { fields, .. } = Client::new(0, &edge.signer.token(&good_claims()));
    let head = heads.read(format!("+0\n{}\n{fields}", own("GET", "/api/user-1/a"))).unwrap();
    assert_eq!(edge.outcome(&head), "forward");
    let now = edge.host.now();
    let passes = |now: f64| edge.gateway.forward_again(&head, now, &String::new).is_some();
    // a token of 900 seconds, and a set that is asked for anew after 480
    let expected = [(-1.0, false), (0.0, true), (479.0, true), (480.0, false), (910.0, false)];
    for (later, passed) in expected {
        assert_eq!(passes(now + later), passed, "{later}");
    }
}

#[test]
fn what_operators_see_of_a_returning_client_is_what_they_saw_at_first() {
    let settings = [SETTINGS[0], ("LOG_LEVEL", "info")];
    let edge = Edge::new(&settings);
    let mut heads = Heads::default();
    let Client { fields, .. } = Client::new(0, &edge.signer.token(&good_claims()));
    let head = heads.read(format!("+0\n{}\n{fields}", own("GET", "/api/user-1/a"))).unwrap();
    let [first, second, third] = [(); 3].map(|()| edge.forward(&head).report.unwrap());
    assert!(second.contains(r#""path":"/api/{user}/*""#), "{second}");
    assert_eq!(first.replace(r#""cached":false"#, r#""cached":true"#), second);
    assert_eq!(second, third);
}

#[test]
fn where_no_tokens_are_kept_a_returning_clients_is_verified_each_time() {
    for (tokens, is_kept) in [("1", true), ("0", false)] {
        let edge = Edge::new(&[SETTINGS[0], ("TOKEN_CACHE", tokens)]);
        let mut heads = Heads::default();
        let Client { fields, .. } = Client::new(0, &edge.signer.token(&good_claims()));
        let head = heads.read(format!("+0\n{}\n{fields}", own("GET", "/api/user-1/a"))).unwrap();
        let [first, second] = [(); 2].map(|()| edge.forward(&head).user.unwrap());
        assert_eq!(Arc::ptr_eq(&first, &second), is_kept, "{tokens}");
        let again = edge.gateway.forward_again(&head, edge.host.now(), &String::new);
        assert_eq!(again.is_some(), is_kept, "{tokens}");
    }
}
