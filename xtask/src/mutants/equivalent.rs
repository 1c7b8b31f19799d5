//! Mutants that no test can tell from the code, each with the reason.

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::outcomes::Mutant;

/// The list in `equivalent.toml`.
pub(super) struct Equivalent(Vec<Entry>);

struct Entry {
    file: String,
    change: String,
    line: String,
}

impl Equivalent {
    pub(super) fn read() -> Result<Self> {
        let list: Table = toml::from_str(include_str!("equivalent.toml"))?;
        let mutants = list.get("mutant").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        mutants.iter().map(Entry::read).collect::<Result<_>>().map(Self)
    }

    /// Whether the list has that change of that line. A line that reads differently now has to be
    /// looked at again.
    pub(super) fn explains(&self, mutant: &Mutant) -> bool {
        self.0.iter().any(|entry| {
            entry.file == mutant.file
                && entry.change == mutant.change()
                && entry.line == mutant.line
        })
    }
}

impl Entry {
    fn read(entry: &Value) -> Result<Self> {
        let text = |name: &str| {
            let text = entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(str::to_owned)
                .with_context(|| format!("equivalent.toml: {entry} has no {name}"))
        };
        text("why")?;
        Ok(Self { file: text("file")?, change: text("change")?, line: text("line")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root;

    #[test]
    fn every_line_of_the_list_is_in_its_file() {
        for Entry { file, line, .. } in Equivalent::read().unwrap().0 {
            let source = std::fs::read_to_string(root().join(&file)).unwrap();
            assert!(source.lines().any(|other| other.trim() == line), "{file}: {line}");
        }
    }
}
