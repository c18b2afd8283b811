//! Services for routing: what routing does not need answers nothing.

use postrider::alias::Aliases;
use postrider::cf::Config;
use postrider::deliver::LocalDelivery;
use postrider::dns::Resolver;
use postrider::envelope::{Envelope, IdGenerator, QueueId};
use postrider::queue::Selection;
use postrider::queue::store::{Held, Spool, Store, StoreError};
use postrider::rewrite::service::Maps;
use postrider::service::{Scheduler, Services, SystemClock};
use postrider::user::Users;
use std::sync::Arc;

pub struct Nothing;

impl postrider::sasl::Authenticator for Nothing {
    fn mechanisms(&self, _: &postrider::sasl::Facts) -> Vec<String> {
        Vec::new()
    }
    fn start(&self, _: &str, _: &postrider::sasl::Facts) -> Option<Box<dyn postrider::sasl::Exchange>> {
        None
    }
}

impl Scheduler for Nothing {
    fn submit(&self, _: Envelope) {}
    fn run_queue(&self, _: Selection) {}
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
