//! The `mta` process: everything that faces the network, with no rights of its own.
//!
//! It starts as root, loads the TLS key, then becomes `RunAsUser`, else the owner of the queue, else root without any
//! capability; it limits itself to the files that the configuration names and to system calls that it needs, and only then
//! talks to anybody.

mod connection;
mod doors;
mod gate;
mod ident;
mod link;
mod server;

use super::base::Base;
use super::board::Board;
use super::pool::Pool;
use super::{MtaSetup, auth, note_sandbox, renew};
use crate::cf::Config;
use crate::cf::options::DeliveryMode;
use crate::deliver::local::{Local, WorkerSource};
use crate::deliver::transport::Standard;
use crate::envelope::IdGenerator;
use crate::queue::files::{FileStore, Settings as StoreSettings};
use crate::queue::flights::Flights;
use crate::queue::schedule::Delivery;
use crate::queue::store::Store;
use crate::service::{Clock, Services, SteadyClock, SystemClock};
use crate::smtp::server::Settings;
use crate::stats::Statistics;
use crate::sys::{cred, process, sandbox, title};
use crate::tls;
use doors::Doors;
use gate::Gate;
use link::Link;
use server::{Loop, Shared};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

/// Threads that work on questions of sessions; they sleep in DNS and fsync most of the time.
const QUESTION_THREADS: usize = 48;
/// Questions that may wait for them; sessions beyond it end with 421.
const QUESTION_QUEUE: usize = 20_000;

/// Deliveries at the same time.
const DELIVERY_THREADS: usize = 64;
/// Between looks for idle outgoing connections.
const HOUSEKEEPING: Duration = Duration::from_secs(5);
/// Between words about certificates that end soon.
const A_DAY: Duration = Duration::from_secs(86_400);
/// How long deliveries under way may take when the process is to end.
const STOP_TIME: Duration = Duration::from_secs(5);

/// Runs the process until the parent ends it; gives the exit code.
pub fn run(
    config: Arc<Config>,
    setup: MtaSetup,
    listeners: &[(TcpListener, usize)],
    channel: UnixStream,
    flights: Arc<Flights>,
    board: Arc<Board>,
) -> u8 {
    title::set(b"mta");
    match start(config, setup, listeners, channel, flights, &board) {
        Ok(code) => code,
        Err(e) => {
            crate::log::syserr(crate::log::Id::None, b"root", &format!("mta: {e}"));
            71
        }
    }
}

/// A worker comes from the parent.
struct FromParent(Arc<Link>);

impl WorkerSource for FromParent {
    fn worker(&self) -> io::Result<UnixStream> {
        self.0.worker()
    }
}

