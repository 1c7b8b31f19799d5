//! What an auth server reports: the events of a token, and OIDC logout tokens (OpenID Connect
//! Back-Channel Logout 1.0, section 2.4).

use super::entry::{Entry, Term};
use super::key::{Key, Kind};
use crate::claims::Claims;
use crate::error::{Code, Error};
use crate::jose::{Json, Object};

/// Something that has ended.
#[derive(Debug, PartialEq)]
pub(super) enum Event<'c> {
    /// A session, and the user it belongs to, if that is known: of its tokens, those from before a
    /// time, in seconds since 1970. Infinite: all
    Session { sid: &'c str, sub: Option<&'c str>, not_before: f64 },
    /// A user's sessions that began before a time, in seconds since 1970
    User { sub: &'c str, not_before: f64 },
    /// The key sets from before a time
    Keys { not_before: f64 },
}

/// The member of `events` in a logout token.
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The most events of one token.
const MAX_EVENTS: usize = 100;

/// The largest id of a session or user, in bytes.
const MAX_ID: usize = 1_024;

/// The events of a token. No time may be later than `latest`, in seconds since 1970: it would end
/// sessions that have not begun.
///
/// # Errors
/// [`Code::MissingClaim`], or [`Code::InvalidClaim`] if one of the events is invalid.
pub(super) fn events(claims: &Claims, latest: f64) -> Result<Vec<Event<'_>>, Error> {
    let Some(events) = claims.members().member("events") else {
        return Err(Error::new(Code::MissingClaim, "the token has no \"events\""));
    };
    let events = events.as_array().filter(|events| (1..=MAX_EVENTS).contains(&events.len()));
    let events = events.ok_or_else(|| invalid("\"events\" is not an array of 1 to 100 events"))?;
    events.iter().map(|event| read(event, latest)).collect()
}

fn read(event: &Json, latest: f64) -> Result<Event<'_>, Error> {
    let event = event.as_object().ok_or_else(|| invalid("an event is not an object"))?;
    let id =
        |name| id(event, name).ok_or_else(|| invalid("an event has no valid \"sid\" or \"sub\""));
    let not_before = || {
        let time = match event.member("not_before") {
            Some(Json::Number(number)) => number.as_f64(),
            _ => None,
        };
        let time = time.filter(|time| (0.0..=latest).contains(time));
        time.ok_or_else(|| invalid("an event has no \"not_before\" in the past"))
    };
    match event.member("type").and_then(Json::as_str) {
        Some("session") => Ok(Event::Session {
            sid: id("sid")?,
            sub: Some(id("sub")?),
            not_before: match event.member("not_before") {
                Some(_) => not_before()?,
                None => f64::INFINITY,
            },
        }),
        Some("user") => Ok(Event::User { sub: id("sub")?, not_before: not_before()? }),
        Some("keys") => Ok(Event::Keys { not_before: not_before()? }),
        _ => Err(invalid("an event has an unknown \"type\"")),
    }
}

/// The event of a logout token, which was issued at `issued`, in seconds since 1970.
///
/// # Errors
/// [`Code::MissingClaim`], [`Code::InvalidClaim`]
pub(super) fn logout(claims: &Claims, issued: f64) -> Result<Event<'_>, Error> {
    let members = claims.members();
    let events = members.member("events").and_then(Json::as_object);
    if !events.is_some_and(|events| matches!(events.member(LOGOUT), Some(Json::Object(_)))) {
        return Err(invalid("\"events\" is not that of a logout token"));
    }
    for name in ["sid", "sub"] {
        if members.member(name).is_some() && id(members, name).is_none() {
            return Err(invalid("\"sid\" or \"sub\" is not a non-empty string"));
        }
    }
    match (id(members, "sid"), id(members, "sub")) {
        (Some(sid), sub) => Ok(Event::Session { sid, sub, not_before: f64::INFINITY }),
        // a time in whole seconds does not say which sessions of its second began before it
        (None, Some(sub)) => Ok(Event::User { sub, not_before: issued.floor() + 1.0 }),
        (None, None) => {
            Err(Error::new(Code::MissingClaim, "the token has neither \"sid\" nor \"sub\""))
        }
    }
}

/// What the feed says about an event, and its shard; `None` for all shards.
pub(super) fn entry(
    issuer: &str,
    event: &Event<'_>,
    until: f64,
    shards: u32,
) -> (Option<u32>, Entry) {
    let shard = |sub: &str| Key::of(issuer, Kind::User, sub).shard(shards);
    let entry = |kind, id, not_before| Entry {
        key: Key::of(issuer, kind, id),
        term: Term { until, not_before },
    };
    match event {
        Event::Session { sid, sub, not_before } => {
            (sub.map(shard), entry(Kind::Session, sid, *not_before))
        }
        Event::User { sub, not_before } => (Some(shard(sub)), entry(Kind::User, sub, *not_before)),
        Event::Keys { not_before } => (None, entry(Kind::KeySet, "", *not_before)),
    }
}

