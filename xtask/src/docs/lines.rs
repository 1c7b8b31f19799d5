//! Line charts of the simulation and of the soak test, as SVG, drawn from `scale.json` and
//! `soak.json` in `docs/benchmarks/`. The output is deterministic.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

use super::plots::{Theme, document, read, title};

/// A chart with panels side by side.
pub(super) struct Chart {
    /// The file name
    pub(super) name: &'static str,
    /// The description for screen readers
    description: &'static str,
    panels: Vec<Panel>,
}

/// Lines over a common time.
struct Panel {
    title: String,
    /// The muted line first, so that the other one is on top
    lines: Vec<Line>,
    /// Seconds of a point
    interval: f64,
    /// Seconds at which something happens
    marks: Vec<f64>,
}

struct Line {
    points: Vec<f64>,
    is_muted: bool,
}

/// All charts.
pub(super) fn charts() -> Result<Vec<Chart>> {
    let report = read("scale")?;
    let scenarios = report["scenarios"].as_array().context("the report has no scenarios")?;
    let fetches = scenarios
        .iter()
        .map(|scenario| Panel::new(scenario, "key fetches", &[("keyFetchesPerSecond", false)]));
    let happens = |scenario: &&Value| !scenario["actions"].as_array().is_none_or(Vec::is_empty);
    let responses = scenarios.iter().filter(happens).map(|scenario| {
        let lines = [("rejectionsPerSecond", true), ("unavailablePerSecond", false)];
        Panel::new(scenario, "401 and 503", &lines)
    });
    let hits = scenarios.iter().filter(|scenario| scenario["name"] == "day").map(|scenario| {
        let lines = [("requestsPerSecond", true), ("hitsPerSecond", false)];
        Panel::new(scenario, "requests and cached tokens", &lines)
    });
    Ok(vec![
        Chart {
            name: "scale-fetches",
            description: "Fetches of the JWK Set per second over time, by scenario",
            panels: fetches.collect::<Result<_>>()?,
        },
        Chart {
            name: "scale-responses",
            description: "Requests with a cached token, and responses 401 and 503, per second over time",
            panels: hits.chain(responses).collect::<Result<_>>()?,
        },
        Chart {
            name: "soak",
            description: "Requests per second and the memory of workerd over a soak test",
            panels: soak_panels(&read("soak")?)?,
        },
    ])
}

/// The minutes of the soak test.
fn soak_panels(report: &Value) -> Result<Vec<Panel>> {
    let samples = report["samples"].as_array().context("the soak test has no samples")?;
    let panel = |title: &str, name: &str| {
        let points = samples.iter().map(|sample| sample[name].as_f64().context("not a number"));
        let line = Line { points: points.collect::<Result<_>>()?, is_muted: false };
        anyhow::Ok(Panel {
            title: title.to_owned(),
            lines: vec![line],
            interval: 60.0,
            marks: Vec::new(),
        })
    };
    Ok(vec![
        panel("requests/s", "requestsPerSecond")?,
        panel("memory of all Workers, MB", "megabytes")?,
    ])
}

impl Chart {
    pub(super) fn svg(&self, theme: &Theme) -> String {
        let mut body = String::new();
        let mut top = 0.0;
        for row in self.panels.chunks(2) {
            for (column, panel) in row.iter().enumerate() {
                let left = column as f64 * (PANEL + GAP);
                let _ = writeln!(body, "<g transform=\"translate({left} {top})\">");
                body.push_str(&panel.svg(theme));
                body.push_str("</g>\n");
            }
            top += ROW;
        }
        document([2.0 * PANEL + GAP, top - 14.0], self.description, &body)
    }
}

impl Panel {
    fn new(scenario: &Value, what: &str, lines: &[(&str, bool)]) -> Result<Self> {
        let name = scenario["name"].as_str().context("a scenario has no name")?;
        let lines = lines.iter().map(|&(name, is_muted)| {
            let points = scenario["points"][name].as_array();
            let points = points.with_context(|| format!("a scenario has no {name}"))?;
            let points = points.iter().map(|point| point.as_f64().context("not a number"));
            Ok(Line { points: points.collect::<Result<_>>()?, is_muted })
        });
        let lines = lines.collect::<Result<_>>()?;
        let interval = scenario["intervalSeconds"].as_f64().context("no interval")?;
        let actions = scenario["actions"].as_array().into_iter().flatten();
        let marks = actions.filter_map(|action| action["afterSeconds"].as_f64()).collect();
        Ok(Self { title: format!("{name}: {what} per s"), lines, interval, marks })
    }

