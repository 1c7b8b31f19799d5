//! The assumptions of a run, and the scenarios.

/// What the model assumes about users, data centers and isolates. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Users who come at least once a day
    pub users: u64,
    /// Data centers, of different sizes
    pub datacenters: usize,
    /// Isolates of all data centers together at their busiest hours
    pub isolates: usize,
    /// Visits of a user in a day
    pub visits: f64,
    /// Requests of a visit
    pub requests: f64,
    /// The mean duration of a visit
    pub visit_seconds: f64,
    /// From the issue of a token to its expiry
    pub token_lifetime: f64,
    /// How long before its expiry the client renews a token
    pub renewal_margin: f64,
    /// The share of a visit's requests that reach the isolate of the visit
    pub affinity: f64,
    /// An isolate without a request for this time is gone
    pub idle_eviction: f64,
    /// The mean time after which the platform replaces an isolate that is in use
    pub isolate_lifetime: f64,
    /// The mean time after which a data center's cache drops its entry
    pub cache_lifetime: f64,
    /// The shortest fetch from the auth server
    pub fetch_least: f64,
    /// What a fetch takes longer than that, on average
    pub fetch_mean: f64,
    /// The share of good signatures that a broken host rejects. Zero, except in a test of the
    /// oracle
    pub broken_signatures: f64,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            users: 1_000_000,
            datacenters: 300,
            isolates: 3_000,
            visits: 3.0,
            requests: 10.0,
            visit_seconds: 600.0,
            token_lifetime: 900.0,
            renewal_margin: 60.0,
            affinity: 0.9,
            idle_eviction: 600.0,
            isolate_lifetime: 6.0 * HOUR,
            cache_lifetime: 6.0 * HOUR,
            fetch_least: 0.02,
            fetch_mean: 0.08,
            broken_signatures: 0.0,
        }
    }
}

/// Where isolates store a fetched JWK Set for each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Store {
    /// Nowhere, as on `workers.dev`
    Nowhere,
    /// In the cache of the data center
    Cache,
    /// There, and in KV
    CacheAndKv,
}

/// Something that happens at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// The auth server signs with a new key from now on, and publishes it. It removes the old key
    /// after these seconds
    Rotate {
        /// Seconds
        overlap: f64,
    },
    /// The same at once, with the `kid` of the old key
    ReplaceUnderSameKid,
    /// The auth server is down
    OutageBegins,
    /// It is up again
    OutageEnds,
    /// All isolates stop, as with a new version of the Worker
    Deploy,
    /// Users come so many times as often
    Crowd(f64),
    /// Fetches from the auth server take so many times as long
    Slow(f64),
    /// A client sends so many tokens per second with random `kid`s to one data center, or stops
    Attack(f64),
}

/// A course of events.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name on the command line
    pub name: &'static str,
    /// A sentence for the report
    pub title: &'static str,
    /// Seconds that are measured
    pub duration: f64,
    /// Seconds before them
    pub warm_up: f64,
    /// Whether it begins at midnight UTC, or shortly before the busiest hour
    pub from_midnight: bool,
    /// Where isolates store key sets
    pub store: Store,
    /// Seconds after the start of the measurement, and what happens then
    pub actions: Vec<(f64, Action)>,
    /// Seconds of a point of the plot
    pub interval: f64,
}

impl Scenario {
    /// All scenarios, in the order of the report.
    pub fn all() -> Vec<Self> {
        let at_the_peak = |name, title, minutes: f64, actions: &[(f64, Action)]| Self {
            name,
            title,
            duration: minutes * MINUTE,
            warm_up: 20.0 * MINUTE,
            from_midnight: false,
            store: Store::Cache,
            actions: actions.iter().map(|(minute, action)| (minute * MINUTE, *action)).collect(),
            interval: 20.0,
        };
        let outage = [(10.0, Action::OutageBegins), (40.0, Action::OutageEnds)];
        let crowd = [
            (10.0, Action::Slow(10.0)),
            (10.0, Action::Crowd(3.0)),
            (11.0, Action::Crowd(6.0)),
            (12.0, Action::Crowd(10.0)),
            (20.0, Action::Crowd(1.0)),
            (20.0, Action::Slow(1.0)),
        ];
        let attack = [
            (10.0, Action::Attack(500.0)),
            (20.0, Action::Rotate { overlap: 30.0 * MINUTE }),
            (30.0, Action::Attack(0.0)),
        ];
        let rotate = |overlap| [(10.0, Action::Rotate { overlap })];
        vec![
            Self {
                duration: 24.0 * HOUR,
                from_midnight: true,
                interval: 300.0,
                ..at_the_peak("day", "a day without incidents", 0.0, &[])
            },
            at_the_peak(
                "rotation",
                "a new key, the old one stays for 30 minutes",
                50.0,
                &rotate(30.0 * MINUTE),
            ),
            at_the_peak(
                "rotation-at-once",
                "a new key, the old one is removed at once",
                30.0,
                &rotate(0.0),
            ),
            at_the_peak(
                "rotation-same-kid",
                "a new key with the `kid` of the old one, which is removed at once",
                30.0,
                &[(10.0, Action::ReplaceUnderSameKid)],
            ),
            at_the_peak("outage", "the auth server is down for half an hour", 55.0, &outage),
            Self {
                store: Store::Nowhere,
                ..at_the_peak(
                    "outage-workers-dev",
                    "the same on `workers.dev`, without a store",
                    55.0,
                    &outage,
                )
            },
            at_the_peak(
                "deploy",
                "a new version of the Worker: all isolates start at once",
                30.0,
                &[(10.0, Action::Deploy)],
            ),
            at_the_peak(
                "crowd",
                "ten times as many visitors within two minutes, and an auth server that takes ten times as long",
                30.0,
                &crowd,
            ),
            at_the_peak(
                "attack",
                "a client sends 500 tokens per second with random `kid`s to one data center, and a key is rotated meanwhile",
                40.0,
                &attack,
            ),
            Self {
                store: Store::CacheAndKv,
                ..at_the_peak("kv", "an hour with `JWKS_KV`", 60.0, &[])
            },
        ]
    }
}

impl Action {
    /// A few words for the report.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Rotate { .. } => "a new key".to_owned(),
            Self::ReplaceUnderSameKid => "a new key, the same kid".to_owned(),
            Self::OutageBegins => "the auth server is down".to_owned(),
            Self::OutageEnds => "the auth server is up".to_owned(),
            Self::Deploy => "all isolates start".to_owned(),
            Self::Crowd(factor) => format!("visits x{factor}"),
            Self::Slow(factor) => format!("fetches x{factor}"),
            Self::Attack(rate) => format!("{rate} forged tokens a second"),
        }
    }
}

pub(crate) const MINUTE: f64 = 60.0;
pub(crate) const HOUR: f64 = 3_600.0;
