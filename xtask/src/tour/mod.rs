//! The scripted tour: what a user, an operator and an attacker would see, one line a step.

mod attacks;
mod operations;
mod origin;
mod tasks;

use anyhow::Result;

use crate::stack::Stack;

/// A step: what it shows, what should come of it, and how to see what does.
pub struct Step {
    title: &'static str,
    expected: &'static str,
    see: See,
}

/// Something that is looked at, in the words of `expected`.
type See = fn(&mut Stack) -> Result<String>;

impl Step {
    const fn new(title: &'static str, expected: &'static str, see: See) -> Self {
        Self { title, expected, see }
    }

    /// Takes the step and prints its line. Says whether it held.
    pub fn take(&self, stack: &mut Stack) -> bool {
        let seen = (self.see)(stack).unwrap_or_else(|error| format!("error: {error:#}"));
        let held = seen == self.expected;
        let mark = if held { "ok  " } else { "FAIL" };
        println!("{mark} {} | expected {} | seen {seen}", self.title, self.expected);
        if !held {
            println!("     the Worker's log:\n{}", stack.edge_log());
        }
        held
    }
}

/// All steps in their order; the last one stops Better Auth.
pub fn steps() -> impl Iterator<Item = &'static Step> {
    tasks::STEPS.iter().chain(attacks::STEPS).chain(origin::STEPS).chain(operations::STEPS)
}