fn start(
    config: Arc<Config>,
    setup: MtaSetup,
    listeners: &[(TcpListener, usize)],
    channel: UnixStream,
    flights: Arc<Flights>,
    board: &Arc<Board>,
) -> io::Result<u8> {
    let tls =
        if listeners.is_empty() { None } else { tls::server::Server::new(&config.options, &mut tls::server::open) };
    let store = FileStore::open(StoreSettings::from_config(&config))?;
    let statistics = Arc::new(Statistics::opened(config.options.status_file.path()));
    become_mta(&config, &store)?;
    restrict(&config, &store);
    let store = Arc::new(store);
    if listeners.is_empty() {
        store.recover();
    } else {
        let late = matches!(config.options.delivery_mode, DeliveryMode::Background | DeliveryMode::Interactive);
        store.start_journal(late);
    }
    // What was in the journal only has its files again.
    for id in &setup.suspects {
        if let Err(e) = store.set_aside(id, "being delivered at two crashes") {
            crate::log::syserr(crate::log::Id::Queue(id), b"root", &format!("cannot set the job aside: {e:?}"));
        }
    }
    tidy_daily(&store)?;
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, stop.clone())?;
    // The terminal's Ctrl-C goes to the whole group; the parent decides.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default());

    let auth = auth::AuthClient::default();
    let link = Link::start(channel, auth.clone(), || process::exit_now(0))?;
    let base = Base::open(&config);
    let ids = IdGenerator::new(std::process::id(), random());
    let delivery = Delivery::new(config.options.delivery_mode);
    let services = Services {
        maps: base.maps,
        resolver: base.resolver,
        aliases: base.aliases,
        users: base.users,
        auth: Arc::new(auth),
        local: Arc::new(Local::new(config.clone(), Box::new(FromParent(link.clone())))),
        store: Arc::clone(&store) as Arc<dyn Store>,
        scheduler: delivery.clone(),
        clock: Arc::new(SteadyClock::new()),
        ids: Arc::new(ids),
        statistics: statistics.clone(),
        config: config.clone(),
    };
    let transport = Arc::new(Standard::new(false));
    delivery.note_in(flights);
    delivery.start(services.clone(), transport.clone(), DELIVERY_THREADS);
    if setup.ends_by_itself {
        delivery.run_once(&setup.selection, &mut |_, _, _| {});
        delivery.drain();
        transport.close();
        let _ = statistics.flush();
        return Ok(0);
    }
    if listeners.is_empty() {
        process::give_way(config.options.nice_queue_run);
    }
    if let Some(interval) = setup.queue_interval {
        delivery.run_every(Duration::from_secs(interval.max(1)), setup.persistent)?;
    }
    let window = Duration::from_secs(config.options.connection_rate_window_size.0.max(1) as u64);
    let shared = Arc::new(Shared {
        settings: Arc::new(Settings::new(&config, false)),
        settings_with_tls: Arc::new(Settings::new(&config, true)),
        services,
        tls: RwLock::new(tls.map(Arc::new)),
        pool: Pool::new("question", QUESTION_THREADS, QUESTION_QUEUE),
        gate: Gate::new(window),
        board: config.options.control_socket_name.path().map(|_| board.clone()),
        doors: Doors::new(config.clone(), listeners)?,
        stop: AtomicBool::new(false),
    });
    let idle = Duration::from_secs(u64::try_from(config.options.connection_cache_timeout.secs()).unwrap_or(300));
    let mut certificates_seen = Instant::now();
    let housekeeping = || {
        transport.expire(idle);
        // What the file does not take now stays for the next time.
        let _ = statistics.flush();
        if let Some(files) = link.renewed() {
            renew(&shared, files);
        }
        if certificates_seen.elapsed() > A_DAY {
            certificates_seen = Instant::now();
            if let Some(tls) = shared.tls() {
                tls.near_end();
            }
        }
    };
    serve(&shared, listeners, &stop, board, housekeeping)?;
    delivery.stop(STOP_TIME);
    store.stop_journal();
    transport.close();
    let _ = statistics.flush();
    Ok(0)
}

/// Removes what crashes left in the queue, now and every day, on a thread of its own.
fn tidy_daily(store: &Arc<FileStore>) -> io::Result<()> {
    let store = Arc::downgrade(store);
    std::thread::Builder::new().name("tidy".into()).spawn(move || {
        while let Some(store) = store.upgrade() {
            store.tidy(SystemClock.now().0);
            drop(store);
            std::thread::sleep(Duration::from_secs(86_400));
        }
    })?;
    Ok(())
}

/// Runs the event loops until `stop`, with `housekeeping` every few seconds.
fn serve(
    shared: &Arc<Shared>,
    listeners: &[(TcpListener, usize)],
    stop: &AtomicBool,
    board: &Board,
    mut housekeeping: impl FnMut(),
) -> io::Result<()> {
    let count = match listeners.is_empty() {
        true => 0,
        false => std::thread::available_parallelism().map_or(1, |n| n.get()),
    };
    let mut loops = Vec::new();
    for n in 0..count {
        let one = Loop::new(shared.clone(), listeners)?;
        let waker = one.waker();
        let thread = std::thread::Builder::new().name(format!("smtp-{n}")).spawn(move || one.run())?;
        loops.push((waker, thread));
    }
    let mut kept_house = Instant::now();
    let mut shown = 0;
    while !stop.load(Ordering::Relaxed) {
        std::thread::park_timeout(Duration::from_millis(200));
        shared.doors.review(&shared.gate);
        let (open, _) = shared.gate.open(0);
        if open != shown {
            board.set(open);
            shown = open;
        }
        if kept_house.elapsed() > HOUSEKEEPING {
            housekeeping();
            shared.doors.watch_load();
            kept_house = Instant::now();
        }
        if loops.iter().any(|(_, thread)| thread.is_finished()) {
            return Err(io::Error::other("an event loop ended"));
        }
    }
    shared.stop.store(true, Ordering::Relaxed);
    for (waker, thread) in loops {
        let _ = waker.wake();
        let _ = thread.join();
    }
    Ok(())
}

