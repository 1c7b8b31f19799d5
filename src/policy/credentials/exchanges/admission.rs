//! Limits how many exchanges run at once. A flood of made-up sessions must not use all of them for
//! long:
//!
//! - sessions that have been valid before go first, and have reserved exchanges;
//! - while exchanges are scarce, a client and an IPv6 /48 have a limited share;
//! - every other exchange goes to the newest waiting request, because in a flood the oldest has
//!   already waited in vain. The others go to the first request that asks, so that a steady flood
//!   of newer ones does not take them all;
//! - the queue is limited too (see [`Queue`]).

use crate::policy::credentials::exchanges::RUN_LIMIT;
use crate::policy::credentials::exchanges::queue::{Order, Queue, Requester, Ticket};

/// The exchanges that run, and the requests that wait for one.
#[derive(Default)]
pub(super) struct Admission {
    running: Vec<Running>,
    queue: Queue,
    /// The number of the last exchange
    last: u64,
    /// Who gets the next exchange
    order: Order,
}

/// Whether a request may begin its exchange.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Slot {
    /// It may, and this is the exchange's number
    Granted(u64),
    /// It must ask again
    Wait,
    /// The queue has dropped the request
    Dropped,
}

struct Running {
    requester: Requester,
    /// Whether the exchange is within the client's share. Only those count against the network's
    is_within_share: bool,
    number: u64,
    since: f64,
}

impl Admission {
    /// Asks for an exchange at `now`. A request that must wait gets a ticket and asks again with
    /// it.
    pub(super) fn request(
        &mut self,
        requester: Requester,
        ticket: &mut Option<Ticket>,
        now: f64,
    ) -> Slot {
        self.running.retain(|it| (now - it.since).abs() < RUN_LIMIT);
        if self.is_running(requester.session) {
            self.leave(ticket);
            return Slot::Wait;
        }
        if ticket.is_some_and(|ticket| !self.queue.renew(ticket, now)) {
            return Slot::Dropped;
        }
        if self.is_next(requester, *ticket, now) {
            self.leave(ticket);
            return Slot::Granted(self.begin(requester, now));
        }
        if ticket.is_none() {
            *ticket = Some(self.queue.join(requester, now));
        }
        Slot::Wait
    }

    /// Whether an exchange of that session runs.
    pub(super) fn is_running(&self, session: u64) -> bool {
        self.running.iter().any(|it| it.requester.session == session)
    }

    /// Ends the exchange with that number.
    pub(super) fn end(&mut self, number: u64) {
        self.running.retain(|it| it.number != number);
    }

    /// Removes a request from the queue.
    pub(super) fn leave(&mut self, ticket: &mut Option<Ticket>) {
        self.queue.leave(ticket);
    }

    fn begin(&mut self, requester: Requester, now: f64) -> u64 {
        self.last += 1;
        self.order = match self.order {
            Order::NewestFirst => Order::Any,
            Order::Any => Order::NewestFirst,
        };
        let number = self.last;
        let is_within_share =
            self.count(|it| it.requester.client == requester.client) < CLIENT_SHARE;
        self.running.push(Running { requester, is_within_share, number, since: now });
        number
    }

    /// Whether a request may begin before all that wait.
    fn is_next(&self, requester: Requester, ticket: Option<Ticket>, now: f64) -> bool {
        let limit = if requester.is_known { MOST_RUNNING + RESERVED } else { MOST_RUNNING };
        let free = limit.saturating_sub(self.running.len());
        if free == 0 || self.has_its_share(requester) {
            return false;
        }
        let ahead = self.queue.ahead_of(requester, ticket, self.order, now);
        ahead.filter(|it| !self.has_its_share(*it)).take(free).count() < free
    }

    /// Whether a client, or its network, has its share of the exchanges while they are scarce.
    fn has_its_share(&self, Requester { client, network, is_known, .. }: Requester) -> bool {
        if client.is_none() || is_known || self.running.len() < MOST_RUNNING / 2 {
            return false;
        }
        let of_network = |it: &Running| it.is_within_share && it.requester.network == network;
        self.count(|it| it.requester.client == client) >= CLIENT_SHARE
            || network.is_some() && self.count(of_network) >= NETWORK_SHARE
    }

    fn count(&self, which: impl Fn(&Running) -> bool) -> usize {
        self.running.iter().filter(|it| which(it)).count()
    }
}

/// Exchanges.
const MOST_RUNNING: usize = 100;

