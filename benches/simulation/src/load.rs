//! How many users come, where and when: data centers of different sizes on three continents, with
//! busy evenings.

use std::f64::consts::TAU;

use crate::model::{HOUR, Model};
use crate::random::Random;

/// The load of all data centers.
#[derive(Debug)]
pub(crate) struct Load {
    places: Vec<Place>,
    /// Visits per second on average
    visits: f64,
}

#[derive(Debug)]
struct Place {
    /// Its share of all visits
    share: f64,
    /// Local time minus UTC, in hours
    offset: f64,
    /// Isolates at the busiest hour
    isolates: usize,
}

impl Load {
    pub(crate) fn new(model: &Model, random: &mut Random) -> Self {
        let weights = (0..model.datacenters).map(|rank| 1.0 / (rank as f64 + 1.0).powf(SKEW));
        let all: f64 = weights.clone().sum();
        let places = weights.map(|weight| {
            let share = weight / all;
            let continent = CONTINENTS[random.below(CONTINENTS.len())];
            let offset = continent + SPREAD * (2.0 * random.fraction() - 1.0);
            let isolates = ((share * model.isolates as f64).round() as usize).max(1);
            Place { share, offset, isolates }
        });
        let places = places.collect();
        Self { places, visits: model.users as f64 * model.visits / (24.0 * HOUR) }
    }

    /// The number of data centers.
    pub(crate) fn datacenters(&self) -> usize {
        self.places.len()
    }

    /// The most visits per second that begin in a data center.
    pub(crate) fn most(&self, datacenter: usize) -> f64 {
        self.visits * self.places[datacenter].share * (1.0 + SWING)
    }

    /// The load of a data center at a time, in seconds since midnight UTC: 1 at its busiest.
    pub(crate) fn level(&self, datacenter: usize, time: f64) -> f64 {
        let local = time / HOUR + self.places[datacenter].offset - BUSIEST;
        (1.0 + SWING * (TAU * local / 24.0).cos()) / (1.0 + SWING)
    }

    /// The isolates among which a data center divides its requests at this load.
    pub(crate) fn isolates(&self, datacenter: usize, level: f64) -> usize {
        ((self.places[datacenter].isolates as f64 * level).ceil() as usize).max(1)
    }

    /// When all data centers together are busiest, in seconds since midnight UTC.
    pub(crate) fn peak(&self) -> f64 {
        let total = |time: f64| -> f64 {
            let each = (0..self.places.len()).map(|it| self.most(it) * self.level(it, time));
            each.sum()
        };
        let times = (0..24 * 12).map(|step| f64::from(step) * 300.0);
        times.max_by(|a, b| total(*a).total_cmp(&total(*b))).unwrap_or_default()
    }
}

/// The exponent of the law of Zipf by which data centers differ.
const SKEW: f64 = 0.9;

/// America, Europe and Africa, Asia: hours from UTC.
const CONTINENTS: [f64; 3] = [-6.0, 1.0, 8.0];

/// Hours around them.
const SPREAD: f64 = 2.5;

/// At the busiest hour, there are 1 + `SWING` times as many visits as on average.
const SWING: f64 = 0.75;

/// The busiest hour, in local time.
const BUSIEST: f64 = 20.0;
