//! What a scenario has shown, as JSON.

use serde_json::{Value, json};

use crate::metrics::{Metrics, Totals};
use crate::model::{HOUR, Model, Scenario};
use crate::reads::SETTINGS;

/// The figures of a scenario.
pub(crate) fn report(scenario: &Scenario, metrics: &Metrics, started: u32) -> Value {
    let Metrics { totals, points, fetches, issued, alive, failures, .. } = metrics;
    let Totals { requests, accepted, hits, .. } = *totals;
    let all_fetches: u64 = fetches.iter().copied().map(u64::from).sum();
    let all_issued: u64 = issued.iter().copied().map(u64::from).sum();
    let hours = scenario.duration / HOUR;
    let of_alive = |of: fn(&crate::edge::Alive) -> usize| {
        let most = alive.iter().map(of).max().unwrap_or_default();
        (mean(alive.iter().map(|alive| of(alive) as f64)), most)
    };
    let (isolates, most_isolates) = of_alive(|alive| alive.isolates);
    let (tokens, _) = of_alive(|alive| alive.tokens);
    let (_, most_tokens) = of_alive(|alive| alive.most_tokens);
    let per_second = |count: u32| rounded(f64::from(count) / scenario.interval);
    let parts = [
        json!({
            "name": scenario.name,
            "title": scenario.title,
            "hours": rounded(hours),
            "requests": requests,
            "accepted": accepted,
            "hitRate": rounded(hits as f64 / (accepted as f64).max(1.0)),
            "falseRejections": totals.false_rejections,
            "rejectionsOfRemovedKeys": totals.rejections,
            "unavailable": totals.unavailable,
            "waitingWithoutToken": totals.without_token,
        }),
        json!({
            "keyFetches": all_fetches,
            "failedKeyFetches": totals.failed_fetches,
            "keyFetchesPerHour": (all_fetches as f64 / hours).round(),
            "keyFetchesPerSecond": rounded(all_fetches as f64 / scenario.duration),
            "mostKeyFetchesPerSecond": fetches.iter().max(),
            "tokensIssuedPerSecond": rounded(all_issued as f64 / scenario.duration),
            "mostTokensIssuedPerSecond": issued.iter().max(),
            "cacheReads": totals.cache_reads,
            "cacheHits": totals.cache_hits,
            "kvReads": totals.kv_reads,
            "kvWrites": totals.kv_writes,
            "kvRefusedWrites": totals.kv_refused,
            "attacks": totals.attacks,
            "attacksUnavailable": totals.attacks_unavailable,
            "longestWaitSeconds": rounded(totals.longest_wait),
            "longestDelaySeconds": rounded(totals.longest_delay),
            "acceptanceSeconds": rounded(totals.acceptance),
            "removalSeconds": rounded(totals.removal),
        }),
        json!({
            "isolates": rounded(isolates),
            "mostIsolates": most_isolates,
            "startedIsolates": started,
            "tokensOfAnIsolate": rounded(tokens / isolates.max(1.0)),
            "mostTokensOfAnIsolate": most_tokens,
            "revocationReads": revocation_reads(metrics),
            "failures": failures,
            "intervalSeconds": scenario.interval,
            "actions": scenario.actions.iter().map(|(after, action)| {
                json!({ "afterSeconds": after, "what": action.words() })
            }).collect::<Vec<_>>(),
            "points": {
                "requestsPerSecond":
                    points.iter().map(|point| per_second(point.requests)).collect::<Vec<_>>(),
                "hitsPerSecond": points.iter().map(|point| per_second(point.hits)).collect::<Vec<_>>(),
                "keyFetchesPerSecond":
                    points.iter().map(|point| per_second(point.fetches)).collect::<Vec<_>>(),
                "rejectionsPerSecond":
                    points.iter().map(|point| per_second(point.rejections)).collect::<Vec<_>>(),
                "unavailablePerSecond":
                    points.iter().map(|point| per_second(point.unavailable)).collect::<Vec<_>>(),
            },
        }),
    ];
    let members = parts.into_iter().filter_map(|part| match part {
        Value::Object(members) => Some(members),
        _ => None,
    });
    Value::Object(members.flatten().collect())
}

/// The assumptions.
pub(crate) fn assumptions(model: &Model) -> Value {
    json!({
        "users": model.users,
        "datacenters": model.datacenters,
        "isolates": model.isolates,
        "visitsOfAUserPerDay": model.visits,
        "requestsOfAVisit": model.requests,
        "secondsOfAVisit": model.visit_seconds,
        "tokenLifetimeSeconds": model.token_lifetime,
        "renewalMarginSeconds": model.renewal_margin,
        "affinity": model.affinity,
        "idleEvictionSeconds": model.idle_eviction,
        "isolateLifetimeSeconds": model.isolate_lifetime,
        "cacheLifetimeSeconds": model.cache_lifetime,
        "leastFetchSeconds": model.fetch_least,
        "meanFetchSeconds": rounded(model.fetch_least + model.fetch_mean),
    })
}

fn revocation_reads(metrics: &Metrics) -> Value {
    let settings = SETTINGS.iter().zip(&metrics.reads).filter(|(_, seconds)| !seconds.is_empty());
    let rows = settings.map(|((lag, shards), seconds)| {
        let most = seconds.iter().max().copied().unwrap_or_default();
        json!({
            "lagSeconds": lag,
            "shards": shards,
            "perSecond": rounded(mean(seconds.iter().copied().map(f64::from))),
            "mostPerSecond": most,
        })
    });
    rows.collect()
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len().max(1) as f64;
    numbers.sum::<f64>() / count
}

/// Rounded to thousandths.
fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
