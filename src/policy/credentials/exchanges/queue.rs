//! The requests that wait for an exchange to be admitted.
//!
//! The length of the queue is limited. A full queue drops its oldest request, preferably one of the
//! client or network that the new request comes from, if that has many.

/// The session that a request needs a token for, and the client. Keyed hashes stand for the names.
#[derive(Clone, Copy)]
pub(super) struct Requester {
    pub(super) session: u64,
    /// `None` if the client's address is not known
    pub(super) client: Option<u64>,
    /// The client's IPv6 /48, if the address is an IPv6 address
    pub(super) network: Option<u64>,
    /// Whether the session has been valid before
    pub(super) is_known: bool,
}

/// A request's place in the queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ticket(u64);

/// Which of the waiting requests goes first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Order {
    #[default]
    NewestFirst,
    /// The first request that asks
    Any,
}

#[derive(Default)]
pub(super) struct Queue {
    /// The oldest first
    waiting: Vec<Waiting>,
    tickets: u64,
}

struct Waiting {
    requester: Requester,
    number: u64,
    /// When the request last asked, in seconds since 1970
    asked: f64,
}

impl Queue {
    /// Adds a request. Drops another one if the queue is full.
    pub(super) fn join(&mut self, requester: Requester, now: f64) -> Ticket {
        self.make_room(requester, now);
        self.tickets += 1;
        self.waiting.push(Waiting { requester, number: self.tickets, asked: now });
        Ticket(self.tickets)
    }

    /// Removes a request.
    pub(super) fn leave(&mut self, ticket: &mut Option<Ticket>) {
        if let Some(index) = ticket.take().and_then(|ticket| self.find(ticket)) {
            self.waiting.remove(index);
        }
    }

    /// Notes that a request still waits. Returns false if the queue has dropped it.
    pub(super) fn renew(&mut self, ticket: Ticket, now: f64) -> bool {
        let waiting = self.find(ticket).and_then(|index| self.waiting.get_mut(index));
        waiting.map(|waiting| waiting.asked = now).is_some()
    }

    /// The requests that go before one with this ticket or, without a ticket, before a new one.
    /// Known sessions go before others. Requests that have stopped asking do not count.
    pub(super) fn ahead_of(
        &self,
        requester: Requester,
        ticket: Option<Ticket>,
        order: Order,
        now: f64,
    ) -> impl Iterator<Item = Requester> {
        let rank = move |is_known, number: u64| match order {
            Order::NewestFirst => (is_known, number),
            Order::Any => (is_known, 0),
        };
        let own = rank(requester.is_known, ticket.map_or(u64::MAX, |Ticket(number)| number));
        let ahead = self.waiting.iter().rev().filter(move |it| {
            rank(it.requester.is_known, it.number) > own && (now - it.asked).abs() < ASKS_WITHIN
        });
        ahead.map(|it| it.requester)
    }

    fn find(&self, Ticket(number): Ticket) -> Option<usize> {
        self.waiting.binary_search_by_key(&number, |it| it.number).ok()
    }

    fn make_room(&mut self, requester: Requester, now: f64) {
        if self.waiting.len() < CAPACITY {
            return;
        }
        self.waiting.retain(|it| (now - it.asked).abs() < GONE_AFTER);
        if self.waiting.len() < CAPACITY {
            return;
        }
        let oldest_of_many = |many, is_own: &dyn Fn(&Requester) -> bool| {
            let is_own = |it: &Waiting| !it.requester.is_known && is_own(&it.requester);
            let has_many = self.waiting.iter().filter(|it| is_own(it)).count() >= many;
            self.waiting.iter().position(is_own).filter(|_| has_many)
        };
        let clients = oldest_of_many(MANY_OF_CLIENT, &|it| it.client == requester.client);
        let networks = || {
            requester.network?;
            oldest_of_many(MANY_OF_NETWORK, &|it| it.network == requester.network)
        };
        let oldest = || oldest_of_many(0, &|_| true).unwrap_or(0);
        let index = clients.or_else(networks).unwrap_or_else(oldest);
        self.waiting.remove(index);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// Requests.
pub(super) const CAPACITY: usize = 500;

/// Waiting requests of one client from which on its new requests replace its own.
const MANY_OF_CLIENT: usize = 16;

/// The same for an IPv6 /48.
const MANY_OF_NETWORK: usize = 48;

/// Seconds within which a waiting request asks again, unless its host is overloaded.
pub(super) const ASKS_WITHIN: f64 = crate::host::MAX_POLL_INTERVAL as f64 / 1_000.0 + 0.05;

/// Seconds after which the client of a request that has not asked again has disconnected.
const GONE_AFTER: f64 = 2.5;
