//! Sessions that have ended although their tokens have not expired: which ones, and how the edge
//! learns of them.
//!
//! An auth server reports them ([`messages`]). A store outside of the isolate keeps them, and each
//! isolate reads what is new ([`feed`], by [`shard`]). The check of a token that was valid before
//! costs two comparisons while nothing has changed.

mod entry;
mod events;
mod feed;
mod followed_feed;
mod key;
mod messages;
mod settings;
mod shard;

pub use followed_feed::FollowedFeed;
pub(crate) use messages::Received;
pub(crate) use settings::{FEED, token_lifetime};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::host::Host;
use crate::jose::Json;
use crate::jose::json::quote;
use crate::policy::credentials::CredentialKind;
use crate::policy::issuers::Issuers;
use crate::verifier::{Lookup, Verified, Verifier};
use entry::Term;
use feed::{Feed, Step};
use key::{Key, Kind};
use messages::MessageVerifiers;
use settings::RevocationSettings;
use shard::{Shard, Shared, Source};

/// The revocations, from the settings.
#[derive(Debug)]
pub(crate) struct Revocations {
    shared: Arc<Shared>,
    /// Whether requests are refused if nothing is known about their sessions
    refuses: bool,
    /// Seconds for which a revocation is kept
    kept_for: f64,
    /// The clock tolerance, in seconds
    tolerance: f64,
    /// The issuers of the tokens of Better Auth's sessions, for cookie caches: these name another
    session_issuers: Vec<String>,
    /// `None` for an edge that reads the feed of another one
    messages: Option<MessageVerifiers>,
    /// The hash of the token with which others read the feed
    feed_token: Option<[u8; 32]>,
    /// When a warning was logged last, as the bits of an `f64`
    warned_at: AtomicU64,
}

/// What the revocations say about a token.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Its session has not ended
    Valid,
    /// The same by what is known, which is out of date: a line for the log
    Outdated(String),
    /// Its session has ended, or its user's sessions have. `may_be_renewed` if only for tokens or
    /// sessions from before a time
    Ended { error: Error, may_be_renewed: bool },
    /// Not known
    Unavailable(Error),
}

/// The state of the feed.
pub(crate) struct FeedStatus {
    /// The age of the oldest shard, in seconds. `None` if one was never read
    pub(crate) age: Option<f64>,
    pub(crate) entries: usize,
    /// Why requests are refused
    pub(crate) failure: Option<Error>,
}

impl Revocations {
    /// The revocations of these issuers' sessions. `None` without a store and without a feed.
    pub(crate) fn from_settings(
        reader: &mut Reader<'_>,
        issuers: Option<&Issuers>,
    ) -> Option<Self> {
        let settings = RevocationSettings::read(reader)?;
        Self::new(settings, issuers?.verifiers())
    }

    fn new(settings: RevocationSettings, verifiers: &[Verifier]) -> Option<Self> {
        let messages = match settings.source {
            Source::Store => Some(MessageVerifiers::new(
                verifiers,
                settings.audience?,
                settings.logout_audiences.as_deref(),
            )?),
            Source::Url(..) => None,
        };
        let mut key_sets = Vec::new();
        for verifier in verifiers {
            let source = verifier.key_source();
            for (issuer, source) in verifier.issuers().iter().zip(source.into_iter().cycle()) {
                key_sets.push((Key::of(issuer, Kind::KeySet, ""), source.clone()));
            }
        }
        let shared = Shared {
            shards: (0..settings.shards).map(|_| Shard::default()).collect(),
            source: settings.source,
            timing: settings.timing,
            key_sets,
            key_changes: AtomicU64::new(0),
        };
        Some(Self {
            shared: Arc::new(shared),
            refuses: settings.refuses,
            // a token is accepted a little before and after its own times
            kept_for: settings.retention + 2.0 * settings.tolerance,
            tolerance: settings.tolerance,
            session_issuers: verifiers.first()?.issuers().to_vec(),
            messages,
            feed_token: settings.feed_token.map(|token| Sha256::digest(token).into()),
            warned_at: AtomicU64::new(0),
        })
    }

