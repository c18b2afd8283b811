//! Services for tests that need only some of them: the others answer nothing.

use postrider::alias::Aliases;
use postrider::cf::Config;
use postrider::deliver::{Found, Listed, LocalDelivery, LocalJob};
use postrider::dns::Resolver;
use postrider::envelope::{Envelope, IdGenerator, Origin, QueueId, Status};
use postrider::queue::Selection;
use postrider::queue::store::{Held, Spool, Store, StoreError};
use postrider::rewrite::service::{Lookup, Maps};
use postrider::sasl::{Authenticator, Exchange, Facts};
use postrider::service::{Scheduler, Services, SystemClock};
use postrider::text::Line;
use postrider::user::{Unavailable, User, Users};
use std::sync::Arc;

/// Whatever is not used.
pub struct Nothing;

impl Aliases for Nothing {
    fn lookup(&self, _: &[u8]) -> Lookup {
        Lookup::NotFound
    }
}

impl Users for Nothing {
    fn by_name(&self, _: &[u8]) -> Result<Option<User>, Unavailable> {
        Ok(None)
    }
    fn by_uid(&self, _: u32) -> Result<Option<User>, Unavailable> {
        Ok(None)
    }
}

impl Authenticator for Nothing {
    fn mechanisms(&self, _: &Facts) -> Vec<String> {
        Vec::new()
    }
    fn start(&self, _: &str, _: &Facts) -> Option<Box<dyn Exchange>> {
        None
    }
}

impl LocalDelivery for Nothing {
    fn deliver(&self, _: LocalJob) -> Vec<Status> {
        Vec::new()
    }
    fn forward(&self, _: &[u8], _: &[u8]) -> Result<Found, Status> {
        Ok(Found::default())
    }
    fn include(&self, _: &[u8], _: &Origin) -> Result<Listed, Status> {
        Err(Status::new((5, 2, 4), 75, "no lists here"))
    }
    fn dead_letter(&self, _: &[u8], _: std::fs::File) -> Option<Line> {
        None
    }
}

impl Store for Nothing {
    fn spool(&self, _: &QueueId) -> Result<Box<dyn Spool>, StoreError> {
        Err(StoreError::Failed(std::io::ErrorKind::Unsupported.into()))
    }
    fn commit(&self, _: &Envelope) -> Result<(), StoreError> {
        Ok(())
    }
    fn update(&self, _: &Envelope) -> Result<(), StoreError> {
        Ok(())
    }
    fn remove(&self, _: &Envelope) -> Result<(), StoreError> {
        Ok(())
    }
    fn release(&self, _: &QueueId) {}
    fn take(&self, _: &QueueId) -> Result<Option<Held>, StoreError> {
        Ok(None)
    }
    fn list(&self, _: &Selection) -> Result<Vec<QueueId>, StoreError> {
        Ok(Vec::new())
    }
}

impl Scheduler for Nothing {
    fn submit(&self, _: Envelope) {}
    fn run_queue(&self, _: Selection) {}
}

/// Services around what a test brings.
pub fn services(
    config: Arc<Config>,
    aliases: Arc<dyn Aliases>,
    users: Arc<dyn Users>,
    local: Arc<dyn LocalDelivery>,
    maps: Arc<dyn Maps>,
    resolver: Arc<dyn Resolver>,
) -> Services {
    Services {
        config,
        maps,
        resolver,
        aliases,
        users,
        auth: Arc::new(Nothing),
        local,
        store: Arc::new(Nothing),
        scheduler: Arc::new(Nothing),
        clock: Arc::new(SystemClock),
        ids: Arc::new(IdGenerator::new(std::process::id(), 0)),
        statistics: Arc::default(),
    }
}
