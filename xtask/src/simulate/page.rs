//! The report as a page.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

use super::costs::{self, Line, MONTH, Measured};
use super::{OPTIONS, prices, words};
use crate::bench::table::{count, table};

/// A report, and the figures of the other benchmarks.
pub(super) struct Page<'r> {
    report: &'r Value,
    scenarios: &'r [Value],
    measured: Measured,
}

impl<'r> Page<'r> {
    pub(super) fn new(report: &'r Value) -> Result<Self> {
        let scenarios = report["scenarios"].as_array().context("the report has no scenarios")?;
        Ok(Self { report, scenarios, measured: Measured::read()? })
    }

    /// The report as Markdown, readable as plain text.
    pub(super) fn text(&self) -> Result<String> {
        let (date, seed) = (text(&self.report["date"]), text(&self.report["seed"]));
        let assumed = |name: &str| count(figure(&self.report["assumptions"][name]));
        let (users, datacenters) = (assumed("users"), assumed("datacenters"));
        let introduction = words::introduction(&users, &datacenters, &date, &seed);
        let mut page = format!("# Scale\n\n{introduction}\n");
        if let Some(day) = self.scenario("day") {
            let _ = write!(page, "\n## In short\n\n{}", self.summary(day)?);
        }
        let _ = write!(page, "\n## Scenarios\n\n{}\n{}", words::SCENARIOS, self.decisions());
        let _ = write!(page, "\n{}\n{}", words::DECISIONS, self.courses());
        let _ = write!(page, "\n## The auth server\n\n{}\n{}", words::FETCHES, self.fetches());
        let _ = write!(page, "\n{}", words::FETCH_PLOTS);
        let _ = write!(page, "\n## New and removed keys\n\n{}\n{}", words::LAGS, self.lags());
        let _ = write!(page, "\n{}\n{}", words::REMOVED_KEYS, words::RESPONSE_PLOTS);
        if let Some(day) = self.scenario("day") {
            let isolates = format!("{}\n{}", words::isolates(&self.measured), self.memory());
            let resident = words::resident(self.measured.resident);
            let _ = write!(page, "\n## An isolate\n\n{isolates}\n{resident}");
            let reads = format!("{}\n{}", words::REVOCATIONS, self.reads(day)?);
            let _ = write!(page, "\n## Revocation\n\n{reads}\n{}", words::shards());
            let warm_ups = costs::warm_ups(day, &self.measured)?;
            let bill = format!("{}\n{}", words::bill(&self.measured, warm_ups), self.bill(day)?);
            let _ = write!(page, "\n## The bill\n\n{bill}\n{}", self.refused_writes());
            let _ = write!(page, "\n{}", words::prices(prices::READ));
            let _ = write!(page, "\n{}", prices_table());
        }
        let _ = write!(page, "\n## Assumptions\n\n{}\n{}", words::ASSUMPTIONS, self.assumptions());
        let _ = write!(page, "\n{}", words::OWN_NUMBERS);
        Ok(page)
    }

    /// The chief figures, of a day without incidents.
    fn summary(&self, day: &Value) -> Result<String> {
        let sum = |name: &str| self.scenarios.iter().map(|it| figure(&it[name])).sum::<f64>();
        let number = |name: &str| figure(&day[name]);
        let requests = costs::requests(day, &self.measured)?;
        let edge = prices::PLAN + requests.iter().map(Line::dollars).sum::<f64>();
        let reads = day["revocationReads"].as_array().and_then(|all| all.first());
        let lines = reads.map(costs::revocations).transpose()?;
        let revocation: f64 = lines.iter().flatten().map(Line::dollars).sum();
        let most = self.measured.megabytes(2.0, number("mostTokensOfAnIsolate"));
        Ok(format!(
            "- **Decisions**: {} requests in {} scenarios, {} of them a false 401.\n\
             - **Auth server**: {:.1} key fetches per second on average and {} at most, from {} live isolates. \
             Clients get\n  {:.0} tokens per second from it. If the API asked it about each request, it \
             would get {} per second.\n\
             - **Bill**: ${} per month, {:.0} % of it for Worker requests. Revocation adds ${}.\n\
             - **Memory**: at most {most:.1} MB of wasm memory for an isolate, of the 128 MB that it may have.\n",
            count(sum("requests")),
            self.scenarios.len(),
            count(sum("falseRejections")),
            number("keyFetchesPerSecond"),
            count(number("mostKeyFetchesPerSecond")),
            count(number("isolates")),
            number("tokensIssuedPerSecond"),
            count(number("requests") / (number("hours") * 3_600.0)),
            count(edge),
            100.0 * requests[0].dollars() / edge,
            count(revocation),
        ))
    }