    /// What is known about the session of a token that the verifier has just accepted. Reads what
    /// is new, if that is necessary.
    pub(crate) async fn check<H: Host>(&self, verified: &Verified, host: &H) -> Verdict {
        if self.is_known_valid(verified, verified.seen_at()) {
            return Verdict::Valid;
        }
        if let Err(error) = check_names(verified) {
            return Verdict::Unavailable(error);
        }
        let mut verdict = Verdict::Valid;
        for lookup in verified.lookups(|| self.lookups_of(verified)) {
            let step = self.shared.catch_up(lookup.shard, host).await;
            let now = host.now();
            let shard = self.shard(lookup.shard);
            let (ended, version) =
                shard.with(|feed| (ended(feed, lookup, verified, now), feed.version()));
            if let Some(ended) = ended {
                return ended;
            }
            match step {
                Step::Unknown if self.refuses => {
                    return Verdict::Unavailable(self.unavailable(lookup.shard));
                }
                Step::Unknown | Step::UseStale => {
                    if let Some(warning) = self.warning(lookup.shard, now) {
                        verdict = Verdict::Outdated(warning);
                    }
                }
                _ => {}
            }
            lookup.valid_at.store(version, Ordering::Release);
        }
        verdict
    }

    /// Whether a token that was checked before is valid at `now`, in seconds since 1970, without a
    /// lock and without a read. `false` can also mean that something must be read first.
    pub(crate) fn is_known_valid(&self, verified: &Verified, now: f64) -> bool {
        let lookups = verified.lookups(|| self.lookups_of(verified));
        lookups.iter().all(|lookup| {
            let fresh = self.shard(lookup.shard).fresh_version(now, &self.shared.timing);
            fresh == Some(lookup.valid_at.load(Ordering::Acquire))
        })
    }

    /// How often a revocation has made a key set due. If this changes during a check, the token
    /// must be verified once more.
    pub(crate) fn key_changes(&self) -> u64 {
        self.shared.key_changes.load(Ordering::Acquire)
    }

    /// The age in seconds of the shard that was read the longest ago. `None` before the first read.
    pub(crate) fn age(&self, now: f64) -> Option<f64> {
        let ages = self.shared.shards.iter().filter_map(|shard| shard.with(|feed| feed.age(now)));
        ages.reduce(f64::max)
    }

    /// The state of the feed. Reads what is new.
    pub(crate) async fn status<H: Host>(&self, host: &H) -> FeedStatus {
        let mut status = FeedStatus { age: Some(0.0), entries: 0, failure: None };
        for shard in 0..self.shards() {
            let step = self.shared.catch_up(shard, host).await;
            if step == Step::Unknown && self.refuses {
                status.failure = Some(self.unavailable(shard));
            }
            let now = host.now();
            let (age, entries) = self.shard(shard).with(|feed| (feed.age(now), feed.len()));
            status.age = status.age.zip(age).map(|(one, other)| one.max(other));
            status.entries += entries;
        }
        status
    }

    /// The number of shards.
    pub(crate) fn shards(&self) -> u32 {
        self.shared.shards.len() as u32
    }

    /// Whether this is the token with which others read the feed, compared in constant time.
    /// `None` if the feed is not published.
    pub(crate) fn is_feed_token(&self, given: &str) -> Option<bool> {
        let expected = self.feed_token.filter(|_| self.messages.is_some())?;
        let given: [u8; 32] = Sha256::digest(given).into();
        let difference = expected.iter().zip(given).fold(0, |all, (a, b)| all | (a ^ b));
        Some(difference == 0)
    }

    fn shard(&self, shard: u32) -> &Shard {
        &self.shared.shards[shard as usize]
    }

