//! The words of the page.

use super::costs::Measured;
use super::prices::OBJECT_LIMIT;

/// What the page is.
pub(super) fn introduction(users: &str, datacenters: &str, date: &str, seed: &str) -> String {
    format!(
        "What {users} users in {datacenters} data centers cost the auth server and the operator, and \
         which decisions the\nedge makes meanwhile. Written by `cargo xtask simulate` on {date}, seed \
         {seed}.\n\n{METHOD}"
    )
}

const METHOD: &str = "\
The command runs a discrete-event model. Each isolate in it is a real verifier with default settings: the
key cache, the source that fills it from the auth server and from the store of other isolates, and the
cache of verified tokens. The tokens are real too, except for their signatures, which cost no time. The
model provides the clock, the network, the data centers, the users and their clients. Virtual time jumps
from event to event. All random numbers depend on the seed: the same command has the same output.

The model is not the platform. How many isolates Cloudflare starts, how long it keeps them and how it
spreads connections among them are assumptions, with a table [at the end](#assumptions).";

pub(super) const SCENARIOS: &str = "\
An oracle judges each decision. It is the auth server of the model, which knows when it published and
removed each key. **A false 401** is a response 401 to a token that the oracle accepts: its key was published
when the request arrived and when the edge decided, and the token has not expired. There must not be any.
The command fails if there is one, if the edge accepts a forged or an expired token, or if a removed key
counts for longer than `JWKS_MAX_AGE`.
";

pub(super) const DECISIONS: &str = "\
*Cached* is the share of accepted requests whose token the isolate had verified before. *401, key removed*
counts tokens that the oracle rejects as well: the client gets a new one. *503* is `keys_unavailable`, with
`Retry-After`.
";

pub(super) const FETCHES: &str = "\
Each isolate fetches the JWK Set for itself, and refreshes it 480 seconds after the last fetch while requests
come. So the number of live isolates decides the load, and the number of users hardly does. *Tokens per s*
are those that clients get from the auth server: its main load, which the edge does not change.

The peaks come from isolates in step: all of them start together in the model, as after a deployment, and the
refresh has no jitter. They drift apart over hours.
";

pub(super) const FETCH_PLOTS: &str = "\
Dashed lines: the events of the scenario.

<picture>
  <source media=\"(prefers-color-scheme: dark)\" srcset=\"../assets/benchmarks/scale-fetches-dark.svg\">
  <img src=\"../assets/benchmarks/scale-fetches.svg\" alt=\"Lines of the key fetches per second over time, one panel for each scenario\">
</picture>
";

pub(super) const LAGS: &str = "\
- *A request waited*: the longest time from the arrival of a request to its acceptance
- *A client waited*: the same with the retries that a 503 asks for, and with a new token after a 401. The time
  without a valid token, while the auth server is down, does not count
- *New key accepted*: the same for the first attempt with a token of a new key. The edge fetches a new key when its
  first token arrives
- *Removed key counted*: how long after its removal the edge accepted a token of a removed key for the last
  time. The limit is `JWKS_MAX_AGE`, 600 seconds, and the time of a fetch. The first token of the next key ends
  it earlier. The event for a new signing key of the [Better Auth plugin](../better-auth-plugin.md), which the
  model leaves out, ends it within `REVOCATION_LAG`
";

pub(super) const REMOVED_KEYS: &str = "\
A key that is removed at once takes its tokens with it. Their clients get a 401 and a new token. But an isolate
remembers for only a few seconds that a `kid` is missing. After that, an old token asks for another fetch, as an
unknown `kid` does. [While no fetch is allowed](../keys.md#unknown-keys), the response is 503 with `Retry-After`, so
the client repeats its old token before it gets a new one. *A client waited* and the 503 of `rotation-at-once` show
this. Keep the old key published for the lifetime of its tokens, as Better Auth does by default.

Without a store, an isolate that starts during an outage has no keys: the 503 of `outage-workers-dev`. With a store
it starts from the entry of its data center, if there is one. In both cases, users without a valid token cannot get one
from an auth server that is down. After 15 minutes these are all users; the table does not count them.
";

pub(super) const RESPONSE_PLOTS: &str = "\
Gray: requests in the first panel, responses 401 in the others. Blue: requests with a cached token in the
first panel, responses 503 in the others.

<picture>
  <source media=\"(prefers-color-scheme: dark)\" srcset=\"../assets/benchmarks/scale-responses-dark.svg\">
  <img src=\"../assets/benchmarks/scale-responses.svg\" alt=\"Lines of the requests with cached tokens and of the responses 401 and 503 over time\">
</picture>
";

/// How much memory an isolate needs.
pub(super) fn isolates(measured: &Measured) -> String {
    let [start, tables, token] = measured.memory.map(|bytes| bytes / 1e3);
    format!(
        "Live isolates on average and at most, the cached tokens of one, and its wasm memory. The memory is\n\
         computed from [measured figures](verification.md#memory-and-size): {start:.0} kB at the start, {tables:.0} kB \
         for the tables of a\nkey, as much for those that all keys share, {token:.1} kB for a cached token; on average \
         with one key, at most with\ntwo. The limit of the platform is 128 MB, for JavaScript and wasm together.\n"
    )
}

/// How much memory a process of `serve` needs.
pub(super) fn resident(megabytes: f64) -> String {
    format!(
        "A process of [`serve`](../without-cloudflare.md#the-worker-on-your-own-machine) takes more: all of workerd \
         and V8. The\nbenchmark's had [{megabytes:.0} MB resident](gateway.md#memory), of which these figures are a \
         small part. [Mixed traffic](soak.md)\nfor an hour took more, up to 388 MB. Plan 450 MB for each process.\n"
    )
}

pub(super) const REVOCATIONS: &str = "\
A request reads on in the store of [revocations](../sign-out.md) if the last reading of its isolate began half a
`REVOCATION_LAG` ago or earlier; all requests share the reading. So an isolate without requests does not read,
and one with many reads twice per lag. Counted for the scenario `day`; *of an object* is the mean of one
shard, *most* its busiest second. The price is that of the Durable Objects alone.
";

/// What sharding does.
pub(super) fn shards() -> String {
    let limit = OBJECT_LIMIT;
    format!(
        "Cloudflare's [limits](https://developers.cloudflare.com/durable-objects/platform/limits/) \
         state about {limit} requests per\nsecond for one object. Shards divide the list and not the \
         isolates: an isolate with many users reads every shard.\nThey relieve an object only as \
         far as isolates have few requests per shard and lag, and they multiply the readings\nof \
         busy isolates. A longer lag reduces both.\n"
    )
}

/// What the bill consists of.
pub(super) fn bill(measured: &Measured, warm_ups: f64) -> String {
    let Measured { request, new_token, first_request, warm_up, .. } = measured;
    format!(
        "From the scenario `day`, for a month. CPU time is measured: {request:.2} ms for a request with a cached \
         token, {new_token:.2} ms\nmore for a new token ([gateway](gateway.md)), {first_request:.1} ms for the first \
         request of an isolate\n([start](start.md)). It contains the work of workerd, so it is rather too high. The \
         origin server is not part of\nthe bill.\n\n\
         The warm-up is not part of it either: {warm_up:.0} ms of CPU time at the start of an isolate, before any \
         request. If\nCloudflare billed it, it would cost ${warm_ups:.2} a month.\n"
    )
}

/// How KV copes with the writes.
pub(super) fn refused_writes(refused: &str, all: &str) -> String {
    format!(
        "Each fetch writes to KV, and all isolates write the same key. KV accepts one write of a key per \
         second: in\nthe scenario `kv` it refused {refused} of {all} writes. The edge ignores that, \
         because another isolate has\njust written. The bill contains all of them.\n"
    )
}

/// Where the prices come from.
pub(super) fn prices(read: &str) -> String {
    format!(
        "Prices in US dollars of the Workers Paid plan ($5 per month), as published on the linked pages, read in \
         archived\ncopies on {read}. Check them before you decide.\n"
    )
}

pub(super) const ASSUMPTIONS: &str = "\
Each is a figure to replace by your own. Those with an option are arguments of the command.
";

/// Names in the report, words, and the option.
pub(super) const ASSUMED: [(&str, &str, &str); 14] = [
    ("users", "users per day", "--users"),
    ("datacenters", "data centers, by the law of Zipf with the exponent 0.9", "--datacenters"),
    ("isolates", "isolates at the busiest hours of all data centers", "--isolates"),
    ("visitsOfAUserPerDay", "visits of a user per day", "--visits"),
    ("requestsOfAVisit", "requests of a visit", "--requests"),
    ("secondsOfAVisit", "seconds of a visit", ""),
    ("tokenLifetimeSeconds", "seconds from the issue of a token to its expiry", "--token-lifetime"),
    ("renewalMarginSeconds", "seconds before it at which the client gets a new one", ""),
    ("affinity", "share of a visit's requests at the isolate of its connection", ""),
    ("idleEvictionSeconds", "seconds without a request after which an isolate ends", ""),
    (
        "isolateLifetimeSeconds",
        "seconds after which the platform replaces a busy isolate, mean",
        "",
    ),
    ("cacheLifetimeSeconds", "seconds until a data center's cache drops its entry, mean", ""),
    ("leastFetchSeconds", "seconds of the fastest fetch from the auth server", ""),
    ("meanFetchSeconds", "seconds of a fetch, mean", ""),
];

/// Further assumptions, which the model has as constants.
pub(super) const ALSO_ASSUMED: [(&str, &str); 8] = [
    ("load at the busiest hour, 20:00 local time, to the daily mean", "1.75"),
    ("time zones of the data centers, hours from UTC, ±2.5", "−6, 1, 8"),
    ("a failed fetch during an outage", "⅓ 503, ⅓ refused, ⅓ silent"),
    ("ms of a reading from the data center's cache, from KV", "5, 40"),
    ("seconds until KV shows a write elsewhere, at most", "60"),
    ("writes of a key that KV accepts per second", "1"),
    ("rows that a reading of the object examines", "2"),
    ("GB for which an active object is billed", "0.128"),
];

pub(super) const OWN_NUMBERS: &str = "\
With other numbers the command prints this page and does not write it:

```sh
cargo xtask simulate --users 50000 --datacenters 60 --isolates 200
cargo xtask simulate --scenario outage --seed 2
```
";