fn id<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    let id = object.member(name)?.as_str()?;
    (1..=MAX_ID).contains(&id.len()).then_some(id)
}

fn invalid(detail: &'static str) -> Error {
    Error::new(Code::InvalidClaim, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(payload: &str) -> Claims {
        Claims::new(payload.to_owned(), Object::parse(payload.as_bytes()).unwrap())
    }

    fn code<T>(result: Result<T, Error>) -> &'static str {
        result.map_or_else(|error| error.code().as_str(), |_| "ok")
    }

    #[test]
    fn events_are_read_in_order() {
        let payload = r#"{"events":[{"type":"session","sid":"s","sub":"u"},
            {"type":"session","sid":"s","sub":"u","not_before":10},
            {"type":"user","sub":"u","not_before":10.5,"reason":"ban"},
            {"type":"keys","not_before":11}]}"#;
        let expected = [
            Event::Session { sid: "s", sub: Some("u"), not_before: f64::INFINITY },
            Event::Session { sid: "s", sub: Some("u"), not_before: 10.0 },
            Event::User { sub: "u", not_before: 10.5 },
            Event::Keys { not_before: 11.0 },
        ];
        assert_eq!(events(&claims(payload), 11.0).unwrap(), expected);
    }

    #[test]
    fn one_invalid_event_spoils_all() {
        let good = r#"{"type":"keys","not_before":1}"#;
        for event in [
            "7",
            "{}",
            r#"{"type":"Session","sid":"s","sub":"u"}"#,
            r#"{"type":"session","sid":"s"}"#,
            r#"{"type":"session","sub":"u"}"#,
            r#"{"type":"session","sid":"","sub":"u"}"#,
            r#"{"type":"session","sid":7,"sub":"u"}"#,
            r#"{"type":"session","sid":"s","sub":"u","not_before":101}"#,
            r#"{"type":"user","sub":"u"}"#,
            r#"{"type":"user","sub":"u","not_before":"1"}"#,
            r#"{"type":"user","sub":"u","not_before":-1}"#,
            r#"{"type":"user","sub":"u","not_before":101}"#,
            r#"{"type":"user","sub":"u","not_before":1e400}"#,
            r#"{"type":"keys"}"#,
        ] {
            let payload = format!(r#"{{"events":[{good},{event}]}}"#);
            assert_eq!(code(events(&claims(&payload), 100.0)), "invalid_claim", "{event}");
        }
        let long = format!(
            r#"{{"events":[{{"type":"session","sid":"{}","sub":"u"}}]}}"#,
            "s".repeat(1_025)
        );
        assert_eq!(code(events(&claims(&long), 100.0)), "invalid_claim");
        let many = |count| format!(r#"{{"events":[{}]}}"#, vec![good; count].join(","));
        for (payload, expected) in [
            ("{}".to_owned(), "missing_claim"),
            (many(0), "invalid_claim"),
            (many(1), "ok"),
            (many(100), "ok"),
            (many(101), "invalid_claim"),
            (r#"{"events":{"a":{}}}"#.to_owned(), "invalid_claim"),
        ] {
            assert_eq!(code(events(&claims(&payload), 100.0)), expected);
        }
    }

    #[test]
    fn a_logout_token_is_about_its_session_or_else_about_its_user() {
        let with = |rest: &str| claims(&format!(r#"{{"events":{{"{LOGOUT}":{{}}}}{rest}}}"#));
        let read = |rest: &str| {
            let claims = with(rest);
            format!("{:?}", logout(&claims, 100.0).map_err(|error| error.code()))
        };
        assert_eq!(
            read(r#","sid":"s","sub":"u""#),
            r#"Ok(Session { sid: "s", sub: Some("u"), not_before: inf })"#
        );
        assert_eq!(
            read(r#","sid":"s""#),
            r#"Ok(Session { sid: "s", sub: None, not_before: inf })"#
        );
        assert_eq!(read(r#","sub":"u""#), r#"Ok(User { sub: "u", not_before: 101.0 })"#);
        assert_eq!(read(""), "Err(MissingClaim)");
        assert_eq!(read(r#","sid":7,"sub":"u""#), "Err(InvalidClaim)");
        for events in ["{}", "[]", r#"{"x":{}}"#, &format!(r#"{{"{LOGOUT}":7}}"#)] {
            let claims = claims(&format!(r#"{{"sub":"u","events":{events}}}"#));
            assert_eq!(code(logout(&claims, 100.0)), "invalid_claim", "{events}");
        }
    }
}
