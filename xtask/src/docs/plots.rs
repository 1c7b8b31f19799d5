//! Bar charts of the benchmarks, as SVG, drawn from `docs/benchmarks/*.json`. The output is
//! deterministic. `lines` draws those of the simulation.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::lines;
use crate::{root, write_changed};

/// Writes all charts to `docs/assets/benchmarks/`, each for the light and the dark theme.
///
/// # Errors
/// A benchmark's JSON is missing or has an unexpected shape.
pub fn write() -> Result<()> {
    let directory = root().join("docs/assets/benchmarks");
    fs::create_dir_all(&directory)?;
    let save = |name: &str, draw: &dyn Fn(&Theme) -> String| {
        for (suffix, theme) in [("", &LIGHT), ("-dark", &DARK)] {
            write_changed(&directory.join(format!("{name}{suffix}.svg")), &draw(theme))?;
        }
        anyhow::Ok(())
    };
    for chart in charts()? {
        save(&chart.name, &|theme| chart.svg(theme))?;
    }
    for chart in lines::charts()? {
        save(chart.name, &|theme| chart.svg(theme))?;
    }
    Ok(())
}

/// A chart with panels side by side.
struct Chart {
    /// The file name
    name: String,
    /// The description for screen readers
    description: String,
    panels: Vec<Panel>,
}

/// Bars with a common scale.
struct Panel {
    title: String,
    bars: Vec<Bar>,
}

struct Bar {
    label: String,
    value: f64,
}

pub(super) struct Theme {
    pub(super) text: &'static str,
    pub(super) muted: &'static str,
    pub(super) ours: &'static str,
    pub(super) others: &'static str,
}

pub(super) const LIGHT: Theme =
    Theme { text: "#213547", muted: "#59636e", ours: "#2f6fde", others: "#b6bec9" };
const DARK: Theme = Theme { text: "#dfdfd6", muted: "#a2a8b0", ours: "#6ea0ff", others: "#565d68" };

fn charts() -> Result<Vec<Chart>> {
    let verification = read("verification")?;
    let gateway = read("gateway")?;
    let mut charts = Vec::new();
    for (name, runtime) in [("workerd", "workerd"), ("node", "Node")] {
        let figures = figures(&verification, "verifications")?
            .iter()
            .filter(|figure| figure["runtime"] == runtime);
        charts.push(Chart {
            name: format!("verification-{name}"),
            description: format!("Microseconds for a verification in {runtime}; less is better"),
            panels: panels(figures, "algorithm", "candidate", "microseconds", |algorithm| {
                format!("{algorithm}, µs")
            })?,
        });
    }
    charts.push(Chart {
        name: "first-token".into(),
        description: "Milliseconds to the first verified token; less is better".into(),
        panels: panels(
            figures(&verification, "firstTimes")?.iter(),
            "runtime",
            "what",
            "milliseconds",
            |runtime| format!("{runtime}, ms"),
        )?,
    });
    for (name, figure, unit, better) in [
        ("requests", "requestsPerSecond", "requests/s", "more is better"),
        ("cpu", "cpuMicrosecondsPerRequest", "CPU µs a request", "less is better"),
    ] {
        charts.push(Chart {
            name: format!("gateway-{name}"),
            description: format!("The gateway under load, {unit}; {better}"),
            panels: panels(
                figures(&gateway, "figures")?.iter(),
                "load",
                "candidate",
                figure,
                |load| format!("{load}, {unit}"),
            )?,
        });
    }
    Ok(charts)
}

pub(super) fn read(name: &str) -> Result<Value> {
    let file = root().join("docs/benchmarks").join(name).with_extension("json");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file:?}"))?;
    Ok(serde_json::from_str(&text)?)
}

fn figures<'a>(report: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    report[name].as_array().with_context(|| format!("the report has no {name}"))
}

/// A panel for each value of `group`, in the report's order.
fn panels<'a>(
    figures: impl Iterator<Item = &'a Value>,
    group: &str,
    label: &str,
    value: &str,
    title: impl Fn(&str) -> String,
) -> Result<Vec<Panel>> {
    let mut panels: Vec<Panel> = Vec::new();
    for figure in figures {
        let group = figure[group].as_str().with_context(|| format!("a figure has no {group}"))?;
        let title = title(group);
        let label = figure[label].as_str().with_context(|| format!("a figure has no {label}"))?;
        let value = figure[value].as_f64().with_context(|| format!("a figure has no {value}"))?;
        let bar = Bar { label: label.to_owned(), value };
        match panels.iter_mut().find(|panel| panel.title == title) {
            Some(panel) => panel.bars.push(bar),
            None => panels.push(Panel { title, bars: vec![bar] }),
        }
    }
    Ok(panels)
}

/// Sizes in pixels.
const WIDTH: f64 = 736.0;
const GAP: f64 = 32.0;
const TITLE: f64 = 26.0;
const ROW: f64 = 22.0;
const BAR: f64 = 14.0;
/// The average width of a character of a label
const LETTER: f64 = 6.3;
/// The width of the figure after a bar
const FIGURE: f64 = 44.0;

