//! The report of a run as a page.

use std::fmt::Write as _;

use super::report::{MOST_GROWTH, Report};
use super::words;
use crate::bench::memory::Resident;
use crate::bench::table::{count, table};

/// The report as Markdown, readable as plain text.
pub(super) fn text(report: &Report, date: &str) -> String {
    let minutes = report.seconds / 60.0;
    let seeds: Vec<_> = report.parts.iter().map(|part| part.plan.seed).collect();
    let (fetches, failed) = report.fetches();
    let (servers, workers) = match seeds.len() {
        1 => ("auth server", "Worker"),
        _ => ("auth servers", "Workers"),
    };
    let mut page = format!("# Soak\n\n{}", words::introduction(minutes, &seeds, date));
    let _ = write!(
        page,
        "\n## In short\n\n\
         - **Decisions**: {} requests in {minutes:.0} minutes, {} per second. {} decisions were wrong.\n\
         - **CPU time**: {} µs of workerd per request.\n\
         - **Memory**: {}\n\
         - **Connections**: {} failed before the response was complete.\n\
         - **Keys**: the {servers} published {} keys one after the other. The {workers} fetched the \
         JWK Set {} times,\n  {} of them in an outage.\n",
        number(report.total().requests),
        count(report.requests_per_second()),
        number(report.total().wrong),
        count(report.cpu),
        memory(report),
        number(report.lost()),
        report.keys(),
        number(fetches as u64),
        number(failed as u64),
    );
    let several = |text| if seeds.len() > 1 { text } else { "" };
    let (requests, checks) = (words::REQUESTS, words::CHECKS);
    let _ = write!(page, "\n## Requests\n\n{requests}\n{}\n{checks}", kinds(report));
    let (intro, more) = (words::PHASES, several(words::PHASES_OF_SEVERAL));
    let _ = write!(page, "\n## Phases\n\n{intro}{more}\n{}", phases(report));
    let (intro, more) = (words::MEMORY, several(words::MEMORY_OF_SEVERAL));
    let _ = write!(page, "\n## Memory\n\n{intro}{more}\n{}", tenths(report));
    page
}

/// Wrong decisions and lost connections, for the terminal.
pub(super) fn findings(report: &Report) -> String {
    let mut text = String::new();
    for finding in report.findings() {
        let _ = writeln!(text, "wrong: {finding}");
    }
    for lost in report.losses() {
        let _ = writeln!(text, "lost: {lost}");
    }
    text
}

fn memory(report: &Report) -> String {
    let of = |resident: &Resident| {
        format!(
            "{:.0} MB in the second tenth of the run, {:.0} MB in the last: {:.2} times as much",
            resident.second / 1e6,
            resident.last / 1e6,
            resident.growth(),
        )
    };
    let workers: Vec<_> = report.parts.iter().map(|part| of(&part.resident)).collect();
    format!("{}, of {MOST_GROWTH} allowed.", workers.join(";\n  and "))
}

fn kinds(report: &Report) -> String {
    let head = ["", "right", "requests", "forwarded", "503", "wrong"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (kind, counted) in report.kinds() {
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
    for phase in report.phases() {
        let counted = phase.counted;
        rows.push(vec![
            phase.kind.name().to_owned(),
            phase.times.to_string(),
            format!("{:.1}", phase.seconds / 60.0),
            number(counted.requests),
            count(counted.requests as f64 / phase.seconds),
            number(counted.passed),
            number(counted.unavailable),
            number(counted.wrong),
        ]);
    }
    table(&rows)
}

/// The memory of each Worker.
fn tenths(report: &Report) -> String {
    let row = |name: &str, of: &dyn Fn(&Resident) -> String| {
        let figures = report.parts.iter().map(|part| of(&part.resident));
        std::iter::once(name.to_owned()).chain(figures).collect::<Vec<_>>()
    };
    let head = report.parts.iter().map(|part| match report.parts.len() {
        1 => "MB".to_owned(),
        _ => format!("MB, seed {}", part.plan.seed),
    });
    let head = std::iter::once(String::new()).chain(head).collect();
    let megabytes = |bytes: f64| format!("{:.0}", bytes / 1e6);
    table(&[
        head,
        row("first tenth", &|it| megabytes(it.start)),
        row("second tenth", &|it| megabytes(it.second)),
        row("last tenth", &|it| megabytes(it.last)),
        row("most", &|it| megabytes(it.most)),
    ])
}

fn number(number: u64) -> String {
    count(number as f64)
}
