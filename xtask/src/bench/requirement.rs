//! Performance requirements, compared with the measured figures.

use serde_json::{Value, json};

use super::table::table as rows_as_text;

/// A figure and its bound.
pub(super) struct Requirement {
    pub(super) what: String,
    pub(super) bound: Bound,
    pub(super) measured: f64,
}

/// The lower or upper bound of a figure.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Requirement {
    fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.measured >= least,
            Bound::AtMost(most) => self.measured <= most,
        }
    }

    pub(super) fn json(&self) -> Value {
        let (bound, figure) = match self.bound {
            Bound::AtLeast(least) => ("least", least),
            Bound::AtMost(most) => ("most", most),
        };
        json!({
            "what": self.what,
            bound: figure,
            "measured": self.measured,
            "met": self.is_met(),
        })
    }
}

/// The requirements as a table, with the measured figures to that many decimal places.
pub(super) fn table(requirements: &[Requirement], places: usize) -> String {
    let mut rows = vec![["", "required", "measured", ""].map(str::to_owned).to_vec()];
    for requirement in requirements {
        let bound = match requirement.bound {
            Bound::AtLeast(least) => format!("at least {least}"),
            Bound::AtMost(most) => format!("at most {most}"),
        };
        let verdict = if requirement.is_met() { "met" } else { "not met" };
        let measured = format!("{:.places$}", requirement.measured);
        rows.push(vec![requirement.what.clone(), bound, measured, verdict.to_owned()]);
    }
    rows_as_text(&rows)
}
