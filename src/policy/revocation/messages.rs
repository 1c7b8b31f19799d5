//! Messages of auth servers: verified as tokens are, then applied, then stored.

use super::Revocations;
use super::entry::Entry;
use super::events::{self, Event};
use super::key::{Key, Kind};
use crate::claims::Profile;
use crate::error::{Code, Error};
use crate::host::Host;
use crate::policy::path::percent_decode;
use crate::verifier::{Verified, Verifier};

/// The verifiers of messages, one of each kind for each issuer. They share the issuer's keys.
#[derive(Debug)]
pub(super) struct MessageVerifiers {
    events: Vec<Verifier>,
    logouts: Vec<Verifier>,
    /// The audience of events
    audience: String,
}

/// What a message has revoked.
#[derive(Debug)]
pub(crate) struct Received {
    /// One of the settings' issuers
    pub(crate) issuer: String,
    pub(crate) sessions: usize,
    pub(crate) users: usize,
    pub(crate) keys: usize,
}

impl MessageVerifiers {
    pub(super) fn new(
        issuers: &[Verifier],
        audience: String,
        logout_audiences: Option<&[String]>,
    ) -> Option<Self> {
        let events = issuers.iter().map(|verifier| {
            let audiences = Some(vec![audience.clone()]);
            verifier.for_messages(Profile::Events, audiences, EVENTS_LIFETIME)
        });
        let logouts = issuers.iter().map(|verifier| {
            let audiences = logout_audiences.map(<[String]>::to_vec);
            verifier.for_messages(Profile::Logout, audiences, LOGOUT_LIFETIME)
        });
        Some(Self {
            events: events.collect::<Option<_>>()?,
            logouts: logouts.collect::<Option<_>>()?,
            audience,
        })
    }

    /// The same error, with what the operator must change if events are for another audience.
    fn explained(&self, error: Error) -> Error {
        if error.code() != Code::AudienceMismatch {
            return error;
        }
        let cure = "edgeURL of Better Auth's plugin must be this edge's issuer: ";
        error.with_source([cure, &self.audience].concat())
    }
}

/// Seconds from `iat` to `exp`.
const EVENTS_LIFETIME: f64 = 120.0;

/// Seconds. The specification recommends two minutes, and some servers write more.
const LOGOUT_LIFETIME: f64 = 3_600.0;

/// Seconds for which a store remembers the id of a message that has expired.
const ID_GRACE: f64 = 60.0;

impl Revocations {
    /// Whether the edge receives messages.
    pub(crate) fn receives(&self) -> bool {
        self.messages.is_some()
    }

    /// Applies the events of a token, which is the whole body.
    ///
    /// # Errors
    /// Those of [`Verifier::verify`]; [`Code::InvalidClaim`] for other events,
    /// [`Code::ReplayedEvent`], [`Code::RevocationsUnavailable`] if the store fails.
    pub(crate) async fn receive_events<H: Host>(
        &self,
        body: &[u8],
        host: &H,
    ) -> Result<Received, Error> {
        let token = text(body)?;
        let messages = self.messages.as_ref();
        let verified = verify(messages.map(|it| &it.events), token, host).await;
        let verified = verified.map_err(|error| match messages {
            Some(messages) => messages.explained(error),
            None => error,
        })?;
        // the message was issued up to a second after its `iat`, which is accepted
        let latest = host.now() + self.tolerance + 1.0;
        let events = events::events(verified.claims(), latest)?;
        self.apply(&verified, &events, host).await
    }

    /// Applies a logout token, which is the parameter `logout_token` of a form.
    ///
    /// # Errors
    /// The same.
    pub(crate) async fn receive_logout<H: Host>(
        &self,
        body: &[u8],
        host: &H,
    ) -> Result<Received, Error> {
        let token = logout_token(text(body)?)?;
        let verified = verify(self.messages.as_ref().map(|it| &it.logouts), &token, host).await?;
        let issued = verified.issued().unwrap_or_else(|| host.now());
        let event = events::logout(verified.claims(), issued)?;
        self.apply(&verified, &[event], host).await
    }

    /// Applies events here at once, and returns when the store has them for all other isolates.
    async fn apply<H: Host>(
        &self,
        verified: &Verified,
        events: &[Event<'_>],
        host: &H,
    ) -> Result<Received, Error> {
        let issuer = verified.issuer();
        let mut received = Received { issuer: issuer.to_owned(), sessions: 0, users: 0, keys: 0 };
        let now = host.now();
        let until = now + self.kept_for;
        let mut by_shard = vec![Vec::new(); self.shards() as usize];
        for event in events {
            match event {
                Event::Session { .. } => received.sessions += 1,
                Event::User { .. } => received.users += 1,
                Event::Keys { .. } => received.keys += 1,
            }
            match events::entry(issuer, event, until, self.shards()) {
                (Some(shard), entry) => by_shard[shard as usize].push(entry),
                (None, entry) => by_shard.iter_mut().for_each(|entries| entries.push(entry)),
            }
        }
        for (shard, entries) in by_shard.iter().enumerate() {
            self.shared.add(shard as u32, entries, now);
        }
        let id = Key::of(issuer, Kind::Event, verified.user()).as_text();
        let id_until = verified.expires() + self.tolerance + ID_GRACE;
        let mut is_new = false;
        for (shard, entries) in by_shard.iter().enumerate().filter(|(_, it)| !it.is_empty()) {
            let lines = lines(entries);
            let stored = host.append_revocations(shard as u32, &id, id_until, &lines).await;
            // a shard that has seen the message says nothing about the next one
            is_new |= stored.map_err(not_stored)?;
        }
        if !is_new {
            return Err(Error::new(Code::ReplayedEvent, "the edge has received this token before"));
        }
        Ok(received)
    }
}

/// Verifies a message by the issuer that it claims. The first issuer rejects those of unknown ones.
async fn verify<H: Host>(
    verifiers: Option<&Vec<Verifier>>,
    token: &str,
    host: &H,
) -> Result<std::sync::Arc<Verified>, Error> {
    let verifiers = verifiers.map_or(&[][..], Vec::as_slice);
    let jws = verifiers.first().and_then(|first| first.read(token));
    let named = jws.and_then(|jws| verifiers.iter().find(|it| it.accepts_issuer_of(&jws)));
    match named.or(verifiers.first()) {
        Some(verifier) => verifier.verify(token, host).await,
        None => Err(malformed("this edge receives no messages")),
    }
}

fn lines(entries: &[Entry]) -> String {
    let mut lines = String::new();
    entries.iter().for_each(|entry| entry.write(&mut lines));
    lines
}

fn not_stored(why: String) -> Error {
    let error = Error::new(Code::RevocationsUnavailable, "the event could not be stored");
    error.with_retry_after(1).with_source(why)
}

fn text(body: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(body).map_err(|_| malformed("the body is not text"))
}

/// The one parameter `logout_token` of a form (OpenID Connect Back-Channel Logout 1.0, section
/// 2.5).
fn logout_token(form: &str) -> Result<String, Error> {
    let mut values = form.split('&').filter_map(|pair| pair.strip_prefix("logout_token="));
    let decoded = values.next().and_then(|value| percent_decode(value.as_bytes()));
    match (decoded.map(String::from_utf8), values.next()) {
        (Some(Ok(token)), None) => Ok(token),
        _ => Err(malformed("the body is not a form with one logout_token")),
    }
}

fn malformed(detail: &'static str) -> Error {
    Error::new(Code::MalformedRequest, detail)
}
