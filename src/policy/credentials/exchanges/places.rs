//! Whose turn it is to ask the auth server. So many exchanges are under way at most, and a flood of made-up
//! sessions must not take them all for long:
//!
//! - sessions that have been good before go first, and have places of their own;
//! - while places are scarce, one visitor has few of them, and so has one larger network;
//! - every other place is for the newest of those who wait, since in a flood the oldest has waited in vain already;
//!   the others are for the first that looks, so that a steady flood of newer ones does not take them all;
//! - so many may wait; beyond that the oldest has to go, of the same visitor where that has many.

/// The exchanges that are under way, and the requests that wait for their turn.
#[derive(Default)]
pub(super) struct Places {
    under_way: Vec<UnderWay>,
    /// The oldest first
    waiting: Vec<Waiting>,
    count: u64,
    /// Whether the next place is for whoever looks first
    is_for_any: bool,
}

/// Who wants to ask.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub(super) session: u64,
    /// `None` where the visitor's address is not known
    pub(super) visitor: Option<u64>,
    /// The larger network that the address is of, where there is one
    pub(super) network: Option<u64>,
    /// Whether the session has been good before
    pub(super) is_known: bool,
}

/// Whether it may.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// With this number
    Now(u64),
    Wait,
    /// Too many wait
    Never,
}

/// The place of a request in the queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ticket(u64);

struct UnderWay {
    claim: Claim,
    /// Whether it is among the first few of its visitor, which alone count against the network
    is_within_share: bool,
    number: u64,
    since: f64,
}

struct Waiting {
    claim: Claim,
    number: u64,
    /// When it looked last
    seen: f64,
}

impl Places {
    /// Asks for a place at `now`. A request that has to wait gets a ticket, and asks again with it.
    pub(super) fn claim(&mut self, claim: Claim, ticket: &mut Option<Ticket>, now: f64) -> Turn {
        self.under_way
            .retain(|it| (now - it.since).abs() < crate::policy::credentials::exchanges::PATIENCE);
        if self.has_under_way(claim.session) {
            self.leave(ticket);
            return Turn::Wait;
        }
        if ticket.is_some() && !self.note(*ticket, now) {
            return Turn::Never;
        }
        if self.is_next(claim, *ticket, now) {
            self.leave(ticket);
            self.count += 1;
            self.is_for_any = !self.is_for_any;
            let number = self.count;
            let is_within_share = self.count_of(|it| it.claim.visitor == claim.visitor) < SHARE;
            self.under_way.push(UnderWay { claim, is_within_share, number, since: now });
            return Turn::Now(number);
        }
        if ticket.is_none() {
            self.make_room(claim, now);
            self.count += 1;
            self.waiting.push(Waiting { claim, number: self.count, seen: now });
            *ticket = Some(Ticket(self.count));
        }
        Turn::Wait
    }

    /// Whether an exchange of that session is under way.
    pub(super) fn has_under_way(&self, session: u64) -> bool {
        self.under_way.iter().any(|it| it.claim.session == session)
    }

    /// The exchange of that number has ended.
    pub(super) fn end(&mut self, number: u64) {
        self.under_way.retain(|it| it.number != number);
    }

    /// Waits no longer.
    pub(super) fn leave(&mut self, ticket: &mut Option<Ticket>) {
        if let Some(index) = ticket.take().and_then(|ticket| self.find(ticket)) {
            self.waiting.remove(index);
        }
    }

    /// Whether a request with that claim may begin before all others that wait.
    fn is_next(&self, claim: Claim, ticket: Option<Ticket>, now: f64) -> bool {
        let most = if claim.is_known { MOST_UNDER_WAY + RESERVED } else { MOST_UNDER_WAY };
        let free = most.saturating_sub(self.under_way.len());
        if free == 0 || self.has_its_share(claim) {
            return false;
        }
        let rank = |is_known, number: u64| (is_known, if self.is_for_any { 0 } else { number });
        let own = rank(claim.is_known, ticket.map_or(u64::MAX, |Ticket(number)| number));
        let ahead = self.waiting.iter().rev().filter(|it| {
            rank(it.claim.is_known, it.number) > own
                && (now - it.seen).abs() < LOOKS_AGAIN
                && !self.has_its_share(it.claim)
        });
        ahead.take(free).count() < free
    }

