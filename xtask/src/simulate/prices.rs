//! Cloudflare's public prices of the Workers Paid plan, for accounts without a contract.

/// A price per million units beyond those that the plan includes.
pub(super) struct Price {
    pub(super) what: &'static str,
    /// Units that the plan includes per month
    pub(super) included: f64,
    /// US dollars per further million units
    pub(super) per_million: f64,
    /// The page that publishes it
    pub(super) page: &'static str,
}

impl Price {
    /// US dollars for so many units in a month.
    pub(super) fn of(&self, units: f64) -> f64 {
        (units - self.included).max(0.0) / 1e6 * self.per_million
    }
}

/// When the prices were looked up.
pub(super) const READ: &str = "2026-11-28";

/// US dollars per month for the plan.
pub(super) const PLAN: f64 = 5.0;

const WORKERS: &str = "https://developers.cloudflare.com/workers/platform/pricing/";
const KV: &str = "https://developers.cloudflare.com/kv/platform/pricing/";
const OBJECTS: &str = "https://developers.cloudflare.com/durable-objects/platform/pricing/";

pub(super) const REQUESTS: Price =
    Price { what: "Worker requests", included: 10e6, per_million: 0.30, page: WORKERS };
pub(super) const CPU: Price =
    Price { what: "CPU milliseconds", included: 30e6, per_million: 0.02, page: WORKERS };
pub(super) const KV_READS: Price =
    Price { what: "KV reads", included: 10e6, per_million: 0.50, page: KV };
pub(super) const KV_WRITES: Price =
    Price { what: "KV writes", included: 1e6, per_million: 5.0, page: KV };
pub(super) const OBJECT_REQUESTS: Price =
    Price { what: "Durable Object requests", included: 1e6, per_million: 0.15, page: OBJECTS };
pub(super) const OBJECT_DURATION: Price = Price {
    what: "Durable Object duration, GB-s",
    included: 400e3,
    per_million: 12.5,
    page: OBJECTS,
};
pub(super) const OBJECT_ROWS: Price =
    Price { what: "Durable Object rows read", included: 25e9, per_million: 0.001, page: OBJECTS };

/// All of them.
pub(super) const ALL: [&Price; 7] =
    [&REQUESTS, &CPU, &KV_READS, &KV_WRITES, &OBJECT_REQUESTS, &OBJECT_DURATION, &OBJECT_ROWS];

/// Gigabytes for which an active object is billed.
pub(super) const OBJECT_MEMORY: f64 = 0.128;

/// Requests per second of one object up to which Cloudflare says that it works.
pub(super) const OBJECT_LIMIT: f64 = 1_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_plan_includes_is_free_and_the_rest_costs_its_price() {
        assert_eq!(REQUESTS.of(10e6), 0.0);
        assert_eq!(REQUESTS.of(1e6), 0.0);
        // the example on the page: 100 million requests of 7 ms cost 27.00 and 13.40
        assert!((REQUESTS.of(100e6) - 27.0).abs() < 1e-9);
        assert!((CPU.of(700e6) - 13.4).abs() < 1e-9);
    }
}
