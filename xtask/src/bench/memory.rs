//! Whether the memory of a process grows over a run.

use super::median;

/// Samples of the resident memory: the progress of the run in any unit, and bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Vec<(f64, f64)>);

/// Resident memory in bytes. All but the last figure are medians, because V8 collects garbage with
/// a delay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resident {
    /// In the first tenth of the run
    pub(crate) start: f64,
    /// In the second tenth, because the heap reaches its size in the first
    pub(crate) second: f64,
    /// In the last tenth
    pub(crate) last: f64,
    /// At any time
    pub(crate) most: f64,
}

impl Memory {
    pub(crate) fn note(&mut self, at: f64, bytes: u64) {
        self.0.push((at, bytes as f64));
    }

    /// The median between two points of the run.
    pub(crate) fn between(&self, from: f64, to: f64) -> f64 {
        median(self.0.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, bytes)| *bytes))
    }

    /// The memory over a run of that length.
    pub(crate) fn resident(&self, length: f64) -> Resident {
        let tenth = length / 10.0;
        Resident {
            start: self.between(0.0, tenth),
            second: self.between(tenth, 2.0 * tenth),
            last: self.between(9.0 * tenth, f64::INFINITY),
            most: self.0.iter().map(|(_, bytes)| *bytes).fold(0.0, f64::max),
        }
    }
}

impl Resident {
    /// The memory of the last tenth as a multiple of that of the second one.
    pub(crate) fn growth(&self) -> f64 {
        self.last / self.second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_compares_the_last_tenth_with_the_second() {
        let mut memory = Memory::default();
        for second in 0..100 {
            memory.note(f64::from(second), if second < 50 { 100 } else { 120 });
        }
        memory.note(95.0, 9_000);
        let resident = memory.resident(100.0);
        assert!((resident.growth() - 1.2).abs() < 1e-9);
        assert!((resident.most - 9_000.0).abs() < 1e-9);
        assert!(Memory::default().resident(1.0).growth().is_nan());
    }
}
