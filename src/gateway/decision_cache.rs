//! Requests that come again. Where nothing about a request depends on anything but its head, the settings
//! and the time, the host is given a pass with the decision: a number by which it asks, when the very same
//! head comes again, whether it may go on as before. So the head need not cross again, nor what became
//! of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::policy::issuers::Issuers;
use crate::verifier::Verified;

/// The passes that were given last.
#[derive(Default)]
pub(crate) struct Passes(Mutex<Given>);

#[derive(Default)]
struct Given {
    /// The place of a pass is its number, as far as there are places
    passes: Vec<Pass>,
    /// The number of the next one
    next: u32,
}

/// What is looked at anew.
pub(crate) struct Pass {
    /// Whose requests pass
    pub(crate) user: Arc<Verified>,
    /// The place of the issuer who has verified the token
    pub(crate) issuer: usize,
    /// When something is to be signed anew, in seconds since 1970
    pub(crate) until: f64,
}

impl Passes {
    /// Keeps a pass, in the place of the oldest, and gives its number, which no other has.
    pub(crate) fn give(&self, pass: Pass) -> Option<u32> {
        let mut given = self.given();
        let number = given.next;
        given.next = number.checked_add(1)?;
        let place = place(number);
        match given.passes.get_mut(place) {
            Some(oldest) => *oldest = pass,
            None => given.passes.push(pass),
        }
        Some(number)
    }

    /// Whether the pass of that number is still kept, its token good and its key known, `now`.
    pub(crate) fn hold(&self, number: u32, issuers: &Issuers, now: f64) -> bool {
        let given = self.given();
        let is_kept = number < given.next && given.next - number <= KEPT;
        let pass = given.passes.get(place(number)).filter(|_| is_kept);
        pass.is_some_and(|pass| now < pass.until && issuers.holds_now(&pass.user, pass.issuer, now))
    }

    /// Nothing panics while the lock is held, so a poisoned list is still a whole one.
    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Passes {
    /// Shows how many, never whose.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passes").field("given", &self.given().next).finish_non_exhaustive()
    }
}

fn place(number: u32) -> usize {
    (number % KEPT) as usize
}

/// So many passes are kept.
const KEPT: u32 = 2048;