    /// What to look for. Entries of an issuer are about its own tokens only.
    fn lookups_of(&self, verified: &Verified) -> Box<[Lookup]> {
        let claims = verified.claims();
        let own = claims.text_claim("iss").map(str::to_owned);
        let issuers = match verified.session_token() {
            Some(_) => self.session_issuers.as_slice(),
            None => own.as_slice(),
        };
        let (sid, sub) = (claims.text_claim("sid"), claims.text_claim("sub"));
        let mut lookups = Vec::new();
        for issuer in issuers {
            let session = sid.map(|sid| Key::of(issuer, Kind::Session, sid).bytes());
            match sub.map(|sub| Key::of(issuer, Kind::User, sub)) {
                Some(user) => {
                    let shard = user.shard(self.shards());
                    lookups.push(Lookup::new(shard, session, Some(user.bytes())));
                }
                None => {
                    let all = (0..self.shards()).map(|shard| Lookup::new(shard, session, None));
                    lookups.extend(all);
                }
            }
        }
        lookups.into()
    }

    fn unavailable(&self, shard: u32) -> Error {
        let detail = "the edge could not read which sessions have ended";
        let error = Error::new(Code::RevocationsUnavailable, detail).with_retry_after(1);
        error.with_source(self.failure(shard))
    }

    fn failure(&self, shard: u32) -> String {
        let failure = self.shard(shard).with(|feed| feed.failure().map(str::to_owned));
        failure.unwrap_or_else(|| "the store has not answered yet".to_owned())
    }

    /// A line for the log about reads that fail, once a minute.
    fn warning(&self, shard: u32, now: f64) -> Option<String> {
        let last = f64::from_bits(self.warned_at.load(Ordering::Relaxed));
        if (0.0..WARNING_INTERVAL).contains(&(now - last)) {
            return None;
        }
        self.warned_at.store(now.to_bits(), Ordering::Relaxed);
        let cause = quote(&self.failure(shard));
        let (age, malformed) =
            self.shard(shard).with(|feed| (feed.age(now), feed.malformed().to_string()));
        let age = age.map_or_else(|| "null".to_owned(), |age| (age as u64).to_string());
        let line = r#"{"level":"warn","event":"revocations_unavailable","cause":"#;
        Some([line, &cause, ",\"age\":", &age, ",\"malformed\":", &malformed, "}"].concat())
    }
}

/// Seconds.
const WARNING_INTERVAL: f64 = 60.0;

/// The verdict on a token whose own session has ended. The session of an API key is the key.
fn session_ended(verified: &Verified, may_be_renewed: bool) -> Verdict {
    let is_key = verified.claims().text_claim("cred") == Some(CredentialKind::ApiKey.name());
    let detail = match is_key {
        true => "the API key of the token was deleted or disabled",
        false => SESSION_ENDED,
    };
    Verdict::Ended { error: Error::new(Code::SessionRevoked, detail), may_be_renewed }
}

const SESSION_ENDED: &str = "the session of the token has ended";

/// Checks that the token names its session and its user as messages do. No entry is about others.
fn check_names(verified: &Verified) -> Result<(), Error> {
    let claims = verified.claims().members();
    let is_name = |name| matches!(claims.member(name), None | Some(Json::Null | Json::String(_)));
    match is_name("sid") && is_name("sub") {
        true => Ok(()),
        false => {
            let detail = "\"sid\" or \"sub\" is not a string, so the edge cannot know whether the \
                          session has ended";
            Err(Error::new(Code::InvalidClaim, detail))
        }
    }
}

/// What the entries say about a token.
fn ended(feed: &Feed, lookup: &Lookup, verified: &Verified, now: f64) -> Option<Verdict> {
    let find = |key: Option<[u8; 16]>| feed.find(Key::from_bytes(key?), now);
    let issued = verified.issued();
    let is_before = |time: Option<f64>, term: Term| time.is_none_or(|time| time < term.not_before);
    match find(lookup.session) {
        Some(term) if term.not_before.is_infinite() => return Some(session_ended(verified, false)),
        Some(term) if is_before(issued, term) => return Some(session_ended(verified, true)),
        _ => {}
    }
    // the token's own time, if it does not say when its session began
    let began = verified.session().began().or(issued);
    is_before(began, find(lookup.user)?).then(|| {
        let error = Error::new(Code::SessionRevoked, SESSION_ENDED);
        Verdict::Ended { error, may_be_renewed: true }
    })
}
