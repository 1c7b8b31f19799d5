//! Streams: large bodies in both directions, some of which the client aborts.

use super::lanes::Lanes;

pub(super) fn run(lanes: &Lanes, _number: usize) {
    let _ = lanes;
}
