//! The requests of one connection's users.

use std::collections::VecDeque;
use std::sync::Arc;

use super::body::Body;
use super::judge::Request;
use super::lanes::SHORT;
use super::message;
use super::oracle::{Case, Credential, Path};
use super::random::Random;
use super::sessions::Session;
use super::traffic::Kind;
use super::users::{Defect, Mint, Token, User};

/// Makes requests for users of its own.
pub(super) struct Requests {
    mint: Arc<Mint>,
    pub(super) random: Random,
    users: Vec<Session>,
    /// Tokens that expire soon, or did so lately
    lapsing: VecDeque<(usize, Token)>,
    /// The last number of a request
    number: u64,
}

impl Requests {
    /// `lane` tells connections apart.
    pub(super) fn new(mint: &Arc<Mint>, lane: usize) -> Self {
        let mut random = Random::new(mint.keys.plan.seed, lane as u64 + 1);
        let mut number = (lane as u64) << 40;
        let users = (0..USERS).map(|index| {
            let user = Arc::new(User::new(lane * USERS + index));
            number += 1;
            Session::new(mint, &mut random, user, number)
        });
        let users = users.collect();
        Self { mint: Arc::clone(mint), random, users, lapsing: VecDeque::new(), number }
    }

    /// The next number of a request or a token.
    pub(super) fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// A request of this kind.
    pub(super) fn of(&mut self, kind: Kind) -> Request {
        let index = self.random.below(self.users.len());
        self.renew(index);
        match kind {
            Kind::Warm => self.warm(index),
            Kind::Lapsing => self.lapsing(index),
            Kind::New => {
                let token = self.fresh(index, Defect::None);
                self.own(kind, index, &token)
            }
            Kind::OldKey => {
                let Session { before, token, .. } = &self.users[index];
                let token = before.as_ref().unwrap_or(token).clone();
                self.own(kind, index, &token)
            }
            Kind::Foreign => {
                let count = SHORT * USERS;
                let number = self.random.below(count);
                let mut other = User::new(number);
                if other.id == self.users[index].user.id {
                    other = User::new((number + 1) % count);
                }
                let token = self.users[index].token.clone();
                let target = format!("/api/{}/tasks", other.id);
                self.build(kind, index, &token, Path::Closed("user_mismatch"), &target)
            }
            Kind::Admin | Kind::NotAdmin => {
                let is_admin = kind == Kind::Admin;
                let fits = |session: &Session| session.user.is_admin == is_admin;
                let index = (index..index + USERS).map(|index| index % USERS);
                let index = index.into_iter().find(|it| fits(&self.users[*it])).unwrap_or_default();
                self.renew(index);
                let allowed = self.users[index].user.is_admin;
                let path = if allowed { Path::Open } else { Path::Closed("insufficient_claims") };
                let token = self.users[index].token.clone();
                self.build(kind, index, &token, path, "/admin/users?page=2")
            }
            Kind::Ambiguous => {
                let token = self.users[index].token.clone();
                let id = &self.users[(index + 1) % USERS].user.id;
                let target = format!("/API/{id}/tasks");
                self.build(kind, index, &token, Path::Ambiguous, &target)
            }
            Kind::Public => {
                let token = absent();
                self.build(kind, index, &token, Path::Public, "/public/news?page=1")
            }
            Kind::Preflight => {
                let token = absent();
                let target = self.users[index].target("tasks");
                self.build(kind, index, &token, Path::Preflight, &target)
            }
            _ => {
                let token = self.token_for(kind, index);
                self.own(kind, index, &token)
            }
        }
    }

    /// The token in use, or the one that this kind of request has.
    fn token_for(&mut self, kind: Kind, index: usize) -> Token {
        let number = self.number();
        let bad = |text: String, code| Token { text, credential: Credential::Bad(code) };
        match kind {
            Kind::NoToken => absent(),
            Kind::Malformed => {
                let whole = &self.users[index].token.text;
                let text = match number % 4 {
                    0 => format!("{whole}="),
                    1 => format!("{whole}.{number}"),
                    2 => format!("e30.{number}.."),
                    _ => whole.replacen("ey", "e y", 1).replace(' ', "!"),
                };
                bad(text, "malformed_token")
            }
            Kind::Opaque => bad(format!("{number:032x}"), "opaque_token"),
            _ if kind.defect() != Defect::None => self.fresh(index, kind.defect()),
            _ => self.users[index].token.clone(),
        }
    }