/// New sessions get the certificates in `files`; those that are under way keep theirs. What cannot be used changes nothing.
fn renew(shared: &Shared, files: Vec<std::os::fd::OwnedFd>) {
    let config = &shared.services.config;
    let new = tls::server::Server::new(&config.options, &mut renew::opener(config, files));
    crate::log::tls::reloaded(new.is_some());
    if let Some(new) = new {
        *shared.tls.write().unwrap_or_else(|e| e.into_inner()) = Some(Arc::new(new));
    }
}

/// A random number for the start of the queue identifiers' counter.
fn random() -> u32 {
    let mut bytes = [0; 4];
    // Without randomness the process id in the identifier still keeps processes apart.
    let _ = openssl::rand::rand_bytes(&mut bytes);
    u32::from_be_bytes(bytes)
}

/// Becomes who the process is to be for the rest of its life.
fn become_mta(config: &Config, store: &FileStore) -> io::Result<()> {
    if !cred::is_root() {
        return Ok(());
    }
    let owner = store.paths().first().and_then(|p| std::fs::metadata(p).ok()).map(|m| (m.uid(), m.gid()));
    let wanted = &config.options.run_as_user;
    let (uid, gid) = match (wanted.uid, owner) {
        (Some(uid), _) => (uid, wanted.gid),
        (None, Some((uid, gid))) => (uid, Some(gid)),
        (None, None) => (0, None),
    };
    if uid == 0 {
        return sandbox::drop_capabilities();
    }
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten();
    let gid = gid.or(user.as_ref().map(|u| u.gid.as_raw())).unwrap_or(uid);
    let name = user.map(|u| u.name.into_bytes());
    cred::become_for_good(&cred::Identity { name, uid, gid, reserve: None })?;
    sandbox::no_new_privileges()
}

/// Files and system calls: what is not needed goes.
fn restrict(config: &Config, store: &FileStore) {
    let mut read: Vec<PathBuf> = ["/etc", "/usr", "/lib", "/lib64", "/run", "/proc", "/dev", "/sys/devices/system/cpu"]
        .map(PathBuf::from)
        .into();
    let mut write: Vec<PathBuf> = store.paths().iter().map(PathBuf::from).collect();
    let options = &config.options;
    for text in [&options.help_file, &options.error_header, &options.default_auth_info, &options.service_switch_file] {
        read.extend(text.path().and_then(|p| p.parent()).map(PathBuf::from));
    }
    for path in [&options.ca_cert_path, &options.crl_path] {
        read.extend(path.path().map(PathBuf::from));
    }
    for path in [&options.ca_cert_file, &options.crl_file, &options.dh_parameters] {
        read.extend(path.path().filter(|p| p.is_absolute()).and_then(|p| p.parent()).map(PathBuf::from));
    }
    for text in [&options.status_file, &options.host_status_directory, &options.dead_letter_drop] {
        write.extend(text.path().map(PathBuf::from));
    }
    let named = config.maps.iter().map(|m| m.args.as_slice()).chain(options.alias_file.0.iter().map(Vec::as_slice));
    for word in named.flat_map(|args| args.split(|b| b.is_ascii_whitespace() || *b == b':')) {
        if word.starts_with(b"/") {
            let path = PathBuf::from(std::ffi::OsStr::new(&*String::from_utf8_lossy(word)));
            // A table is replaced by rename: the folder is what must stay readable.
            read.extend(path.parent().map(PathBuf::from));
        }
    }
    read.retain(|p| p.exists() && p.as_os_str() != "/");
    write.retain(|p| p.exists());
    write.push("/dev/null".into());
    note_sandbox("mta", "file system", sandbox::restrict_files(&read, &write));
    if config.maps.iter().any(|m| m.class == "program") {
        let text = "mta: a map of class program needs exec(2): system calls stay unrestricted";
        return crate::log::process_notice(text);
    }
    note_sandbox("mta", "system calls", sandbox::restrict_calls());
}
