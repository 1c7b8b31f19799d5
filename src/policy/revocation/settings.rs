//! The settings of revocation.

use std::ops::RangeInclusive;

use super::feed::Timing;
use super::shard::Source;
use crate::base_url::BaseUrl;
use crate::config::bindings::RevocationsBinding;
use crate::config::reader::Reader;

/// The path of the feed at every edge.
pub(crate) const FEED: &str = "/.well-known/better-auth-edge/revocations";

/// The settings of an edge with revocation.
pub(super) struct RevocationSettings {
    pub(super) source: Source,
    pub(super) timing: Timing,
    pub(super) refuses: bool,
    /// Seconds
    pub(super) retention: f64,
    /// Seconds
    pub(super) tolerance: f64,
    pub(super) shards: u32,
    /// The audience of events, for an edge with a store
    pub(super) audience: Option<String>,
    pub(super) logout_audiences: Option<Vec<String>>,
    pub(super) feed_token: Option<String>,
}

/// The time, in seconds, for which a token may live: for as long as its revocation is kept. `None`
/// without revocation.
pub(crate) fn token_lifetime(reader: &Reader<'_>) -> Option<f64> {
    let is_on = reader.revocations().is_some() || reader.text("REVOCATIONS_URL").is_some();
    is_on.then(|| retention(reader)).filter(|seconds| RETENTIONS.contains(seconds))
}

impl RevocationSettings {
    /// `None` without a store and without a feed.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let store = reader.revocations();
        let is_eventual = store == Some(RevocationsBinding::Eventual);
        let default = if is_eventual { KV_DELAY + 2.0 } else { 2.0 };
        let detail = "is not a number of seconds from 0.5 to 300";
        let lag = seconds(reader, "REVOCATION_LAG", default, 0.5..=300.0, detail);
        if is_eventual && lag < KV_DELAY {
            reader.error("REVOCATION_LAG", "is below the 60 seconds that Workers KV can take");
        }
        let least = 30_f64.max(lag);
        let detail = "is not a number of seconds from the lag up to 86400";
        let ages = lag..=86_400.0;
        let failure_age = seconds(reader, "REVOCATION_FAILURE_AGE", least, ages, detail);
        let refuses = match reader.text("REVOCATION_ON_FAILURE").as_deref() {
            None | Some("refuse") => true,
            Some("allow") => false,
            Some(_) => {
                reader.error("REVOCATION_ON_FAILURE", "is neither refuse nor allow");
                true
            }
        };
        let retention = retention(reader);
        if !RETENTIONS.contains(&retention) {
            reader.error("REVOCATION_RETENTION", "is not a number of seconds from 60 to 31536000");
        }
        let shards = reader.number("REVOCATION_SHARDS").unwrap_or(1.0);
        if !(1.0..=64.0).contains(&shards) || shards % 1.0 != 0.0 {
            reader.error("REVOCATION_SHARDS", "is not a whole number from 1 to 64");
        }
        let logout_audiences = reader.list("LOGOUT_AUDIENCE");
        if logout_audiences.iter().flatten().any(String::is_empty) {
            reader.error("LOGOUT_AUDIENCE", "is empty or has an empty member");
        }
        let feed_token = reader.text("REVOCATION_FEED_TOKEN");
        check_token(reader, "REVOCATION_FEED_TOKEN", feed_token.as_deref());
        let feed = feed(reader);
        let source = match (store, feed) {
            (Some(_), Some(_)) => {
                let detail = "and a store of revocations exclude each other";
                reader.error("REVOCATIONS_URL", detail);
                return None;
            }
            (Some(_), None) => Source::Store,
            (None, Some(feed)) => feed,
            (None, None) => return None,
        };
        if is_on_with_longer_tokens(reader, retention) {
            let own = reader.name_of("REVOCATION_RETENTION");
            let detail = ["is longer than ", own, ": a revoked token would be valid again"];
            reader.error("MAX_TOKEN_LIFETIME", detail.concat());
        }
        let audience = store.and_then(|_| audience(reader));
        // what KV has shown a minute late is older than its read
        let lag = if is_eventual { (lag - KV_DELAY).max(2.0) } else { lag };
        let tolerance = reader.number("CLOCK_TOLERANCE").unwrap_or(5.0);
        let timing = Timing { lag, failure_age };
        let shards = shards as u32;
        Some(Self {
            source,
            timing,
            refuses,
            retention,
            tolerance,
            shards,
            audience,
            logout_audiences,
            feed_token,
        })
    }
}

fn retention(reader: &Reader<'_>) -> f64 {
    reader.number("REVOCATION_RETENTION").unwrap_or(86_400.0)
}

const RETENTIONS: RangeInclusive<f64> = 60.0..=31_536_000.0;

/// Seconds until a read of Workers KV shows what another isolate has written.
const KV_DELAY: f64 = 60.0;

fn is_on_with_longer_tokens(reader: &Reader<'_>, retention: f64) -> bool {
    reader.number("MAX_TOKEN_LIFETIME").is_some_and(|lifetime| lifetime > retention)
}

/// A number of seconds in a range, or else the error `detail` and the default.
fn seconds(
    reader: &mut Reader<'_>,
    setting: &'static str,
    default: f64,
    range: RangeInclusive<f64>,
    detail: &str,
) -> f64 {
    let seconds = reader.number(setting).unwrap_or(default);
    if range.contains(&seconds) {
        return seconds;
    }
    reader.error(setting, detail);
    default
}

/// The feed of another edge, if the settings name one.
fn feed(reader: &mut Reader<'_>) -> Option<Source> {
    const URL: &str = "REVOCATIONS_URL";
    const TOKEN: &str = "REVOCATIONS_TOKEN";
    let token = reader.text(TOKEN);
    check_token(reader, TOKEN, token.as_deref());
    let text = reader.text(URL)?;
    let url = reader.url(URL, &text)?;
    let Some(token) = token else {
        if !reader.has_error(TOKEN) {
            let own = reader.name_of(URL);
            reader.error(TOKEN, ["is required with ", own].concat());
        }
        return None;
    };
    if url.exposure().is_some() {
        reader.error(URL, "is on a public host without TLS");
    }
    Some(Source::Url(feed_url(&url), ["Bearer ", &token].concat()))
}

/// The URL of the feed: that of the edge, unless it has a path.
fn feed_url(url: &BaseUrl) -> String {
    let path = if url.path().is_empty() { FEED } else { url.path() };
    [url.origin(), path].concat()
}

/// A bearer token that cannot be guessed and fits into a header.
fn check_token(reader: &mut Reader<'_>, setting: &'static str, token: Option<&str>) {
    let is_token =
        |token: &str| token.len() >= 32 && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !token.is_none_or(is_token) {
        let detail = "has fewer than 32 characters, or some that a header cannot contain";
        reader.error(setting, detail);
    }
}

/// The audience of events.
fn audience(reader: &mut Reader<'_>) -> Option<String> {
    const ISSUER: &str = "EDGE_ISSUER";
    if !reader.is_given(ISSUER) {
        let detail = "is required with a store of revocations: it is the audience of events";
        reader.error(ISSUER, detail);
    }
    reader.origin(ISSUER)
}