    /// Whether a visitor, or its network, has as many places as it may while they are scarce.
    fn has_its_share(&self, Claim { visitor, network, is_known, .. }: Claim) -> bool {
        if visitor.is_none() || is_known || self.under_way.len() < MOST_UNDER_WAY / 2 {
            return false;
        }
        let of_network = |it: &UnderWay| it.is_within_share && it.claim.network == network;
        self.count_of(|it| it.claim.visitor == visitor) >= SHARE
            || network.is_some() && self.count_of(of_network) >= SHARE_OF_NETWORK
    }

    fn count_of(&self, which: impl Fn(&UnderWay) -> bool) -> usize {
        self.under_way.iter().filter(|it| which(it)).count()
    }

    /// Notes that a request still waits; not where it has lost its place.
    fn note(&mut self, ticket: Option<Ticket>, now: f64) -> bool {
        let waiting = ticket.and_then(|ticket| self.find(ticket));
        let waiting = waiting.and_then(|index| self.waiting.get_mut(index));
        waiting.map(|waiting| waiting.seen = now).is_some()
    }

    fn find(&self, Ticket(number): Ticket) -> Option<usize> {
        self.waiting.binary_search_by_key(&number, |it| it.number).ok()
    }

    /// Makes room for such a request in the queue.
    fn make_room(&mut self, claim: Claim, now: f64) {
        if self.waiting.len() < MOST_WAITING {
            return;
        }
        self.waiting.retain(|it| (now - it.seen).abs() < HAS_VANISHED);
        if self.waiting.len() < MOST_WAITING {
            return;
        }
        let oldest_of_many = |many, is_own: &dyn Fn(&Claim) -> bool| {
            let is_own = |it: &Waiting| !it.claim.is_known && is_own(&it.claim);
            let has_many = self.waiting.iter().filter(|it| is_own(it)).count() >= many;
            self.waiting.iter().position(is_own).filter(|_| has_many)
        };
        let own = oldest_of_many(MANY_WAITING, &|it| it.visitor == claim.visitor);
        let networks = || {
            claim.network?;
            oldest_of_many(MANY_OF_NETWORK, &|it| it.network == claim.network)
        };
        let oldest = || oldest_of_many(0, &|_| true).unwrap_or(0);
        let index = own.or_else(networks).unwrap_or_else(oldest);
        self.waiting.remove(index);
    }
}

/// Exchanges.
const MOST_UNDER_WAY: usize = 100;

/// Exchanges beside those, for sessions that have been good before.
const RESERVED: usize = 20;

/// Exchanges that one visitor may have under way while more than half of the places are taken.
const SHARE: usize = 8;

/// The same for an IPv6 /48.
const SHARE_OF_NETWORK: usize = 24;

/// Requests.
const MOST_WAITING: usize = 500;

/// Requests of one visitor, from which on it makes room for its own new ones itself.
const MANY_WAITING: usize = 16;

/// The same for an IPv6 /48.
const MANY_OF_NETWORK: usize = 48;

/// Seconds in which a request that waits looks again, unless its host is overloaded.
const LOOKS_AGAIN: f64 = crate::host::LONGEST_PAUSE as f64 / 1_000.0 + 0.05;

