//! The memory of workerd over a run.

use crate::bench::median;

/// Samples of the resident memory: the time of the run in seconds, and bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Vec<(f64, f64)>);

/// Resident memory in bytes, each a median.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resident {
    /// In the first tenth of the run
    pub(super) start: f64,
    /// In the second tenth, because the heap reaches its size in the first
    pub(super) second: f64,
    /// In the last tenth
    pub(super) last: f64,
    pub(super) most: f64,
}

impl Memory {
    pub(super) fn note(&mut self, at: f64, bytes: u64) {
        self.0.push((at, bytes as f64));
    }

    /// The median between two times.
    pub(super) fn between(&self, from: f64, to: f64) -> f64 {
        median(self.0.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, bytes)| *bytes))
    }

    /// The memory over a run of that many seconds.
    pub(super) fn resident(&self, length: f64) -> Resident {
        let tenth =
            |number: f64| self.between(number * length / 10.0, (number + 1.0) * length / 10.0);
        let most = self.0.iter().map(|(_, bytes)| *bytes).fold(0.0, f64::max);
        Resident { start: tenth(0.0), second: tenth(1.0), last: tenth(9.0), most }
    }
}

impl Resident {
    /// The memory of the last tenth as a multiple of that of the second one.
    pub(super) fn growth(&self) -> f64 {
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
