//! The report of a run as a page.

use std::fmt::Write as _;

use super::report::{MOST_GROWTH, Report};
use crate::bench::table::{count, table};

/// The report as Markdown, readable as plain text.
pub(super) fn text(report: &Report, date: &str) -> String {
    let minutes = report.seconds / 60.0;
    let (seed, (fetches, failed)) = (report.plan.seed, report.fetches);
    let mut page = format!("# Soak\n\n{}", introduction(minutes, seed, date));
    let _ = write!(
        page,
        "\n## In short\n\n\
         - **Decisions**: {} requests in {minutes:.0} minutes, {} per second. {} decisions were wrong.\n\
         - **CPU time**: {} µs of workerd per request.\n\
         - **Memory**: {}\n\
         - **Connections**: {} failed before the response was complete.\n\
         - **Keys**: the auth server published {} keys one after the other. The Worker fetched the \
         JWK Set {} times,\n  {} of them in an outage.\n",
        number(report.total.requests),
        count(report.requests_per_second()),
        number(report.total.wrong),
        count(report.cpu),
        memory(report),
        number(report.lost.0),
        report.plan.keys.len(),
        number(fetches as u64),
        number(failed as u64),
    );
    let _ = write!(page, "\n## Requests\n\n{REQUESTS}\n{}\n{CHECKS}", kinds(report));
    let _ = write!(page, "\n## Phases\n\n{PHASES}\n{}", phases(report));
    let _ = write!(page, "\n## Memory\n\n{MEMORY}\n{}", tenths(report));
    page
}

/// Wrong decisions and lost connections, for the terminal.
pub(super) fn findings(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "wrong: {finding}");
    }
    for lost in &report.lost.1 {
        let _ = writeln!(text, "lost: {lost}");
    }
    text
}

fn introduction(minutes: f64, seed: u64, date: &str) -> String {
    format!(
        "Whether the Worker decides rightly, and keeps its memory, over {minutes:.0} minutes of mixed traffic.\n\
         Written by `cargo xtask soak` on {date}, seed {seed}.\n\
         \n\
         The command starts one workerd with the Worker, an auth server and an upstream on one machine.\n\
         Twenty connections send requests one after the other: tokens of hundreds of users, forged tokens of\n\
         each kind, streams and WebSockets. Meanwhile the auth server rotates its keys, and fails in several ways.\n\
         The seed decides the order of the requests and of the phases.\n"
    )
}

const REQUESTS: &str = "\
An oracle judges each response. It is the auth server of the run, which knows when it published and removed
each key, and when the Worker got the set. *Right* are the responses that it allows. If the Worker may not have
a new key yet, it also allows 503 `keys_unavailable`. If a key has just been removed, it allows 200, 401
`unknown_key` and 503. *Forwarded* requests reached the upstream. The command fails if a decision is wrong.
";

const CHECKS: &str = "\
The upstream reports what it received in a header of its response. A forwarded request is wrong if the user,
the email address, the client address, the method, the path or the body differs from the client's, if a
forged header reached the upstream, or if a sampled assertion is not valid. A rejected request is wrong if it
reached the upstream.
";

const PHASES: &str = "\
In each outage the auth server fails in another way. In the flood, nine of ten requests are forged, and the
auth server rotates a key.
";

const MEMORY: &str = "\
The resident memory of workerd, each a median. V8 collects garbage with a delay, and its heap reaches its
size in the first tenth.
";

fn memory(report: &Report) -> String {
    let resident = &report.resident;
    format!(
        "{:.0} MB in the second tenth of the run, {:.0} MB in the last: {:.2} times as much, of {MOST_GROWTH} allowed.",
        resident.second / 1e6,
        resident.last / 1e6,
        resident.growth(),
    )
}

fn kinds(report: &Report) -> String {
    let head = ["", "right", "requests", "forwarded", "503", "wrong"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (kind, counted) in &report.kinds {
        rows.push(vec![
            kind.title().to_owned(),
            kind.right().to_owned(),
            number(counted.requests),
            number(counted.passed),
            number(counted.unavailable),
            number(counted.wrong),
        ]);
    }
    table(&rows)
}

fn phases(report: &Report) -> String {
    let head = ["", "times", "minutes", "requests", "per second", "forwarded", "503", "wrong"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (kind, times, seconds, counted) in report.by_phase() {
        rows.push(vec![
            kind.name().to_owned(),
            times.to_string(),
            format!("{:.1}", seconds / 60.0),
            number(counted.requests),
            count(counted.requests as f64 / seconds),
            number(counted.passed),
            number(counted.unavailable),
            number(counted.wrong),
        ]);
    }
    table(&rows)
}

fn tenths(report: &Report) -> String {
    let resident = &report.resident;
    let mut rows = vec![["", "MB"].map(str::to_owned).to_vec()];
    for (name, bytes) in [
        ("first tenth", resident.start),
        ("second tenth", resident.second),
        ("last tenth", resident.last),
        ("most", resident.most),
    ] {
        rows.push(vec![name.to_owned(), format!("{:.0}", bytes / 1e6)]);
    }
    table(&rows)
}

fn number(number: u64) -> String {
    count(number as f64)
}
