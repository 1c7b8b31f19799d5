//! The course of a run: its phases and the life of each signing key. The seed and the length decide
//! it. Times are in seconds since the start.

use super::random::Random;

/// The course of a run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Seconds
    pub(super) length: f64,
    pub(super) phases: Vec<Phase>,
    /// In the order of their publication
    pub(super) keys: Vec<Life>,
}

/// A part of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    pub(super) kind: PhaseKind,
    pub(super) start: f64,
    pub(super) end: f64,
}

/// What happens in a phase.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PhaseKind {
    /// The usual mix of requests
    Steady,
    /// The auth server publishes a new key, and removes the old one later
    Rotation,
    /// The auth server responds with errors
    Errors,
    /// The auth server closes each connection
    Closed,
    /// The auth server responds late, or too late
    Slow,
    /// The auth server responds with another document than a JWK Set
    Garbage,
    /// Nine of ten requests are forged, and a key is rotated meanwhile
    Flood,
    /// More and larger streams
    Streams,
    /// More WebSockets
    Sockets,
}

/// When a key is in the JWK Set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Life {
    pub(super) published: f64,
    /// Infinite for the last key
    pub(super) removed: f64,
}

impl PhaseKind {
    pub(super) const ALL: [Self; 9] = [
        Self::Steady,
        Self::Rotation,
        Self::Errors,
        Self::Closed,
        Self::Slow,
        Self::Garbage,
        Self::Flood,
        Self::Streams,
        Self::Sockets,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Rotation => "key rotation",
            Self::Errors => "outage: errors",
            Self::Closed => "outage: closed connections",
            Self::Slow => "outage: late responses",
            Self::Garbage => "outage: garbage",
            Self::Flood => "flood",
            Self::Streams => "streams",
            Self::Sockets => "WebSockets",
        }
    }

    /// Whether the auth server fails.
    pub(super) fn is_outage(self) -> bool {
        matches!(self, Self::Errors | Self::Closed | Self::Slow | Self::Garbage)
    }

    /// When a new key is published and the old one removed, as fractions of the phase.
    fn rotation(self) -> Option<(f64, f64)> {
        match self {
            Self::Rotation => Some((0.1, 0.6)),
            Self::Flood => Some((0.3, 0.8)),
            _ => None,
        }
    }
}

impl Plan {
    /// Plans a run of that length. From twenty minutes on, each tenth of the run contains each
    /// kind of phase. A shorter run contains each once, and its second and last tenths are steady,
    /// so that its memory can be compared.
    pub(super) fn new(seed: u64, length: f64) -> Self {
        let mut random = Random::new(seed, 0);
        let cycles = if length >= LONG { 10 } else { 1 };
        let mut kinds = Vec::new();
        for _ in 0..cycles {
            let mut others: Vec<_> = PhaseKind::ALL[1..].to_vec();
            random.shuffle(&mut others);
            kinds.extend([PhaseKind::Steady; 3]);
            kinds.extend(others);
            kinds.extend([PhaseKind::Steady; 2]);
        }
        let slot = length / kinds.len() as f64;
        let phases = kinds.iter().enumerate().map(|(number, kind)| {
            let start = number as f64 * slot;
            Phase { kind: *kind, start, end: start + slot }
        });
        let phases: Vec<_> = phases.collect();
        let mut keys = vec![Life { published: f64::NEG_INFINITY, removed: f64::INFINITY }];
        for phase in &phases {
            let Some((published, removed)) = phase.kind.rotation() else { continue };
            let at = |part: f64| phase.start + part * slot;
            if let Some(last) = keys.last_mut() {
                last.removed = at(removed);
            }
            keys.push(Life { published: at(published), removed: f64::INFINITY });
        }
        Self { seed, length, phases, keys }
    }

    /// Seconds of a phase.
    pub(super) fn slot(&self) -> f64 {
        self.length / self.phases.len() as f64
    }

    /// The phase at a time. The last one lasts until the last response.
    pub(super) fn phase(&self, at: f64) -> PhaseKind {
        let index = (at.max(0.0) / self.slot()) as usize;
        self.phases[index.min(self.phases.len() - 1)].kind
    }

    /// How long the auth server has not failed, in seconds. 0 in an outage.
    pub(super) fn healthy_for(&self, at: f64) -> f64 {
        let outages = self.phases.iter().filter(|phase| phase.kind.is_outage());
        let last = outages.take_while(|phase| phase.start <= at).last();
        (at - last.map_or(f64::NEG_INFINITY, |phase| phase.end)).max(0.0)
    }

    /// The numbers of the keys in the JWK Set.
    pub(super) fn published(&self, at: f64) -> impl Iterator<Item = usize> {
        let is_published = move |life: &Life| life.published <= at && at < life.removed;
        let keys = self.keys.iter().enumerate();
        keys.filter(move |(_, life)| is_published(life)).map(|(number, _)| number)
    }

    /// The number of the newest key, with which the auth server signs.
    pub(super) fn signing(&self, at: f64) -> usize {
        self.published(at).last().unwrap_or_default()
    }
}

/// Seconds of a run whose tenths contain each kind of phase.
const LONG: f64 = 20.0 * 60.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_run_sees_each_phase_and_is_steady_in_its_second_and_last_tenth() {
        let plan = Plan::new(3, 120.0);
        for kind in PhaseKind::ALL {
            assert!(plan.phases.iter().any(|phase| phase.kind == kind), "{kind:?}");
        }
        for at in [0.0, 12.1, 23.9, 108.1, 119.9, 500.0] {
            assert_eq!(plan.phase(at), PhaseKind::Steady, "{at}");
        }
    }

    #[test]
    fn each_tenth_of_a_long_run_sees_each_phase() {
        let plan = Plan::new(3, 3_600.0);
        for tenth in 0..10 {
            let within = f64::from(tenth) * 360.0..f64::from(tenth + 1) * 360.0 - 1.0;
            for kind in PhaseKind::ALL {
                let mut phases = plan.phases.iter().filter(|phase| phase.kind == kind);
                assert!(phases.any(|phase| within.contains(&phase.start)), "{kind:?} in {tenth}");
            }
        }
    }

    #[test]
    fn keys_overlap_and_one_is_always_published() {
        let plan = Plan::new(5, 600.0);
        assert_eq!(plan.keys.len(), 3);
        for pair in plan.keys.windows(2) {
            assert!(pair[1].published < pair[0].removed && pair[0].published < pair[1].published);
        }
        for at in 0..600 {
            let count = plan.published(at.into()).count();
            assert!((1..=2).contains(&count), "{count} at {at}");
        }
        assert_eq!(plan.signing(600.0), 2);
    }

    #[test]
    fn the_seed_decides_the_plan() {
        let plan = |seed| format!("{:?}", Plan::new(seed, 1_200.0));
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn health_begins_at_the_end_of_an_outage() {
        let plan = Plan::new(1, 130.0);
        let outage = plan.phases.iter().find(|phase| phase.kind.is_outage()).unwrap();
        assert!(plan.healthy_for(outage.start - 1.0).is_infinite());
        assert!(plan.healthy_for(outage.end - 1.0) < 1e-9);
        let last = plan.phases.iter().rfind(|phase| phase.kind.is_outage()).unwrap();
        assert!((plan.healthy_for(last.end + 2.0) - 2.0).abs() < 1e-9);
    }
}
