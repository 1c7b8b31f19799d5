//! The Python package's performance requirements, compared with the measured figures.

use super::rounds::Figures;
use super::servers::Candidate;
use super::verifications::Verifications;
use crate::bench::requirement::{Bound, Requirement};

pub(super) fn all(verifications: &Verifications, requests: &[Figures]) -> Vec<Requirement> {
    let ratios = RATIOS.iter().map(|(algorithm, candidate, most)| {
        let found = verifications.find(algorithm, candidate);
        Requirement {
            what: format!("{algorithm}, {candidate}, time to PyJWT"),
            bound: Bound::AtMost(*most),
            measured: found.map_or(f64::NAN, |one| verifications.ratio_to_pyjwt(one)),
        }
    });
    let find = |candidate| requests.iter().find(|one| one.candidate == candidate);
    let speed = find(Candidate::OURS).zip(find(Candidate::OPEN));
    let speed = Requirement {
        what: "requests a second, ours to no authentication".to_owned(),
        bound: Bound::AtLeast(0.92),
        measured: speed.map_or(f64::NAN, |(ours, open)| ours.speed_to(open)),
    };
    ratios.chain([speed]).collect()
}

/// The upper bounds of a verification, as a fraction of PyJWT's time.
const RATIOS: [(&str, &str, f64); 4] = [
    ("EdDSA", "ours new", 0.25),
    ("EdDSA", "ours cached", 0.03),
    ("ES256", "ours new", 1.0),
    ("RS256", "ours new", 1.0),
];
