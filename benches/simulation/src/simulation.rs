//! The course of a scenario: users, their clients, the attacker, and what happens when.

use std::cell::RefCell;
use std::rc::Rc;

use better_auth_edge::keys::Timing;

use crate::auth_server::{AuthServer, Token, forged};
use crate::edge::{self, Decided, Edge, Outcome};
use crate::engine::{Engine, Event};
use crate::load::Load;
use crate::metrics::Metrics;
use crate::model::{Action, MINUTE, Model, Scenario};
use crate::random::Random;
use crate::stores::Stores;
use crate::world::World;

/// Runs a scenario. Returns what was counted, and the number of isolates that started.
pub(crate) fn run(model: &Model, scenario: &Scenario, seed: u64) -> (Metrics, u32) {
    let load = Load::new(model, &mut Random::new(seed, 0));
    let first = if scenario.from_midnight { 0.0 } else { load.peak() - 10.0 * MINUTE };
    let begin = MIDNIGHT + first;
    let start = begin - scenario.warm_up;
    let stream = scenario
        .name
        .bytes()
        .fold(1, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let world = Rc::new(World {
        model: *model,
        engine: Engine::at(start),
        random: RefCell::new(Random::new(seed, stream)),
        auth: RefCell::new(AuthServer::new(start)),
        stores: RefCell::new(Stores::new(scenario.store, load.datacenters())),
        metrics: RefCell::new(Metrics::new(begin, scenario)),
    });
    let mut course = Course {
        edge: Edge::new(Rc::clone(&world), &load),
        load,
        scenario,
        visits: Vec::new(),
        free: Vec::new(),
        crowd: 1.0,
        attack: 0.0,
        world,
    };
    course.plan(begin);
    course.run(begin + scenario.duration);
    let started = course.edge.started();
    course.world.engine.stop();
    (course.world.metrics.take(), started)
}

/// A midnight UTC, in seconds since 1970.
const MIDNIGHT: f64 = 1_799_971_200.0;

struct Course<'s> {
    world: Rc<World>,
    edge: Edge,
    load: Load,
    scenario: &'s Scenario,
    visits: Vec<Visit>,
    /// Visits that have ended
    free: Vec<u32>,
    /// How many times as often users come
    crowd: f64,
    /// Tokens of the attacker per second
    attack: f64,
}

/// A client that sends one request after the other.
struct Visit {
    user: u64,
    datacenter: usize,
    /// What decides at which isolate its connection ends
    connection: u64,
    token: Option<Rc<Token>>,
    /// Whether the edge has rejected the token
    is_rejected: bool,
    /// Requests to come, this one included
    requests: u32,
    /// When this request was sent first
    sent: f64,
    /// The same with this token
    sent_with_token: f64,
}

