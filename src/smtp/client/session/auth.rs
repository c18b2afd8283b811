//! AUTH in a session: the mechanisms that both sides have, one after the other.

use super::{Session, State};
use crate::envelope::Status;
use crate::smtp::client::auth::{Credentials, Exchange, Mechanism};
use crate::smtp::client::outcome::{Step, refusal};
use crate::smtp::client::reply::WireReply;

impl Session {
    /// Answer to [`Question::AuthInfo`]; without credentials, or a mechanism in common, the session goes on as nobody.
    pub fn auth_info(&mut self, credentials: Result<Option<Credentials>, Status>) {
        self.state = State::Idle;
        let credentials = match credentials {
            Ok(None) => return,
            Ok(Some(credentials)) => credentials,
            Err(status) => return self.refuse(status),
        };
        self.try_auth(credentials);
    }

    /// Begins with the best mechanism that is left.
    fn try_auth(&mut self, credentials: Credentials) {
        if let Some(mechanism) = Mechanism::choose(&self.peer.auth, &credentials, &self.setup.mechanisms) {
            let (exchange, command) = Exchange::start(mechanism, credentials.clone(), self.setup.host.as_bytes());
            self.secret = true;
            self.command(&[&command]);
            self.exchange = Some((exchange, credentials));
            self.authenticated = Some(mechanism.name());
            self.state = State::Auth;
        }
    }

    /// A mechanism that the server refuses gives way to the next.
    pub(super) fn auth_step(&mut self, reply: &WireReply) {
        if reply.code == 334 {
            let answer = self.exchange.as_mut().and_then(|(e, _)| e.answer(reply.text()));
            self.secret = true;
            match answer {
                Some(answer) => self.command(&[&answer]),
                None => self.command(&[b"*"]),
            }
            return;
        }
        self.state = State::Idle;
        let Some((exchange, credentials)) = self.exchange.take() else { return };
        if reply.class() == 2 && exchange.server_proven() {
            return;
        }
        self.authenticated = None;
        if reply.class() == 2 {
            return self.refuse(Status::new(
                (4, 7, 0),
                75,
                "AUTH: the server has not shown that it knows the password",
            ));
        }
        self.doom(reply);
        if self.doomed {
            return self.refuse(refusal(Step::Hello, reply, false, b""));
        }
        self.peer.auth.retain(|m| !m.eq_ignore_ascii_case(exchange.mechanism().name()));
        self.try_auth(credentials);
    }
}
