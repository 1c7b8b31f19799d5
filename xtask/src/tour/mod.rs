//! The scripted tour: steps of a user, an operator and an attacker, with one line of output each.

mod attacks;
mod bypass;
mod operations;
mod sign_out;
mod tasks;

use anyhow::Result;

use crate::stack::Stack;

/// A step: its title, the expected result, and a function that returns the actual one.
pub struct Step {
    title: &'static str,
    expected: &'static str,
    run: Run,
}

/// Returns the result as text, to compare with `expected`.
type Run = fn(&mut Stack) -> Result<String>;

impl Step {
    const fn new(title: &'static str, expected: &'static str, run: Run) -> Self {
        Self { title, expected, run }
    }

    /// Runs the step and prints its line. Returns whether the result was the expected one.
    pub fn run(&self, stack: &mut Stack) -> bool {
        let actual = (self.run)(stack).unwrap_or_else(|error| format!("error: {error:#}"));
        let passed = actual == self.expected;
        let mark = if passed { "ok  " } else { "FAIL" };
        println!("{mark} {} | expected {} | actual {actual}", self.title, self.expected);
        if !passed {
            println!("     the Worker's log:\n{}", stack.edge_log());
        }
        passed
    }
}

/// All steps in order. The last one stops Better Auth.
pub fn steps() -> impl Iterator<Item = &'static Step> {
    let sessions = sign_out::STEPS;
    tasks::STEPS
        .iter()
        .chain(sessions)
        .chain(attacks::STEPS)
        .chain(bypass::STEPS)
        .chain(operations::STEPS)
}