    fn svg(&self, theme: &Theme) -> String {
        let all = self.lines.iter().flat_map(|line| &line.points).copied();
        let most = all.fold(0.0, f64::max);
        let (scale, count) = (ceiling(most), self.lines.first().map_or(0, |it| it.points.len()));
        let duration = count as f64 * self.interval;
        let x = |seconds: f64| AXIS + seconds / duration.max(1.0) * (PANEL - AXIS);
        let y = |value: f64| TITLE + HEIGHT * (1.0 - value / scale);
        let (bottom, muted) = (TITLE + HEIGHT, theme.muted);
        let mut svg = title(&self.title, theme);
        for value in [0.0, scale / 2.0, scale] {
            let (height, label, end) = (y(value), figure(value), AXIS - 6.0);
            let _ = writeln!(
                svg,
                "<path d=\"M{AXIS} {height:.1}H{PANEL}\" stroke=\"{muted}\" stroke-opacity=\"0.3\"/>\
                 <text x=\"{end}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{muted}\">{label}</text>",
                height + 4.0,
            );
        }
        for mark in &self.marks {
            let _ = writeln!(
                svg,
                "<path d=\"M{:.1} {TITLE}V{bottom}\" stroke=\"{muted}\" stroke-dasharray=\"3 3\"/>",
                x(*mark),
            );
        }
        for line in &self.lines {
            let color = if line.is_muted { theme.others } else { theme.ours };
            let points = line.points.iter().enumerate().map(|(index, value)| {
                format!("{:.1} {:.1}", x((index as f64 + 0.5) * self.interval), y(*value))
            });
            let points = points.collect::<Vec<_>>().join("L");
            let _ = writeln!(
                svg,
                "<path d=\"M{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\"/>"
            );
        }
        let (unit, seconds) = if duration > 4.0 * 3_600.0 { ("h", 3_600.0) } else { ("min", 60.0) };
        for part in [0.0, 0.5, 1.0] {
            let anchor = ["start", "middle", "end"][(part * 2.0) as usize];
            let at = part * duration;
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"{muted}\">\
                 {:.0} {unit}</text>",
                x(at),
                bottom + 15.0,
                at / seconds,
            );
        }
        svg
    }
}

/// Sizes in pixels.
const PANEL: f64 = 352.0;
const GAP: f64 = 32.0;
const TITLE: f64 = 24.0;
const HEIGHT: f64 = 96.0;
const ROW: f64 = TITLE + HEIGHT + 40.0;
/// The width of the figures beside the axis
const AXIS: f64 = 44.0;

/// The least number of one digit, or 1.5 or 2.5, times a power of ten that is not less.
fn ceiling(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let step = steps.into_iter().find(|step| step * power >= value).unwrap_or(10.0);
    step * power
}

/// Formats a number without zeros at its end.
fn figure(value: f64) -> String {
    let digits = if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") };
    match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::super::plots::LIGHT;
    use super::*;

    #[test]
    fn a_line_reaches_from_the_axis_to_the_end_and_up_to_its_scale() {
        let line = |points: &[f64], is_muted| Line { points: points.to_vec(), is_muted };
        let lines = vec![line(&[0.0, 4.0], false), line(&[1.0, 1.0], true)];
        let panel = Panel { title: "a < b".into(), lines, interval: 60.0, marks: vec![60.0] };
        let svg = panel.svg(&LIGHT);
        // two points in the middle of each half; 4 is the whole scale
        assert!(svg.contains("M121.0 120.0L275.0 24.0"), "{svg}");
        assert!(svg.contains("M121.0 96.0L275.0 96.0"), "{svg}");
        assert!(svg.contains("M198.0 24V120"), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.contains("2 min"));
    }

    #[test]
    fn the_chart_of_a_soak_test_shows_its_minutes() {
        let sample =
            |requests: u32| serde_json::json!({"requestsPerSecond": requests, "megabytes": 250});
        let report = serde_json::json!({"samples": [sample(1_000), sample(2_000)]});
        let panels = soak_panels(&report).unwrap();
        assert_eq!(panels.len(), 2);
        assert!(panels[0].svg(&LIGHT).contains("M121.0 72.0L275.0 24.0"));
        assert!(panels[1].svg(&LIGHT).contains("2 min"));
        assert!(soak_panels(&Value::Null).is_err());
    }

    #[test]
    fn a_scale_is_a_round_number_that_is_not_less_than_its_values() {
        for (value, scale) in [(0.0, 1.0), (0.9, 1.0), (7.1, 8.0), (1_234.0, 1_500.0)] {
            assert!((ceiling(value) - scale).abs() < 1e-9, "{value}");
        }
        assert_eq!([2.5, 10.0, 0.05, 40.0].map(figure), ["2.5", "10", "0.05", "40"]);
    }
}
