//! Attacks on rate limits by client address: forged addresses, and many addresses of one network.

use crate::common::{AUTH_SERVER, Edge, request, upstream_headers};
use better_auth_edge::gateway::{Bindings, RequestHead, Settings};

const FROM_PROXY: (&str, &str) = ("CLIENT_IP_HEADER", "X-Forwarded-For");

/// The rate limit key of a rejected request, and the upstream's client address on a public path.
fn seen(settings: &[(&str, &str)], head: impl Fn(&str) -> RequestHead) -> [Option<String>; 2] {
    let routes = ("ROUTES", r#"[{"path":"/public","auth":"public"}]"#);
    let bindings = Bindings { rate_limit_rejected: true, ..Bindings::default() };
    let edge = Edge::with_bindings(&[&[routes], settings].concat(), bindings);
    edge.respond(&head("/a"));
    let counted = edge.host.counted().pop().map(|(_, key)| key);
    let head = head("/public");
    let mut forwarded = upstream_headers(&head, &edge.forward(&head)).into_iter();
    let forwarded = forwarded.find(|(name, _)| name == "x-forwarded-for").map(|(_, value)| value);
    [counted, forwarded]
}

fn sent(headers: &[(&str, &str)]) -> impl Fn(&str) -> RequestHead {
    move |path| request("GET", path, headers)
}

#[test]
fn an_address_that_the_client_claims_is_ignored() {
    for name in ["cf-connecting-ip", "x-forwarded-for", "x-real-ip", "true-client-ip", "forwarded"]
    {
        assert_eq!(seen(&[], sent(&[(name, "192.0.2.7")])), [None, None], "{name}");
    }
    // on Cloudflare, only one header is trusted; the client can forge the others
    let head = sent(&[("x-forwarded-for", "192.0.2.8"), ("cf-connecting-ip", "192.0.2.7")]);
    let address = Some("192.0.2.7".to_owned());
    assert_eq!(seen(&[], |path| head(path).from_cloudflare()), [address.clone(), address]);
}

#[test]
fn the_address_header_of_the_operators_proxy_is_used() {
    for (headers, address) in [
        (&[("x-forwarded-for", "192.0.2.7")][..], Some("192.0.2.7")),
        (&[("x-forwarded-for", "10.0.0.1, spoofed,192.0.2.7")], Some("192.0.2.7")),
        (&[("x-forwarded-for", "10.0.0.1"), ("x-forwarded-for", "192.0.2.7")], Some("192.0.2.7")),
        (&[("x-forwarded-for", "192.0.2.7:4711")], Some("192.0.2.7")),
        (&[("x-forwarded-for", "192.0.2.7, garbage")], None),
        (&[("x-forwarded-for", "192.0.2.7,")], None),
        (&[("x-forwarded-for", "")], None),
        (&[("x_forwarded_for", "192.0.2.7"), ("cf-connecting-ip", "192.0.2.7")], None),
    ] {
        let address = address.map(str::to_owned);
        assert_eq!(seen(&[FROM_PROXY], sent(headers)), [address.clone(), address], "{headers:?}");
    }
}

#[test]
fn rate_limits_count_an_ipv6_network_as_one_address() {
    let seen = |address: &str| seen(&[FROM_PROXY], sent(&[("x-forwarded-for", address)]));
    for (address, counted, forwarded) in [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:2:3:4:5:6"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64", "2001:DB8:1:2::1"),
        ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::/64", "2001:db8:1:2::1"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64", "2001:db8:1:2::1"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64", "2001:db8:1:3::1"),
        ("2001:db8::", "2001:db8:0:0::/64", "2001:db8::"),
        ("::1", "0:0:0:0::/64", "::1"),
        ("::ffff:c000:207", "192.0.2.7", "::ffff:c000:207"),
        ("::FFFF:192.0.2.7", "192.0.2.7", "::FFFF:192.0.2.7"),
        ("0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7", "0:0:0:0:0:ffff:192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7", "192.0.2.7"),
    ] {
        assert_eq!(
            seen(address),
            [counted, forwarded].map(|text| Some(text.to_owned())),
            "{address}"
        );
    }
    for garbage in
        ["2001:db8::1%eth0", "2001:db8::1/64", "1.2.3", "01.2.3.4", "localhost", "[::1", "1"]
    {
        assert_eq!(seen(garbage), [None, None], "{garbage}");
    }
}

#[test]
fn the_address_header_must_be_a_header_for_addresses() {
    for name in [
        "a b",
        "x-real-ip,true-client-ip",
        "Authorization",
        "CF-Ray",
        "cookie",
        "Forwarded",
        "host",
    ] {
        let lookup = |setting: &str| match setting {
            "BETTER_AUTH_URL" => Some(AUTH_SERVER.to_owned()),
            "ORIGIN_URL" => Some("https://api.example".to_owned()),
            "CLIENT_IP_HEADER" => Some(name.to_owned()),
            _ => None,
        };
        let errors = Settings::parse(lookup).expect_err(name);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].to_string().starts_with("CLIENT_IP_HEADER is not the name"), "{name}");
    }
}
