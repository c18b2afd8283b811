//! Services for modes that do one thing and end: everything in this process, through the same traits as the daemon.

use super::auth;
use super::base::Base;
use crate::cf::Config;
use crate::deliver::local::Local;
use crate::envelope::IdGenerator;
use crate::queue::files::{FileStore, Settings};
use crate::queue::schedule::Delivery;
use crate::service::{Services, SystemClock};
use crate::stats::Statistics;
use std::io;
use std::sync::Arc;

/// The services of a process that delivers by itself.
pub struct OneShot {
    /// The services.
    pub services: Services,
    /// Its scheduler, not started yet.
    pub delivery: Arc<Delivery>,
}

/// Opens the queue and everything else. The queue's directory decides whether the caller may.
pub fn open(config: &Arc<Config>) -> io::Result<OneShot> {
    let store = FileStore::open(Settings::from_config(config))?;
    store.recover();
    let base = Base::open(config);
    let delivery = Delivery::new(config.options.delivery_mode);
    let mut start = [0; 4];
    // Without randomness the process id in the identifier still keeps processes apart.
    let _ = openssl::rand::rand_bytes(&mut start);
    let services = Services {
        local: Arc::new(Local::direct(config.clone(), base.aliases.clone())),
        maps: base.maps,
        resolver: base.resolver,
        aliases: base.aliases,
        users: base.users,
        auth: auth::direct(config),
        store: Arc::new(store),
        scheduler: delivery.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(IdGenerator::new(std::process::id(), u32::from_be_bytes(start))),
        statistics: Arc::new(Statistics::at_once(config.options.status_file.path())),
        config: config.clone(),
    };
    Ok(OneShot { services, delivery })
}
