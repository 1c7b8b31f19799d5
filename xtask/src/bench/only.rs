//! A part of the benchmark of verifications.

use anyhow::{Result, bail};

use super::hosts::Runtime;

/// What to measure.
pub(super) struct Only {
    runtimes: Vec<Runtime>,
    algorithms: Vec<String>,
    pub(super) verifications: bool,
    pub(super) first_tokens: bool,
}

impl Default for Only {
    /// Everything.
    fn default() -> Self {
        Self {
            runtimes: Vec::new(),
            algorithms: Vec::new(),
            verifications: true,
            first_tokens: true,
        }
    }
}

impl Only {
    /// Reads words: runtimes, algorithms, and `first` for the first token in place of the others.
    /// Without a runtime or an algorithm, the words select all.
    pub(super) fn parse(words: &[&str]) -> Result<Self> {
        let mut only = Self { first_tokens: false, ..Self::default() };
        for word in words {
            match *word {
                "workerd" => only.runtimes.push(Runtime::Workerd),
                "node" => only.runtimes.push(Runtime::Node),
                "first" => (only.first_tokens, only.verifications) = (true, false),
                "EdDSA" | "ES256" | "RS256" | "ES512" | "HS256" => {
                    only.algorithms.push((*word).to_owned());
                }
                _ => bail!("{word}: --only takes workerd, node, first, and names of algorithms"),
            }
        }
        Ok(only)
    }

    pub(super) fn includes_runtime(&self, runtime: Runtime) -> bool {
        self.runtimes.is_empty() || self.runtimes.contains(&runtime)
    }

    pub(super) fn includes_algorithm(&self, algorithm: &str) -> bool {
        self.algorithms.is_empty() || self.algorithms.iter().any(|it| it == algorithm)
    }
}
