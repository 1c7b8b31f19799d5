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

/// A request that has passed before.
pub(super) struct Returned {
    /// Its bearer token
    pub(super) token: Arc<str>,
    /// Whose it was
    pub(super) user: Arc<Verified>,
    /// The rule that matched
    pub(super) rule: Option<usize>,
    pub(super) route: Arc<Route>,
}

struct Client {
    fields: Arc<Fields>,
    token: Arc<str>,
    user: Arc<Verified>,
    /// The oldest first
    requests: Vec<Request>,
}

struct Request {
    /// All of the head that is not the client's fields
    own: Box<str>,
    rule: Option<usize>,
    route: Arc<Route>,
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
        let request = client.requests.iter().find(|request| *request.own == *head.own_text())?;
        Some(Returned {
            token: Arc::clone(&client.token),
            user: Arc::clone(&client.user),
            rule: request.rule,
            route: Arc::clone(&request.route),
        })
    }

    /// Keeps what has become of a request with this bearer token.
    pub(super) fn keep(
        &self,
        head: &RequestHead,
        token: &str,
        user: &Arc<Verified>,
        rule: Option<usize>,
        route: &Arc<Route>,
    ) {
        let Some((number, fields)) = head.numbered_fields() else { return };
        let mut clients = self.clients();
        if clients.len() <= number {
            clients.resize_with(number + 1, || None);
        }
        let is_same = |client: &Client| {
            Arc::ptr_eq(&client.fields, fields) && Arc::ptr_eq(&client.user, user)
        };
        if !clients[number].as_ref().is_some_and(is_same) {
            let (fields, token) = (Arc::clone(fields), token.into());
            clients[number] =
                Some(Client { fields, token, user: Arc::clone(user), requests: Vec::new() });
        }
        if let Some(Client { requests, .. }) = &mut clients[number] {
            if requests.len() == MOST_REQUESTS {
                requests.remove(0);
            }
            requests.push(Request { own: head.own_text().into(), rule, route: Arc::clone(route) });
        }
    }

    /// Nothing of that client has become of anything any more.
    pub(super) fn forget(&self, head: &RequestHead) {
        if let Some((number, _)) = head.numbered_fields()
            && let Some(client) = self.clients().get_mut(number)
        {
            *client = None;
        }
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