impl Course<'_> {
    /// Plans what does not depend on anything else.
    fn plan(&mut self, begin: f64) {
        let engine = &self.world.engine;
        for datacenter in 0..self.load.datacenters() {
            let mean = 1.0 / self.load.most(datacenter);
            let wait = self.world.random.borrow_mut().exponential(mean);
            engine.plan(engine.now() + wait, Event::Visit(datacenter as u32));
        }
        for (index, (after, _)) in self.scenario.actions.iter().enumerate() {
            engine.plan(begin + after, Event::Action(index));
        }
        engine.plan(begin, Event::Count);
    }

    fn run(&mut self, end: f64) {
        while let Some(event) = self.world.engine.next(end) {
            match event {
                Event::Visit(datacenter) => self.visit(datacenter as usize),
                Event::Request(visit) => self.request(visit),
                Event::Decided(decided) => self.decided(&decided),
                Event::Wake(task) => self.world.engine.wake(task),
                Event::Attack => self.attack(),
                Event::Action(index) => self.act(self.scenario.actions[index].1),
                Event::Remove(key) => {
                    let now = self.world.now();
                    self.world.auth.borrow_mut().remove(key, now);
                }
                Event::Count => {
                    let (now, alive) = (self.world.now(), self.edge.alive());
                    self.world.metrics.borrow_mut().alive(now, alive);
                    self.world.engine.plan(now + MINUTE, Event::Count);
                }
            }
            self.world.engine.run();
        }
    }

    /// A visit may begin: visits of the busiest hour are planned, and those too many are dropped.
    fn visit(&mut self, datacenter: usize) {
        let now = self.world.now();
        let mut random = self.world.random.borrow_mut();
        let wait = random.exponential(1.0 / (self.load.most(datacenter) * self.crowd));
        self.world.engine.plan(now + wait, Event::Visit(datacenter as u32));
        if !random.chance(self.load.level(datacenter, now - MIDNIGHT)) {
            return;
        }
        let further = random.exponential(self.world.model.requests - 0.5) as u32;
        let visit = Visit {
            user: random.bits() % self.world.model.users,
            datacenter,
            connection: random.bits(),
            token: None,
            is_rejected: false,
            requests: 1 + further,
            sent: now,
            sent_with_token: now,
        };
        drop(random);
        let number = match self.free.pop() {
            Some(number) => {
                self.visits[number as usize] = visit;
                number
            }
            None => {
                self.visits.push(visit);
                self.visits.len() as u32 - 1
            }
        };
        self.request(number);
    }

    /// The client of a visit sends its request, if it has a token.
    fn request(&mut self, number: u32) {
        let now = self.world.now();
        let Some(token) = self.token(number) else {
            self.world.metrics.borrow_mut().without_token(now);
            self.visits[number as usize].sent = now + RETRY;
            return self.world.engine.plan(now + RETRY, Event::Request(number));
        };
        let visit = &self.visits[number as usize];
        let isolates = self.isolates(visit.datacenter);
        let mut random = self.world.random.borrow_mut();
        let slot = match random.chance(self.world.model.affinity) {
            true => edge::jump(visit.connection, isolates),
            false => edge::any(isolates, &mut random),
        };
        drop(random);
        let place = (visit.datacenter, slot);
        if let Some(decided) = self.edge.request(number, place, visit.user, &token) {
            self.decided(&decided);
        }
    }

    /// The token that the client sends: a new one if the last one expires soon or was rejected.
    fn token(&mut self, number: u32) -> Option<Rc<Token>> {
        let World { model, auth, metrics, .. } = &*self.world;
        let now = self.world.now();
        let visit = &mut self.visits[number as usize];
        let margin = |margin: f64| {
            let token = visit.token.as_ref().filter(|_| !visit.is_rejected);
            token.filter(|token| now < token.expires - margin).cloned()
        };
        if let Some(token) = margin(model.renewal_margin) {
            return Some(token);
        }
        let mut auth = auth.borrow_mut();
        if auth.is_down {
            return margin(TRANSIT);
        }
        let token = Rc::new(auth.sign(visit.user, now, model.token_lifetime));
        metrics.borrow_mut().issued(now);
        visit.token = Some(Rc::clone(&token));
        visit.is_rejected = false;
        visit.sent_with_token = now;
        Some(token)
    }

    /// The oracle judges a decision, and the client reacts to it.
    fn decided(&mut self, decided: &Decided) {
        let now = self.world.now();
        let is_owed = self.judge(decided);
        let Decided { visit: number, place, outcome, .. } = *decided;
        if matches!(outcome, Outcome::Accepted { was_cached: false }) {
            self.edge.cached(place);
        }
        self.world.metrics.borrow_mut().decided(now, outcome, is_owed);
        let visit = &mut self.visits[number as usize];
        match outcome {
            Outcome::Rejected { status: 503, retry_after, .. } => {
                let jitter = self.world.random.borrow_mut().fraction();
                let wait = f64::from(retry_after.unwrap_or(1)) + jitter;
                return self.world.engine.plan(now + wait, Event::Request(number));
            }
            Outcome::Rejected { .. } if !visit.is_rejected => {
                visit.is_rejected = true;
                return self.world.engine.plan(now, Event::Request(number));
            }
            _ => {}
        }
        visit.requests -= 1;
        if visit.requests == 0 {
            visit.token = None;
            self.free.push(number);
            return;
        }
        let model = &self.world.model;
        let mean = model.visit_seconds / model.requests;
        let wait = self.world.random.borrow_mut().exponential(mean);
        visit.sent = now + wait;
        visit.sent_with_token = now + wait;
        self.world.engine.plan(now + wait, Event::Request(number));
    }

    /// Compares a decision with what the auth server knows. Returns whether the edge owes the token
    /// its acceptance: its key was published when the request arrived, and still is.
    fn judge(&self, decided: &Decided) -> bool {
        let Decided { token, arrived, outcome, visit, .. } = decided;
        let now = self.world.now();
        let auth = self.world.auth.borrow();
        let removed = auth.removed(token.key, now);
        let is_published = removed.is_none() && auth.published(token.key) <= *arrived;
        let is_owed = is_published && *arrived < token.expires && token.issued <= *arrived;
        let mut metrics = self.world.metrics.borrow_mut();
        match outcome {
            Outcome::Accepted { .. } => {
                let totals = &mut metrics.totals;
                totals.longest_wait = totals.longest_wait.max(now - arrived);
                let visit = &self.visits[*visit as usize];
                totals.longest_delay = totals.longest_delay.max(now - visit.sent);
                if token.key > 0 {
                    totals.acceptance = totals.acceptance.max(now - visit.sent_with_token);
                }
                if let Some(removed) = removed.filter(|removed| removed < arrived) {
                    totals.removal = totals.removal.max(arrived - removed);
                    if arrived - removed > longest_removal() && !auth.is_down {
                        let late = arrived - removed;
                        metrics.fail(format!("a key was accepted {late:.0} s after its removal"));
                    }
                }
                if now >= token.expires + TOLERANCE {
                    metrics.fail("an expired token was accepted".to_owned());
                }
            }
            Outcome::Rejected { status: 503, .. } => {}
            Outcome::Rejected { code, .. } if is_owed => {
                let (key, age) = (token.key, now - auth.published(token.key));
                let what = format!("401 {code} for a token of key {key}, {age:.3} s after the key");
                metrics.fail(what);
            }
            Outcome::Rejected { .. } => {}
        }
        is_owed
    }

    /// The isolates among which a data center divides its requests now.
    fn isolates(&self, datacenter: usize) -> usize {
        let level = self.load.level(datacenter, self.world.now() - MIDNIGHT);
        self.load.isolates(datacenter, level * self.crowd)
    }

    fn attack(&mut self) {
        if self.attack == 0.0 {
            return;
        }
        let now = self.world.now();
        let datacenter = ATTACKED.min(self.load.datacenters() - 1);
        let isolates = self.isolates(datacenter);
        let mut random = self.world.random.borrow_mut();
        let (wait, slot) = (random.exponential(1.0 / self.attack), random.below(isolates));
        let token = forged(&mut random, now);
        drop(random);
        self.edge.attack(datacenter, slot, token);
        self.world.engine.plan(now + wait, Event::Attack);
    }

    fn act(&mut self, action: Action) {
        let now = self.world.now();
        let mut auth = self.world.auth.borrow_mut();
        match action {
            Action::Rotate { overlap } => {
                let old = auth.rotate(now);
                self.world.engine.plan(now + overlap, Event::Remove(old));
            }
            Action::ReplaceUnderSameKid => auth.replace(now),
            Action::OutageBegins => auth.is_down = true,
            Action::OutageEnds => auth.is_down = false,
            Action::Slow(slowness) => auth.slowness = slowness,
            Action::Deploy => self.edge.stop_all(),
            Action::Crowd(crowd) => self.crowd = crowd,
            Action::Attack(rate) => {
                self.attack = rate;
                self.world.engine.plan(now, Event::Attack);
            }
        }
    }
}

/// The longest time for which a removed key may count: `JWKS_MAX_AGE`, and a fetch.
fn longest_removal() -> f64 {
    let Timing { fresh, fetch_timeout, .. } = Timing::default();
    fresh + fetch_timeout
}

/// The clock tolerance, in seconds.
const TOLERANCE: f64 = 5.0;

/// A token that expires in these seconds is not sent.
const TRANSIT: f64 = 2.0;

/// Seconds after which a client without a token tries again.
const RETRY: f64 = 15.0;

/// The data center that the attacker reaches: a large one, but not one of the largest.
const ATTACKED: usize = 9;
