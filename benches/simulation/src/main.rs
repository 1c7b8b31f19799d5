//! Prints what the model shows as JSON. `cargo xtask simulate` runs it.

use std::process::ExitCode;

use simulation::{Model, Scenario};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match options(&arguments) {
        Ok((model, scenarios, seed)) => {
            let ended = |name: &str| eprintln!("simulation: {name} has ended");
            println!("{}", simulation::run(&model, &scenarios, seed, ended));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("simulation: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The model, the scenarios and the seed of a command line.
fn options(arguments: &[String]) -> Result<(Model, Vec<Scenario>, u64), String> {
    let (mut model, mut scenarios, mut seed) = (Model::default(), Scenario::all(), 1);
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return Err(format!("{} needs a value", pair[0])) };
        match name.as_str() {
            "--seed" => seed = number(name, value, 0)?,
            "--users" => model.users = number(name, value, 1)?,
            "--datacenters" => model.datacenters = number(name, value, 1)? as usize,
            "--isolates" => model.isolates = number(name, value, 1)? as usize,
            "--visits" => model.visits = number(name, value, 1)? as f64,
            "--requests" => model.requests = number(name, value, 1)? as f64,
            "--token-lifetime" => model.token_lifetime = number(name, value, 120)? as f64,
            "--scenario" => {
                scenarios.retain(|scenario| scenario.name == value);
                if scenarios.is_empty() {
                    let names: Vec<_> = Scenario::all().iter().map(|it| it.name).collect();
                    return Err(format!("the scenarios are {}", names.join(", ")));
                }
            }
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok((model, scenarios, seed))
}

/// A whole number, at least `least`.
fn number(name: &str, value: &str, least: u64) -> Result<u64, String> {
    let number = value.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| format!("{name} takes a whole number from {least} on"))
}
