//! The words of the page.

/// What the page is, for a run with these seeds, one of each Worker.
pub(super) fn introduction(minutes: f64, seeds: &[u64], date: &str) -> String {
    format!(
        "Whether the Worker decides rightly, and keeps its memory, over {minutes:.0} minutes of mixed traffic.\n\
         Written by `cargo xtask soak` on {date}. {}\n\n{}The seed decides the order of the requests and of the phases.\n",
        ran(seeds),
        if seeds.len() == 1 { ONE } else { SEVERAL },
    )
}

/// How many Workers ran, and with which seeds.
fn ran(seeds: &[u64]) -> String {
    let count = NUMBERS.get(seeds.len()).map_or(seeds.len().to_string(), ToString::to_string);
    match seeds {
        [] => "No Worker ran.".to_owned(),
        [seed] => format!("One Worker ran, with seed {seed}."),
        [first, second] => {
            format!("Two Workers ran side by side, with seeds {first} and {second}.")
        }
        [first, .., last] => {
            format!("{count} Workers ran side by side, with seeds {first} to {last}.")
        }
    }
}

const NUMBERS: [&str; 9] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"];

const ONE: &str = "\
The command starts one workerd with the Worker, an auth server and an upstream on one machine.
Twenty connections send requests one after the other: tokens of hundreds of users, forged tokens of
each kind, streams and WebSockets. Meanwhile the auth server rotates its keys, and fails in several ways.
";

const SEVERAL: &str = "\
The command starts the Workers on one machine, each in a workerd and with an auth server, an upstream and an
oracle of its own. Twenty connections to each Worker send requests one after the other: tokens of hundreds of
users, forged tokens of each kind, streams and WebSockets. Meanwhile the auth server rotates its keys, and
fails in several ways.
";

pub(super) const REQUESTS: &str = "\
An oracle judges each response. It is the auth server of the run, which knows when it published and removed
each key, and when the Worker got the set. *Right* are the responses that it allows. If the Worker may not have
a new key yet, it also allows 503 `keys_unavailable`. If a key has just been removed, it allows 200, 401
`unknown_key` and 503. *Forwarded* requests reached the upstream. The command fails if a decision is wrong.
";

pub(super) const CHECKS: &str = "\
The upstream reports what it received in a header of its response. A forwarded request is wrong if the user,
the email address, the client address, the method, the path or the body differs from the client's, if a
forged header reached the upstream, or if a sampled assertion is not valid. A rejected request is wrong if it
reached the upstream.
";

pub(super) const PHASES: &str = "\
In each outage the auth server fails in another way. In the flood, nine of ten requests are forged, and the
auth server rotates a key.
";

/// After [`PHASES`], if there are several Workers.
pub(super) const PHASES_OF_SEVERAL: &str = "\
The seeds order the phases, so the Workers are in different ones. *Times* and *minutes* add up over the
Workers, and *per second* is the rate of one Worker.
";

pub(super) const MEMORY: &str = "\
The resident memory of workerd, each a median. V8 collects garbage with a delay, and its heap reaches its
size in the first tenth.
";

/// After [`MEMORY`], if there are several Workers.
pub(super) const MEMORY_OF_SEVERAL: &str =
    "Each Worker has a workerd, which is judged on its own.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_introduction_says_how_many_workers_ran() {
        let says = |seeds: &[u64], words| introduction(84.0, seeds, "today").contains(words);
        assert!(says(
            &[7],
            "today. One Worker ran, with seed 7.\n\nThe command starts one workerd"
        ));
        assert!(says(&[1, 2], "Two Workers ran side by side, with seeds 1 and 2."));
        assert!(says(&[1, 2, 3], "Three Workers ran side by side, with seeds 1 to 3."));
        assert!(says(&[3; 12], "12 Workers ran"));
        assert!(says(&[1, 2], "Twenty connections to each Worker"));
    }
}