/// Further exchanges, for sessions that have been valid before.
const RESERVED: usize = 20;

/// Exchanges that one client may have while more than half of all run.
const CLIENT_SHARE: usize = 8;

/// The same for an IPv6 /48.
const NETWORK_SHARE: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::credentials::exchanges::queue::{ASKS_WITHIN, CAPACITY};

    const ADDRESS: Option<u64> = Some(1);

    /// A request that needs an exchange.
    struct Request(Requester, Option<Ticket>);

    fn request(session: u64, client: Option<u64>) -> Request {
        Request(Requester { session, client, network: None, is_known: false }, None)
    }

    fn known(session: u64) -> Request {
        Request(Requester { session, client: ADDRESS, network: None, is_known: true }, None)
    }

    impl Request {
        fn ask(&mut self, admission: &mut Admission, now: f64) -> Slot {
            admission.request(self.0, &mut self.1, now)
        }

        /// Whether it may begin.
        fn begins(&mut self, admission: &mut Admission, now: f64) -> bool {
            matches!(self.ask(admission, now), Slot::Granted(_))
        }
    }

    /// All exchanges run, for the sessions 1000 and above, each of another client.
    fn full() -> Admission {
        let mut admission = Admission::default();
        for i in 0..MOST_RUNNING as u64 {
            assert!(request(1_000 + i, Some(1_000 + i)).begins(&mut admission, 0.0));
        }
        admission
    }

    #[test]
    fn a_session_has_one_exchange_at_a_time_and_other_requests_wait_without_a_ticket() {
        let mut admission = Admission::default();
        let Slot::Granted(number) = request(7, None).ask(&mut admission, 0.0) else { panic!() };
        let mut second = request(7, None);
        assert_eq!(second.ask(&mut admission, 0.0), Slot::Wait);
        assert_eq!(second.1, None);
        admission.end(number);
        assert!(second.begins(&mut admission, 0.1));
    }

    #[test]
    fn a_client_has_a_limited_share_while_exchanges_are_scarce() {
        let mut admission = Admission::default();
        let begun = (0..200).filter(|i| request(*i, ADDRESS).begins(&mut admission, 0.0)).count();
        assert_eq!(begun, MOST_RUNNING / 2);
        let others =
            (0..10).filter(|i| request(300 + i, Some(2)).begins(&mut admission, 0.0)).count();
        assert_eq!(others, CLIENT_SHARE);
        assert!(request(400, Some(3)).begins(&mut admission, 0.0));
        assert!(known(500).begins(&mut admission, 0.0), "a known session");
    }

    #[test]
    fn exchanges_go_in_turn_to_the_newest_request_and_to_the_first_that_asks() {
        let mut admission = full();
        let mut waiting: Vec<_> = (0..4).map(|i| request(i, Some(i))).collect();
        for request in &mut waiting {
            assert_eq!(request.ask(&mut admission, 0.1), Slot::Wait);
        }
        admission.end(1);
        assert!(!waiting[0].begins(&mut admission, 0.2) && !waiting[1].begins(&mut admission, 0.2));
        assert!(waiting[3].begins(&mut admission, 0.2));
        admission.end(2);
        assert!(waiting[0].begins(&mut admission, 0.2), "the first that asks");
        admission.end(3);
        assert!(!waiting[1].begins(&mut admission, 0.2));
        admission.end(4);
        assert!(waiting[1].begins(&mut admission, 0.25), "two exchanges for two requests");
        assert!(waiting[2].begins(&mut admission, 0.25));
    }

    #[test]
    fn in_a_steady_flood_each_request_has_a_fair_chance_and_no_exchange_is_unused() {
        const LATENCY: usize = 100;
        let mut admission = Admission::default();
        let mut waiting: Vec<(usize, Request)> = Vec::new();
        let mut running = Vec::new();
        let mut begun = Vec::new();
        // in hundredths of a second: three new requests, and each waiting one asks again after ten
        for time in 0..800 {
            let now = time as f64 / 100.0;
            for (_, number) in running.extract_if(.., |(ends, _)| *ends <= time) {
                admission.end(number);
            }
            let new =
                (0..3).map(|i| (time, request(3 * time as u64 + i, Some(3 * time as u64 + i))));
            waiting.extend(new);
            waiting.retain_mut(|(came, request)| {
                if (time - *came) % 10 != 0 {
                    return true;
                }
                match request.ask(&mut admission, now) {
                    Slot::Granted(number) => {
                        running.push((time + LATENCY, number));
                        begun.push((*came, time - *came));
                        false
                    }
                    Slot::Wait => true,
                    Slot::Dropped => false,
                }
            });
        }
        // a third of all requests, at any time and after any wait
        for began in [200, 300, 400, 500] {
            let count =
                begun.iter().filter(|(came, _)| (began..began + 100).contains(came)).count();
            assert!((60..160).contains(&count), "{count} of 300 from {began} on");
        }
        let patient = begun.iter().filter(|(came, waited)| *came >= 200 && *waited >= 50).count();
        assert!(patient >= 30, "{patient}");
    }

    #[test]
    fn a_network_has_a_limited_share_and_its_new_requests_replace_its_own() {
        let of_network = |session| {
            let client = Some(session);
            Request(Requester { session, client, network: Some(9), is_known: false }, None)
        };
        let mut admission = Admission::default();
        let begun = (0..200).filter(|i| of_network(*i).begins(&mut admission, 0.0)).count();
        assert_eq!(begun, MOST_RUNNING / 2);
        let mut admission = Admission::default();
        for i in 0..MOST_RUNNING as u64 / 2 {
            assert!(request(1_000 + i, Some(1_000 + i)).begins(&mut admission, 0.0));
        }
        let begun = (0..200).filter(|i| of_network(*i).begins(&mut admission, 0.0)).count();
        assert_eq!(begun, NETWORK_SHARE);

        let mut admission = full();
        let mut alone = request(0, Some(2));
        assert!(!alone.begins(&mut admission, 0.1));
        for i in 5_000..7_000 {
            assert!(!of_network(i).begins(&mut admission, 0.2));
        }
        assert_eq!(admission.queue.len(), CAPACITY);
        assert_eq!(alone.ask(&mut admission, 0.3), Slot::Wait, "it stays in the queue");
    }

    #[test]
    fn a_request_whose_client_has_disconnected_blocks_no_other_request() {
        let mut admission = full();
        let (mut first, mut gone, mut left) =
            (request(1, None), request(2, None), request(3, None));
        for request in [&mut first, &mut gone, &mut left] {
            request.ask(&mut admission, 0.1);
        }
        admission.leave(&mut left.1);
        admission.end(1);
        assert!(!first.begins(&mut admission, 0.2), "the other may still ask");
        assert!(first.begins(&mut admission, 0.1 + ASKS_WITHIN + 0.01));
    }

    #[test]
    fn sessions_that_have_been_valid_have_reserved_exchanges() {
        let mut admission = full();
        assert!(!request(1, Some(1)).begins(&mut admission, 0.1));
        for i in 0..RESERVED as u64 {
            assert!(known(100 + i).begins(&mut admission, 0.1));
        }
        let (mut valid, mut stranger) = (known(200), request(2, Some(2)));
        assert!(!valid.begins(&mut admission, 0.1) && !stranger.begins(&mut admission, 0.1));
        for number in 1..=RESERVED as u64 + 1 {
            admission.end(number);
        }
        assert!(!stranger.begins(&mut admission, 0.2), "a known session goes first");
        assert!(valid.begins(&mut admission, 0.2));
    }

    #[test]
    fn a_full_queue_drops_its_oldest_request_first_of_a_client_with_many() {
        let mut admission = full();
        let mut alone = request(0, Some(2));
        let mut valid = known(9);
        for number in 0..RESERVED as u64 {
            assert!(known(500 + number).begins(&mut admission, 0.1));
        }
        assert!(!valid.begins(&mut admission, 0.1) && !alone.begins(&mut admission, 0.1));
        let mut flood: Vec<_> = (0..2_000).map(|i| request(2_000 + i, ADDRESS)).collect();
        for request in &mut flood {
            assert_eq!(request.ask(&mut admission, 0.2), Slot::Wait);
        }
        assert_eq!(admission.queue.len(), CAPACITY);
        assert_eq!(flood[0].ask(&mut admission, 0.3), Slot::Dropped);
        assert_eq!(flood[1_999].ask(&mut admission, 0.3), Slot::Wait);
        assert_eq!(alone.ask(&mut admission, 0.3), Slot::Wait, "it stays in the queue");
        // many clients: the oldest of all unknown sessions
        for i in 0..600 {
            request(5_000 + i, Some(5_000 + i)).ask(&mut admission, 0.4);
        }
        assert_eq!(alone.ask(&mut admission, 0.4), Slot::Dropped);
        assert_eq!(valid.ask(&mut admission, 0.4), Slot::Wait);
    }
}