impl Chart {
    fn svg(&self, theme: &Theme) -> String {
        let width = (WIDTH - GAP) / 2.0;
        let mut body = String::new();
        let mut top = 0.0;
        for row in self.panels.chunks(2) {
            for (column, panel) in row.iter().enumerate() {
                let left = if column == 0 { 0.0 } else { width + GAP };
                let _ = writeln!(body, "<g transform=\"translate({left} {top})\">");
                body.push_str(&panel.svg(theme, width));
                body.push_str("</g>\n");
            }
            let bars = row.iter().map(|panel| panel.bars.len()).max().unwrap_or_default();
            top += TITLE + bars as f64 * ROW + 18.0;
        }
        document([WIDTH, top - 18.0], &self.description, &body)
    }
}

impl Panel {
    fn svg(&self, theme: &Theme, width: f64) -> String {
        let letters = self.bars.iter().map(|bar| bar.label.chars().count()).max();
        let labels = letters.unwrap_or_default() as f64 * LETTER + 8.0;
        let most = self.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        let scale = (width - labels - FIGURE) / most.max(f64::MIN_POSITIVE);
        let text = theme.text;
        let mut svg = title(&self.title, theme);
        for (row, bar) in self.bars.iter().enumerate() {
            let top = TITLE + row as f64 * ROW;
            let baseline = top + 11.0;
            let length = (bar.value * scale).max(1.0);
            let ours = bar.label.split([' ', ',']).any(|word| matches!(word, "ours" | "our"));
            let (fill, color) = if ours { (theme.ours, text) } else { (theme.others, theme.muted) };
            let (end, figure, label) =
                (labels + length + 6.0, figure(bar.value), escaped(&bar.label));
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{baseline:.1}\" text-anchor=\"end\" fill=\"{color}\">{label}</text>\
                 <rect x=\"{labels:.1}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{fill}\"/>\
                 <text x=\"{end:.1}\" y=\"{baseline:.1}\" fill=\"{text}\">{figure}</text>",
                labels - 8.0,
            );
        }
        svg
    }
}

/// Formats a number with two digits, or with all digits before the decimal point.
fn figure(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// An SVG of this width and height with a description.
pub(super) fn document([width, height]: [f64; 2], description: &str, body: &str) -> String {
    let description = escaped(description);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <title>{description}</title>\n{body}</svg>\n"
    )
}

/// The title of a panel, at its top.
pub(super) fn title(text: &str, theme: &Theme) -> String {
    let (text, color) = (escaped(text), theme.text);
    format!("<text y=\"13\" font-weight=\"600\" fill=\"{color}\">{text}</text>\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_charts_show_the_figures_of_the_reports() {
        let directory = root().join("docs/assets/benchmarks");
        for chart in charts().unwrap() {
            let file = directory.join(&chart.name).with_extension("svg");
            let drawn = fs::read_to_string(&file).unwrap_or_default();
            assert!(drawn == chart.svg(&LIGHT), "cargo xtask docs draws {file:?} again");
        }
        for chart in lines::charts().unwrap() {
            let file = directory.join(chart.name).with_extension("svg");
            let drawn = fs::read_to_string(&file).unwrap_or_default();
            assert!(drawn == chart.svg(&LIGHT), "cargo xtask docs draws {file:?} again");
        }
    }

    #[test]
    fn a_panel_of_the_gateway_has_one_load_and_a_bar_for_each_gateway() {
        let charts = charts().unwrap();
        for chart in charts.iter().filter(|chart| chart.name.starts_with("gateway-")) {
            let titles: Vec<_> =
                chart.panels.iter().filter_map(|it| it.title.split(", ").next()).collect();
            assert_eq!(titles[..2], ["one token", "48 tokens"]);
            for panel in &chart.panels {
                let labels: BTreeSet<_> = panel.bars.iter().map(|bar| &bar.label).collect();
                assert_eq!(labels.len(), panel.bars.len(), "{}", panel.title);
            }
        }
    }

    #[test]
    fn a_figure_without_a_group_is_an_error() {
        let figure = serde_json::json!({"candidate": "ours", "figure": 1.0});
        let drawn = panels([figure].iter(), "load", "candidate", "figure", str::to_owned);
        assert_eq!(drawn.err().unwrap().to_string(), "a figure has no load");
    }

    #[test]
    fn bars_of_a_panel_are_as_long_as_their_figures() {
        let bar = |label: &str, value| Bar { label: label.into(), value };
        let panel = Panel { title: "a < b".into(), bars: vec![bar("ours", 20.0), bar("x", 40.0)] };
        let svg = panel.svg(&LIGHT, 400.0);
        let widths: Vec<f64> = svg
            .split(" width=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next()?.parse().ok())
            .collect();
        assert_eq!(widths.len(), 2);
        assert!((widths[0] * 2.0 - widths[1]).abs() < 0.2, "{widths:?}");
        assert!(svg.contains("a &lt; b") && svg.contains(LIGHT.ours) && svg.contains(LIGHT.others));
    }
}
