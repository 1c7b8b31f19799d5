//! WebSockets.

use super::lanes::Lanes;

pub(super) fn run(lanes: &Lanes, _number: usize) {
    let _ = lanes;
}
