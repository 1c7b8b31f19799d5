//! Clients that send the same requests again. Where a request goes by its head and the settings is kept
//! for as long as its host knows the client's fields by a number, so that only its token is looked at
//! anew: whether it is still good, and whose it is.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fields::Fields;
use super::head::RequestHead;
use super::route::Route;
use crate::verifier::Verified;

/// What is known of clients, by the numbers of their fields.
#[derive(Default)]
pub(super) struct Returning(Mutex<Vec<Option<Client>>>);

/// A request that has passed before, with a bearer token.
#[derive(Clone)]
pub(super) struct Returned {
    /// Whose it was
    pub(super) user: Arc<Verified>,
    /// The place of the issuer who has verified the token
    pub(super) issuer: usize,
    pub(super) route: Arc<Route>,
}

struct Client {
    fields: Arc<Fields>,
    /// All of the head that is not the client's fields, and what has become of it; the oldest first
    requests: Vec<(Box<str>, Returned)>,
}

impl Returning {
    /// What became of the same request before.
    pub(super) fn find(&self, head: &RequestHead) -> Option<Returned> {
        let (number, fields) = head.numbered_fields()?;
        let clients = self.clients();
        let client = clients.get(number)?.as_ref()?;
        if !Arc::ptr_eq(&client.fields, fields) {
            return None;
        }
        let own = head.own_text();
        let (_, returned) = client.requests.iter().find(|(request, _)| **request == *own)?;
        Some(returned.clone())
    }

    /// Keeps what has become of a request.
    pub(super) fn keep(&self, head: &RequestHead, returned: Returned) {
        let Some((number, fields)) = head.numbered_fields() else { return };
        let mut clients = self.clients();
        if clients.len() <= number {
            clients.resize_with(number + 1, || None);
        }
        let client = clients[number].take().filter(|client| Arc::ptr_eq(&client.fields, fields));
        let mut requests = client.map(|client| client.requests).unwrap_or_default();
        // what is no longer good, or was too old to be sure of
        requests.retain(|(own, _)| **own != *head.own_text());
        if requests.len() == MOST_REQUESTS {
            requests.remove(0);
        }
        requests.push((head.own_text().into(), returned));
        clients[number] = Some(Client { fields: Arc::clone(fields), requests });
    }

    /// Nothing panics while the lock is held, so a poisoned list is still a whole one.
    fn clients(&self) -> MutexGuard<'_, Vec<Option<Client>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Returning {
    /// Shows how many, never whom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returning").field("clients", &self.clients().len()).finish_non_exhaustive()
    }
}

/// So many requests of a client are kept.
const MOST_REQUESTS: usize = 8;