    fn refused_writes(&self) -> String {
        let scenario = self.scenario("kv").unwrap_or(&Value::Null);
        let writes = ["kvRefusedWrites", "kvWrites"].map(|name| count(figure(&scenario[name])));
        words::refused_writes(&writes[0], &writes[1])
    }

    fn scenario(&self, name: &str) -> Option<&'r Value> {
        self.scenarios.iter().find(|scenario| scenario["name"] == name)
    }

    fn rows(&self, head: &[&str], row: impl Fn(&Value) -> Vec<String>) -> String {
        let mut rows = vec![head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
        rows.extend(self.scenarios.iter().map(|scenario| {
            let name = format!("`{}`", text(&scenario["name"]));
            [name].into_iter().chain(row(scenario)).collect::<Vec<_>>()
        }));
        table(&rows)
    }

    fn courses(&self) -> String {
        let mut list = String::new();
        for scenario in self.scenarios {
            let title = text(&scenario["title"]);
            let _ = writeln!(list, "- `{}`: {title}", text(&scenario["name"]));
        }
        list
    }

    fn decisions(&self) -> String {
        let head = ["", "requests", "cached", "false 401", "401, key removed", "503", "of them"];
        self.rows(&head, |scenario| {
            let requests = figure(&scenario["requests"]);
            let unavailable = figure(&scenario["unavailable"]);
            vec![
                count(requests),
                format!("{:.1} %", 100.0 * figure(&scenario["hitRate"])),
                count(figure(&scenario["falseRejections"])),
                count(figure(&scenario["rejectionsOfRemovedKeys"])),
                count(unavailable),
                format!("{:.3} %", 100.0 * unavailable / requests.max(1.0)),
            ]
        })
    }

    fn fetches(&self) -> String {
        let head =
            ["key fetches", "per hour", "failed", "per s, mean", "per s, most", "tokens per s"];
        self.rows(&[&[""][..], &head].concat(), |scenario| {
            vec![
                count(figure(&scenario["keyFetches"])),
                count(figure(&scenario["keyFetchesPerHour"])),
                count(figure(&scenario["failedKeyFetches"])),
                format!("{:.1}", figure(&scenario["keyFetchesPerSecond"])),
                count(figure(&scenario["mostKeyFetchesPerSecond"])),
                format!("{:.0}", figure(&scenario["tokensIssuedPerSecond"])),
            ]
        })
    }

    fn lags(&self) -> String {
        let head = [
            "seconds",
            "a request waited",
            "a client waited",
            "new key accepted",
            "removed key counted",
        ];
        self.rows(&head, |scenario| {
            ["longestWaitSeconds", "longestDelaySeconds", "acceptanceSeconds", "removalSeconds"]
                .map(|name| match figure(&scenario[name]) {
                    0.0 => "–".to_owned(),
                    seconds => format!("{seconds:.1}"),
                })
                .to_vec()
        })
    }

    fn memory(&self) -> String {
        let head = ["isolates", "most", "tokens", "most", "MB", "most"];
        self.rows(&[&[""][..], &head].concat(), |scenario| {
            let tokens = figure(&scenario["tokensOfAnIsolate"]);
            let most = figure(&scenario["mostTokensOfAnIsolate"]);
            vec![
                count(figure(&scenario["isolates"])),
                count(figure(&scenario["mostIsolates"])),
                count(tokens),
                count(most),
                format!("{:.1}", self.measured.megabytes(1.0, tokens)),
                format!("{:.1}", self.measured.megabytes(2.0, most)),
            ]
        })
    }

    fn reads(&self, day: &Value) -> Result<String> {
        let head = [
            "`REVOCATION_LAG`",
            "`REVOCATION_SHARDS`",
            "reads per s",
            "of an object",
            "most",
            "$ per month",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for reads in day["revocationReads"].as_array().into_iter().flatten() {
            let (shards, mean) = (figure(&reads["shards"]), figure(&reads["perSecond"]));
            let dollars: f64 = costs::revocations(reads)?.iter().map(Line::dollars).sum();
            rows.push(vec![
                format!("{} s", text(&reads["lagSeconds"])),
                count(shards),
                count(mean),
                count(mean / shards),
                count(figure(&reads["mostPerSecond"]) / shards),
                count(dollars),
            ]);
        }
        Ok(table(&rows))
    }

    fn bill(&self, day: &Value) -> Result<String> {
        let mut rows = vec![["", "a month", "$"].map(str::to_owned).to_vec()];
        let mut add = |what: &str, lines: &[Line]| {
            for line in lines {
                let what = format!("{what}: {}", line.price.what);
                rows.push(vec![what, count(line.units), format!("{:.2}", line.dollars())]);
            }
            lines.iter().map(Line::dollars).sum::<f64>()
        };
        let requests = add("edge", &costs::requests(day, &self.measured)?);
        let mut total = prices::PLAN + requests;
        let mut variants = Vec::new();
        if let Some(scenario) = self.scenario("kv") {
            let dollars = add("`JWKS_KV`", &costs::key_value(scenario)?);
            variants.push(("with `JWKS_KV`", dollars));
        }
        let reads = day["revocationReads"].as_array().and_then(|all| all.first());
        if let Some(reads) = reads {
            let dollars = add("revocation", &costs::revocations(reads)?);
            variants.push(("with revocation too", dollars));
        }
        let dollars = |total: f64| format!("**{total:.2}**");
        rows.push(vec!["**plan and edge**".to_owned(), String::new(), dollars(total)]);
        for (what, further) in variants {
            total += further;
            rows.push(vec![format!("**{what}**"), String::new(), dollars(total)]);
        }
        let users = figure(&self.report["assumptions"]["users"]);
        let cents = 100.0 * total / users;
        rows.push(vec!["per user, cents".to_owned(), String::new(), format!("{cents:.3}")]);
        Ok(table(&rows))
    }

    fn assumptions(&self) -> String {
        let mut rows = vec![["", "", "option"].map(str::to_owned).to_vec()];
        let assumptions = &self.report["assumptions"];
        for (name, what, option) in words::ASSUMED {
            let number = figure(&assumptions[name]);
            let number = match number.fract() {
                0.0 => count(number),
                _ => format!("{number}"),
            };
            debug_assert!(option.is_empty() || OPTIONS.iter().any(|(known, _)| *known == option));
            let option = if option.is_empty() { String::new() } else { format!("`{option}`") };
            rows.push(vec![what.to_owned(), number, option]);
        }
        for (what, number) in words::ALSO_ASSUMED {
            rows.push(vec![what.to_owned(), number.to_owned(), String::new()]);
        }
        rows.push(vec!["hours of a month".to_owned(), count(MONTH), String::new()]);
        table(&rows)
    }
}

fn prices_table() -> String {
    let mut rows =
        vec![["", "included per month", "$ per further million"].map(str::to_owned).to_vec()];
    for price in prices::ALL {
        let what = format!("[{}]({})", price.what, price.page);
        rows.push(vec![what, count(price.included), format!("{}", price.per_million)]);
    }
    table(&rows)
}

fn figure(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
