//! The edge: isolates of all data centers, each with a real verifier. It sends the oracle what they
//! decide.

use std::rc::Rc;

use better_auth_edge::{Error, Verified, Verifier, VerifierOptions};

use crate::auth_server::{ORIGIN, Token};
use crate::engine::Event;
use crate::load::Load;
use crate::random::Random;
use crate::reads::Reads;
use crate::world::{IsolateHost, World};

/// All isolates.
pub(crate) struct Edge {
    world: Rc<World>,
    /// For each data center, its isolates by number
    isolates: Vec<Vec<Option<Isolate>>>,
    started: u32,
}

struct Isolate {
    /// Different for each isolate that has ever started
    number: u32,
    verifier: Rc<Verifier>,
    /// When the platform replaces it
    ends: f64,
    used: f64,
    /// Tokens that the isolate has verified, up to what its cache holds
    tokens: usize,
    reads: Reads,
}

/// Which isolate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    datacenter: usize,
    slot: usize,
    number: u32,
}

/// A decision about a request.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) visit: u32,
    pub(crate) place: Place,
    pub(crate) token: Rc<Token>,
    pub(crate) arrived: f64,
    pub(crate) outcome: Outcome,
}

/// What the edge has decided.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// The token is valid
    Accepted {
        /// Whether the isolate had verified it before
        was_cached: bool,
    },
    /// It is not, or that is not known
    Rejected {
        /// The error code
        code: &'static str,
        /// The HTTP status
        status: u16,
        /// Seconds until a retry can succeed
        retry_after: Option<u32>,
    },
}

/// What is alive at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alive {
    pub(crate) isolates: usize,
    /// Cached tokens of all isolates together
    pub(crate) tokens: usize,
    /// Of the isolate with the most
    pub(crate) most_tokens: usize,
}

impl Edge {
    pub(crate) fn new(world: Rc<World>, load: &Load) -> Self {
        let isolates = (0..load.datacenters()).map(|_| Vec::new()).collect();
        Self { world, isolates, started: 0 }
    }

    /// A request of a visit at an isolate. `None` if the decision follows as an event.
    pub(crate) fn request(
        &mut self,
        visit: u32,
        (datacenter, slot): (usize, usize),
        user: u64,
        token: &Rc<Token>,
    ) -> Option<Decided> {
        let now = self.world.now();
        let counts_reads = self.world.metrics.borrow().counts_reads();
        let isolate = self.isolate(datacenter, slot);
        isolate.used = now;
        if counts_reads {
            let read = isolate.reads.request(user, now);
            self.world.metrics.borrow_mut().revocation_reads(now, read);
        }
        let isolate = self.isolate(datacenter, slot);
        let place = Place { datacenter, slot, number: isolate.number };
        let decided =
            move |token: Rc<Token>, outcome| Decided { visit, place, token, arrived: now, outcome };
        if isolate.verifier.verified_before(&token.text, now).is_some() {
            return Some(decided(Rc::clone(token), Outcome::Accepted { was_cached: true }));
        }
        let (verifier, token) = (Rc::clone(&isolate.verifier), Rc::clone(token));
        let host = IsolateHost { world: Rc::clone(&self.world), datacenter };
        self.world.engine.start(async move {
            let outcome = Outcome::from(&verifier.verify(&token.text, &host).await);
            let event = Event::Decided(Box::new(decided(token, outcome)));
            host.world.engine.plan(host.world.now(), event);
        });
        None
    }

    /// A token of an attacker at an isolate.
    pub(crate) fn attack(&mut self, datacenter: usize, slot: usize, token: String) {
        let now = self.world.now();
        let isolate = self.isolate(datacenter, slot);
        isolate.used = now;
        let verifier = Rc::clone(&isolate.verifier);
        let host = IsolateHost { world: Rc::clone(&self.world), datacenter };
        self.world.engine.start(async move {
            let outcome = Outcome::from(&verifier.verify(&token, &host).await);
            host.world.metrics.borrow_mut().attacked(host.world.now(), outcome);
        });
    }

    /// Counts a token that an isolate has put into its cache.
    pub(crate) fn cached(&mut self, place: Place) {
        let place_now = self.isolates[place.datacenter].get_mut(place.slot);
        let isolate = place_now.and_then(Option::as_mut);
        if let Some(isolate) = isolate.filter(|isolate| isolate.number == place.number) {
            isolate.tokens =
                (isolate.tokens + 1).min(better_auth_edge::CacheLimits::default().tokens);
        }
    }

    /// Stops all isolates. What they have begun they complete.
    pub(crate) fn stop_all(&mut self) {
        self.isolates.iter_mut().for_each(Vec::clear);
    }

    /// The isolates that are alive.
    pub(crate) fn alive(&self) -> Alive {
        let now = self.world.now();
        let mut alive = Alive::default();
        let all = self.isolates.iter().flatten().flatten();
        for isolate in all.filter(|isolate| !is_gone(isolate, now, &self.world)) {
            alive.isolates += 1;
            alive.tokens += isolate.tokens;
            alive.most_tokens = alive.most_tokens.max(isolate.tokens);
        }
        alive
    }

    /// The isolates that have ever started.
    pub(crate) fn started(&self) -> u32 {
        self.started
    }

    /// The isolate in this place: a new one if it does not exist or is gone.
    fn isolate(&mut self, datacenter: usize, slot: usize) -> &mut Isolate {
        let Self { world, isolates, started } = self;
        let now = world.now();
        let isolates = &mut isolates[datacenter];
        if isolates.len() <= slot {
            isolates.resize_with(slot + 1, || None);
        }
        let place = &mut isolates[slot];
        place.take_if(|isolate| is_gone(isolate, now, world));
        place.get_or_insert_with(|| {
            *started += 1;
            let lifetime = world.random.borrow_mut().exponential(world.model.isolate_lifetime);
            Isolate {
                number: *started,
                verifier: Rc::new(verifier()),
                ends: now + lifetime,
                used: now,
                tokens: 0,
                reads: Reads::default(),
            }
        })
    }
}

impl From<&Result<std::sync::Arc<Verified>, Error>> for Outcome {
    fn from(result: &Result<std::sync::Arc<Verified>, Error>) -> Self {
        match result {
            Ok(verified) => Self::Accepted { was_cached: verified.was_cached() },
            Err(error) => Self::Rejected {
                code: error.code().as_str(),
                status: error.status(),
                retry_after: error.retry_after(),
            },
        }
    }
}

/// The number of an isolate among `count` for this key: few keys move if the count changes. This is
/// the jump consistent hash of Lamping and Veach.
pub(crate) fn jump(mut key: u64, count: usize) -> usize {
    let (mut result, mut next) = (0, 0.0);
    while next < count as f64 {
        result = next as usize;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        next = (result as f64 + 1.0) * (f64::from(1_u32 << 31) / ((key >> 33) as f64 + 1.0));
    }
    result
}

/// Any of `count` isolates.
pub(crate) fn any(count: usize, random: &mut Random) -> usize {
    random.below(count)
}

fn is_gone(isolate: &Isolate, now: f64, world: &World) -> bool {
    now >= isolate.ends || now - isolate.used >= world.model.idle_eviction
}

/// The verifier of an isolate, with default settings.
fn verifier() -> Verifier {
    let options =
        VerifierOptions { base_url: Some(ORIGIN.to_owned()), ..VerifierOptions::default() };
    options.build().expect("the options are valid")
}
