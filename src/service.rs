//! What the engines need from the process they run in, as one bundle of small traits.
//!
//! The daemon's `mta` process, the one-shot modes (`-t`, `-bs`, `-q`) and the tests each fill [`Services`] in their own
//! way; the engines (SMTP server, routing, delivery, bounces) do not know which. Everything here may block, so an
//! event loop hands such calls to a pool.

use crate::cf::Config;
use crate::deliver::LocalDelivery;
use crate::dns::Resolver;
use crate::envelope::{Envelope, IdGenerator};
use crate::queue::store::Store;
use crate::rewrite::service::Maps;
use crate::sasl::Authenticator;
use std::sync::Arc;

/// The clock, so that tests can turn it.
pub trait Clock: Send + Sync {
    /// Seconds since 1970 and nanoseconds.
    fn now(&self) -> (i64, u32);
}

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> (i64, u32) {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        (since.as_secs() as i64, since.subsec_nanos())
    }
}

/// Takes accepted envelopes for delivery.
pub trait Scheduler: Send + Sync {
    /// `envelope` is in the store (durable). The scheduler decides by delivery mode and load when to try it; mode
    /// `interactive` delivers before this returns.
    fn submit(&self, envelope: Envelope);
    /// Starts a queue run for the jobs that match (ETRN, the control socket).
    fn run_queue(&self, selection: crate::queue::Selection);
}

/// Everything an engine may call on.
#[derive(Clone)]
pub struct Services {
    /// The configuration.
    pub config: Arc<Config>,
    /// The maps of its `K` lines.
    pub maps: Arc<dyn Maps>,
    /// Host names and addresses.
    pub resolver: Arc<dyn Resolver>,
    /// The alias database.
    pub aliases: Arc<dyn crate::alias::Aliases>,
    /// The password file and what hangs on it.
    pub users: Arc<dyn crate::user::Users>,
    /// SASL for the server.
    pub auth: Arc<dyn Authenticator>,
    /// Mailer programs, files, `.forward` and `:include:`, with other users' rights.
    pub local: Arc<dyn LocalDelivery>,
    /// The queue.
    pub store: Arc<dyn Store>,
    /// Delivery.
    pub scheduler: Arc<dyn Scheduler>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New queue identifiers.
    pub ids: Arc<IdGenerator>,
    /// What mailstats(8) shows.
    pub statistics: Arc<crate::stats::Statistics>,
}