/// Seconds after which one that has not looked again has hung up.
const HAS_VANISHED: f64 = 2.5;

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Option<u64> = Some(1);

    /// A request that looks for a place.
    struct Request(Claim, Option<Ticket>);

    fn request(session: u64, visitor: Option<u64>) -> Request {
        Request(Claim { session, visitor, network: None, is_known: false }, None)
    }

    fn known(session: u64) -> Request {
        Request(Claim { session, visitor: ADDRESS, network: None, is_known: true }, None)
    }

    impl Request {
        fn look(&mut self, places: &mut Places, now: f64) -> Turn {
            places.claim(self.0, &mut self.1, now)
        }

        /// Whether it may begin.
        fn begins(&mut self, places: &mut Places, now: f64) -> bool {
            matches!(self.look(places, now), Turn::Now(_))
        }
    }

    /// All places taken by sessions of a thousand and above, which visitors with numbers of their own bring.
    fn full() -> Places {
        let mut places = Places::default();
        for i in 0..MOST_UNDER_WAY as u64 {
            assert!(request(1_000 + i, Some(1_000 + i)).begins(&mut places, 0.0));
        }
        places
    }

    #[test]
    fn a_session_is_asked_for_once_at_a_time_and_waits_for_that_without_a_ticket() {
        let mut places = Places::default();
        let Turn::Now(number) = request(7, None).look(&mut places, 0.0) else { panic!() };
        let mut second = request(7, None);
        assert_eq!(second.look(&mut places, 0.0), Turn::Wait);
        assert_eq!(second.1, None);
        places.end(number);
        assert!(second.begins(&mut places, 0.1));
    }

    #[test]
    fn one_visitor_has_few_places_while_they_are_scarce() {
        let mut places = Places::default();
        let begun = (0..200).filter(|i| request(*i, ADDRESS).begins(&mut places, 0.0)).count();
        assert_eq!(begun, MOST_UNDER_WAY / 2);
        let others = (0..10).filter(|i| request(300 + i, Some(2)).begins(&mut places, 0.0)).count();
        assert_eq!(others, SHARE);
        assert!(request(400, Some(3)).begins(&mut places, 0.0));
        assert!(known(500).begins(&mut places, 0.0), "a session that has been good");
    }

    #[test]
    fn every_other_place_is_for_the_newest_and_the_others_for_the_first_that_looks() {
        let mut places = full();
        let mut waiting: Vec<_> = (0..4).map(|i| request(i, Some(i))).collect();
        for request in &mut waiting {
            assert_eq!(request.look(&mut places, 0.1), Turn::Wait);
        }
        places.end(1);
        assert!(!waiting[0].begins(&mut places, 0.2) && !waiting[1].begins(&mut places, 0.2));
        assert!(waiting[3].begins(&mut places, 0.2));
        places.end(2);
        assert!(waiting[0].begins(&mut places, 0.2), "the first that looks");
        places.end(3);
        assert!(!waiting[1].begins(&mut places, 0.2));
        places.end(4);
        assert!(waiting[1].begins(&mut places, 0.25), "two places for two");
        assert!(waiting[2].begins(&mut places, 0.25));
    }

    #[test]
    fn in_a_steady_flood_each_request_has_a_fair_chance_and_no_place_is_left_empty() {
        const LATENCY: usize = 100;
        let mut places = Places::default();
        let mut waiting: Vec<(usize, Request)> = Vec::new();
        let mut under_way = Vec::new();
        let mut begun = Vec::new();
        // in hundredths of a second: three new requests, and those that wait look again after ten
        for time in 0..800 {
            let now = time as f64 / 100.0;
            for (_, number) in under_way.extract_if(.., |(ends, _)| *ends <= time) {
                places.end(number);
            }
            let new =
                (0..3).map(|i| (time, request(3 * time as u64 + i, Some(3 * time as u64 + i))));
            waiting.extend(new);
            waiting.retain_mut(|(came, request)| {
                if (time - *came) % 10 != 0 {
                    return true;
                }
                match request.look(&mut places, now) {
                    Turn::Now(number) => {
                        under_way.push((time + LATENCY, number));
                        begun.push((*came, time - *came));
                        false
                    }
                    Turn::Wait => true,
                    Turn::Never => false,
                }
            });
        }
        // a third of all, whenever they came and however long they have waited
        for began in [200, 300, 400, 500] {
            let count =
                begun.iter().filter(|(came, _)| (began..began + 100).contains(came)).count();
            assert!((60..160).contains(&count), "{count} of 300 from {began} on");
        }
        let patient = begun.iter().filter(|(came, waited)| *came >= 200 && *waited >= 50).count();
        assert!(patient >= 30, "{patient}");
    }

    #[test]
    fn one_network_of_many_addresses_has_few_places_and_makes_room_for_its_own() {
        let of_network = |session| {
            let visitor = Some(session);
            Request(Claim { session, visitor, network: Some(9), is_known: false }, None)
        };
        let mut places = Places::default();
        let begun = (0..200).filter(|i| of_network(*i).begins(&mut places, 0.0)).count();
        assert_eq!(begun, MOST_UNDER_WAY / 2);
        let mut places = Places::default();
        for i in 0..MOST_UNDER_WAY as u64 / 2 {
            assert!(request(1_000 + i, Some(1_000 + i)).begins(&mut places, 0.0));
        }
        let begun = (0..200).filter(|i| of_network(*i).begins(&mut places, 0.0)).count();
        assert_eq!(begun, SHARE_OF_NETWORK);

        let mut places = full();
        let mut alone = request(0, Some(2));
        assert!(!alone.begins(&mut places, 0.1));
        for i in 5_000..7_000 {
            assert!(!of_network(i).begins(&mut places, 0.2));
        }
        assert_eq!(places.waiting.len(), MOST_WAITING);
        assert_eq!(alone.look(&mut places, 0.3), Turn::Wait, "it keeps its place");
    }

    #[test]
    fn who_has_hung_up_is_in_nobodys_way() {
        let mut places = full();
        let (mut first, mut gone, mut left) =
            (request(1, None), request(2, None), request(3, None));
        for request in [&mut first, &mut gone, &mut left] {
            request.look(&mut places, 0.1);
        }
        places.leave(&mut left.1);
        places.end(1);
        assert!(!first.begins(&mut places, 0.2), "the other may still come");
        assert!(first.begins(&mut places, 0.1 + LOOKS_AGAIN + 0.01));
    }

    #[test]
    fn sessions_that_have_been_good_have_places_of_their_own() {
        let mut places = full();
        assert!(!request(1, Some(1)).begins(&mut places, 0.1));
        for i in 0..RESERVED as u64 {
            assert!(known(100 + i).begins(&mut places, 0.1));
        }
        let (mut good, mut stranger) = (known(200), request(2, Some(2)));
        assert!(!good.begins(&mut places, 0.1) && !stranger.begins(&mut places, 0.1));
        for number in 1..=RESERVED as u64 + 1 {
            places.end(number);
        }
        assert!(!stranger.begins(&mut places, 0.2), "a session that has been good goes first");
        assert!(good.begins(&mut places, 0.2));
    }

    #[test]
    fn where_too_many_wait_the_oldest_has_to_go_and_a_visitor_with_many_pays_itself() {
        let mut places = full();
        let mut alone = request(0, Some(2));
        let mut good = known(9);
        for number in 0..RESERVED as u64 {
            assert!(known(500 + number).begins(&mut places, 0.1));
        }
        assert!(!good.begins(&mut places, 0.1) && !alone.begins(&mut places, 0.1));
        let mut flood: Vec<_> = (0..2_000).map(|i| request(2_000 + i, ADDRESS)).collect();
        for request in &mut flood {
            assert_eq!(request.look(&mut places, 0.2), Turn::Wait);
        }
        assert_eq!(places.waiting.len(), MOST_WAITING);
        assert_eq!(flood[0].look(&mut places, 0.3), Turn::Never);
        assert_eq!(flood[1_999].look(&mut places, 0.3), Turn::Wait);
        assert_eq!(alone.look(&mut places, 0.3), Turn::Wait, "it keeps its place");
        // many visitors: the oldest of all strangers
        for i in 0..600 {
            request(5_000 + i, Some(5_000 + i)).look(&mut places, 0.4);
        }
        assert_eq!(alone.look(&mut places, 0.4), Turn::Never);
        assert_eq!(good.look(&mut places, 0.4), Turn::Wait);
    }
}