    /// The same request as before, as long as the user has the same token.
    fn warm(&mut self, index: usize) -> Request {
        let Session { user, token, .. } = &self.users[index];
        let target = self.users[index].target("tasks?done=false");
        let address = user.address.clone();
        let bytes = message::head("GET", &target, &address, &token.text, "").into_bytes();
        Request {
            kind: Kind::Warm,
            number: None,
            case: Case { credential: token.credential.clone(), path: Path::Open },
            user: Some(Arc::clone(user)),
            address,
            method: "GET",
            target,
            body: EMPTY,
            bytes,
        }
    }

    fn lapsing(&mut self, index: usize) -> Request {
        if self.lapsing.len() > LAPSING {
            self.lapsing.pop_front();
        }
        if self.lapsing.len() < LAPSING || self.random.below(8) == 0 {
            let number = self.number();
            let lifetime = self.random.between(1.0, 5.0);
            let token = self.mint.token(&self.users[index].user, lifetime, Defect::None, number);
            self.lapsing.push_back((index, token));
        }
        let chosen = self.random.below(self.lapsing.len());
        let (index, token) = self.lapsing[chosen].clone();
        self.own(Kind::Lapsing, index, &token)
    }

    /// A token that no request has had before.
    pub(super) fn fresh(&mut self, index: usize, defect: Defect) -> Token {
        let number = self.number();
        self.mint.token(&self.users[index].user, 60.0, defect, number)
    }

    /// The same without a defect, valid for these seconds.
    pub(super) fn lasting(&mut self, index: usize, lifetime: f64) -> Token {
        let number = self.number();
        self.mint.token(&self.users[index].user, lifetime, Defect::None, number)
    }

    /// A request for the user's own path.
    fn own(&mut self, kind: Kind, index: usize, token: &Token) -> Request {
        let number = self.number();
        let target = self.users[index].target(&format!("tasks/{}?n={number}", number % 50));
        self.build(kind, index, token, Path::Open, &target)
    }

    /// A request with a number.
    pub(super) fn build(
        &mut self,
        kind: Kind,
        index: usize,
        token: &Token,
        path: Path,
        target: &str,
    ) -> Request {
        let number = self.number();
        let method = match kind {
            Kind::Write => *self.random.of(&["POST", "PUT", "PATCH"]),
            Kind::Method => *self.random.of(&["HEAD", "DELETE", "OPTIONS"]),
            Kind::Preflight => "OPTIONS",
            Kind::Upload | Kind::UploadRejected => "POST",
            _ => "GET",
        };
        let length = if kind == Kind::Write { 1 + self.random.below(2_000) } else { 0 };
        let body = Body { number, length };
        let more = message::headers(kind, body);
        let user = &self.users[index].user;
        // one client forges all tokens
        let address = if kind.is_forged() { ATTACKER } else { &user.address };
        let mut bytes = message::head(method, target, address, &token.text, &more).into_bytes();
        body.pieces().for_each(|piece| bytes.extend_from_slice(piece));
        Request {
            kind,
            number: Some(number),
            case: Case { credential: token.credential.clone(), path },
            user: (path != Path::Public).then(|| Arc::clone(user)),
            address: address.to_owned(),
            method,
            target: target.to_owned(),
            body,
            bytes,
        }
    }

    /// Gets the user's next token before the old one expires.
    pub(super) fn renew(&mut self, index: usize) {
        let number = self.number();
        self.users[index].renew(&self.mint, &mut self.random, number);
    }

    /// A user with the token in use and the user's path.
    pub(super) fn user(&mut self, end: &str) -> (usize, Token, String) {
        let index = self.random.below(self.users.len());
        self.renew(index);
        let session = &self.users[index];
        (index, session.token.clone(), session.target(end))
    }
}

/// Users of a connection.
const USERS: usize = 40;

const ATTACKER: &str = "203.0.113.66";

/// Tokens that are about to expire.
const LAPSING: usize = 12;
const EMPTY: Body = Body { number: 0, length: 0 };

fn absent() -> Token {
    Token { text: String::new(), credential: Credential::Absent }
}
