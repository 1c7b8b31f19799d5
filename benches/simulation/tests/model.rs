//! The model with few users: it runs in a second.

use serde_json::Value;
use simulation::{Action, Model, Scenario};

const SMALL: Model = Model {
    users: 1_500,
    datacenters: 6,
    isolates: 24,
    visits: 4.0,
    requests: 12.0,
    visit_seconds: 600.0,
    token_lifetime: 900.0,
    renewal_margin: 60.0,
    affinity: 0.9,
    idle_eviction: 600.0,
    isolate_lifetime: 3_600.0,
    cache_lifetime: 3_600.0,
    fetch_least: 0.02,
    fetch_mean: 0.08,
    broken_signatures: 0.0,
};

#[test]
fn the_same_seed_has_the_same_output_byte_for_byte() {
    let scenarios = ["rotation-at-once", "attack", "kv"].map(named);
    let output = |seed| run(&SMALL, &scenarios, seed).to_string();
    let first = output(7);
    assert_eq!(first, output(7));
    assert_ne!(first, output(8));
}

#[test]
fn no_scenario_has_a_false_rejection() {
    for scenario in short() {
        let report = one(&SMALL, &scenario);
        assert_eq!(report["failures"], Value::Array(vec![]), "{}", scenario.name);
        assert_eq!(report["falseRejections"], 0, "{}", scenario.name);
        assert!(report["accepted"].as_u64().unwrap() > 100, "{}", scenario.name);
    }
}

#[test]
fn the_oracle_notices_a_verifier_that_rejects_good_signatures() {
    let broken = Model { broken_signatures: 0.05, ..SMALL };
    let report = one(&broken, &named("rotation"));
    assert!(report["falseRejections"].as_u64().unwrap() > 0);
    let failure = report["failures"][0].as_str().unwrap();
    assert!(failure.starts_with("401 bad_signature for a token of key "), "{failure}");
}

#[test]
fn tokens_of_a_removed_key_are_rejected_within_the_age_of_a_fresh_set() {
    for name in ["rotation-at-once", "rotation-same-kid"] {
        let report = one(&SMALL, &named(name));
        assert!(report["rejectionsOfRemovedKeys"].as_u64().unwrap() > 0, "{name}");
        let removal = report["removalSeconds"].as_f64().unwrap();
        assert!((0.0..=605.0).contains(&removal), "{name}: {removal} s");
    }
}

#[test]
fn isolates_without_a_store_cannot_start_during_an_outage() {
    let unavailable = |name| one(&SMALL, &named(name))["unavailable"].as_u64().unwrap();
    assert!(unavailable("outage-workers-dev") > unavailable("outage"));
}

#[test]
fn an_attacker_with_random_kids_causes_a_bounded_number_of_fetches() {
    let actions = vec![(60.0, Action::Attack(20.0))];
    let attack = Scenario { actions, duration: 660.0, ..named("attack") };
    let quiet = Scenario { actions: Vec::new(), ..attack.clone() };
    let fetches = |scenario| one(&SMALL, &scenario)["keyFetches"].as_u64().unwrap();
    let (with, without) = (fetches(attack), fetches(quiet));
    // four at once, and one each 30 s, at each of the few isolates of the data center
    let most = (4 + 600 / 30 + 1) * 4;
    assert!(with > without + 20 && with < without + most, "{with} and {without}");
}

/// All scenarios but the day, with less warming up and slower attacks.
fn short() -> Vec<Scenario> {
    let all = Scenario::all().into_iter().filter(|scenario| !scenario.from_midnight);
    let shortened = all.map(|scenario| Scenario { warm_up: 600.0, ..scenario });
    let with_fewer_attacks = shortened.map(|mut scenario| {
        for (_, action) in &mut scenario.actions {
            if let Action::Attack(rate) = action {
                *rate = rate.min(20.0);
            }
        }
        scenario
    });
    with_fewer_attacks.collect()
}

fn named(name: &str) -> Scenario {
    let found = short().into_iter().find(|scenario| scenario.name == name);
    found.unwrap_or_else(|| panic!("there is no scenario {name}"))
}

fn one(model: &Model, scenario: &Scenario) -> Value {
    run(model, std::slice::from_ref(scenario), 7)["scenarios"][0].clone()
}

fn run(model: &Model, scenarios: &[Scenario], seed: u64) -> Value {
    simulation::run(model, scenarios, seed, |_| {})
}
