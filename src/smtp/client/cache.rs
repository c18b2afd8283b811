//! Connections kept for the next message to the same place, shared between delivery threads.

use super::Transcript;
use super::driver::Connection;
use super::hosts::Place;
use crate::cf::Config;
use openssl::ssl::SslContext;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

/// Most connections kept in all.
const MAX_KEPT: usize = 100;

/// What a connection can be used for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub mailer: usize,
    pub place: Place,
}

struct Kept {
    key: Key,
    connection: Connection,
    since: Instant,
}

/// Idle connections, and the TLS context of new ones.
///
/// `ConnectionCacheSize` is the number kept for each place (the original has one cache in each process), 0 keeps none;
/// `ConnectionCacheTimeout` ends what is idle for longer.
#[derive(Default)]
pub struct ConnectionCache {
    kept: Mutex<Vec<Kept>>,
    context: OnceLock<Option<Arc<SslContext>>>,
}

impl ConnectionCache {
    /// An empty cache.
    pub fn new() -> ConnectionCache {
        ConnectionCache::default()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// An idle connection, the one used last.
    pub(super) fn take(&self, key: &Key, timeout: Duration) -> Option<Connection> {
        let (found, stale) = {
            let mut kept = self.kept();
            let stale = expired(&mut kept, timeout);
            let at = kept.iter().rposition(|k| k.key == *key);
            (at.map(|at| kept.remove(at).connection), stale)
        };
        end(stale);
        found
    }

    /// Keeps a connection, if there is room.
    pub(super) fn keep(&self, key: Key, connection: Connection, size: usize, timeout: Duration) {
        if size == 0 {
            return end(vec![connection]);
        }
        let mut ended = {
            let mut kept = self.kept();
            let mut ended = expired(&mut kept, timeout);
            let same = kept.iter().filter(|k| k.key == key).count();
            let oldest = match same >= size {
                true => kept.iter().position(|k| k.key == key),
                false if kept.len() >= MAX_KEPT => Some(0),
                false => None,
            };
            if let Some(at) = oldest {
                ended.push(kept.remove(at).connection);
            }
            kept.push(Kept { key, connection, since: Instant::now() });
            ended
        };
        end(std::mem::take(&mut ended));
    }

    /// Ends connections that are idle for longer than `timeout`; for the process's timer.
    pub fn expire(&self, timeout: Duration) {
        let stale = expired(&mut self.kept(), timeout);
        end(stale);
    }

    /// Ends all idle connections, the one used last first: at the end of a process or a queue run.
    pub fn close_all(&self, mut verbose: Option<&mut dyn Transcript>) {
        let all = std::mem::take(&mut *self.kept());
        for kept in all.into_iter().rev() {
            kept.connection.end(verbose.as_mut().map(|v| &mut **v as &mut dyn Transcript));
        }
    }

    /// The TLS context, made when it is first wanted; `None` when it cannot be made.
    pub(super) fn context(&self, config: &Config) -> Option<Arc<SslContext>> {
        let make = || {
            let mut complain = |text: String| crate::log::client::starttls_problem(&text);
            match crate::tls::client::context(&config.options, &mut complain) {
                Ok(context) => Some(Arc::new(context)),
                Err(error) => {
                    complain(format!("STARTTLS=client, error: context failed: {error}"));
                    None
                }
            }
        };
        self.context.get_or_init(make).clone()
    }
}

fn expired(kept: &mut Vec<Kept>, timeout: Duration) -> Vec<Connection> {
    let now = Instant::now();
    let (stale, fresh): (Vec<_>, Vec<_>) =
        std::mem::take(kept).into_iter().partition(|k| now.saturating_duration_since(k.since) > timeout);
    *kept = fresh;
    stale.into_iter().map(|k| k.connection).collect()
}

fn end(connections: Vec<Connection>) {
    for connection in connections {
        connection.end(None);
    }
}
