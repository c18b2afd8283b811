//! mailq, `sendmail -bp`: lists the queue, in the original's words and columns.
//!
//! Reads control files as they are, records it does not understand included: a listing never fails because of one job.

use crate::cf::Config;
use crate::cf::options::{Privacy, QueueSort};
use crate::queue::Selection;
use crate::queue::files::{Entry, FileStore, Kind, Settings};
use crate::sys::{clock, cred, dir, load};
use std::io::{self, Write};

/// How the queue is listed.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `-v`
    pub verbose: bool,
    /// `-qI`, `-qR`, `-qS`, `-qQ`, `-qL`, `-qG`
    pub selection: Selection,
    /// Only the numbers (`-bP`).
    pub count: bool,
}

/// Lists the queue that `config` describes; gives the exit code.
pub fn list(config: &Config, options: &Options, out: &mut dyn Write) -> u8 {
    let mut out = io::BufWriter::new(out);
    match print(config, options, &mut out).and_then(|code| out.flush().map(|()| code)) {
        Ok(code) => code,
        // A closed pipe is the reader's wish.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(_) => 74,
    }
}

fn print(config: &Config, options: &Options, out: &mut dyn Write) -> io::Result<u8> {
    let mut total = 0;
    let settings = Settings::from_config(config);
    let store = match FileStore::open(settings.clone()) {
        Ok(store) => store,
        Err(e) => {
            let text = match e.raw_os_error() {
                Some(code) => nix::errno::Errno::from_raw(code).desc().to_string(),
                None => e.to_string(),
            };
            out.flush()?;
            eprintln!("can not chdir({}/): {text}", settings.directory.display());
            if e.kind() == io::ErrorKind::PermissionDenied {
                eprintln!("Program mode requires special privileges, e.g., root or TrustedUser.");
            }
            return Ok(78);
        }
    };
    let restricted = config.options.privacy_options.has(Privacy::RESTRICT_MAILQ);
    if restricted && !may_see(&store) {
        writeln!(out, "510 You are not permitted to see the queue")?;
        return Ok(77);
    }
    for home in store.homes_of(&options.selection) {
        total += directory(config, options, &store, home, out)?;
    }
    writeln!(out, "\t\tTotal requests: {total}")?;
    Ok(0)
}

/// `restrictmailq`: root, the owner of the queue, and its group.
fn may_see(store: &FileStore) -> bool {
    let uid = cred::real_uid();
    let Some(queue) = store.paths().first().and_then(|p| dir::Dir::open(p).ok()?.identify().ok()) else { return false };
    let groups = nix::unistd::getgroups().unwrap_or_default();
    let own = nix::unistd::getgid().as_raw() == queue.gid || groups.iter().any(|g| g.as_raw() == queue.gid);
    uid == 0 || uid == queue.uid || own
}

/// What a listing shows of one job.
#[derive(Debug, Default)]
struct Job {
    id: String,
    flag: char,
    size: Option<u64>,
    created: i64,
    last_attempt: i64,
    priority: i64,
    warned: bool,
    empty: bool,
    body: Option<Vec<u8>>,
    message: Option<Vec<u8>>,
    reason: Option<Vec<u8>>,
    sender: Vec<u8>,
    rest: Vec<Record>,
}

/// What comes after the sender.
#[derive(Debug)]
enum Record {
    Control(Vec<u8>),
    Answer(Vec<u8>),
    Recipient(Vec<u8>),
}

/// Lists one directory; gives the number of jobs in it.
fn directory(
    config: &Config,
    options: &Options,
    store: &FileStore,
    home: usize,
    out: &mut dyn Write,
) -> io::Result<usize> {
    let kind = match &options.selection {
        s if s.lost => Kind::Lost,
        s if s.quarantined => Kind::Quarantined,
        _ => Kind::Normal,
    };
    let path = store.paths().get(home).map(|p| p.display().to_string()).unwrap_or_default();
    let path = path.strip_suffix("/qf").unwrap_or(&path);
    let entries = store.entries(home, kind)?;
    let now = clock_now();
    let mut jobs: Vec<Job> = entries
        .iter()
        .filter(|e| options.selection.takes_id(e.id.as_str().as_bytes()))
        .filter_map(|e| read(store, e))
        .collect();
    jobs.retain(|job| matches(&options.selection, job));
    sort(config.options.queue_sort_order, &mut jobs);
    let count = jobs.len();
    if options.count {
        writeln!(out, "{path}: entries={count}")?;
        return Ok(count);
    }
    if count == 0 {
        writeln!(out, "{path} is empty")?;
        return Ok(0);
    }
    let most = usize::try_from(config.options.max_queue_run_size).unwrap_or(0);
    let only = if most > 0 && most < count { format!(", only {most} printed") } else { String::new() };
    writeln!(out, "\t\t{path} ({count} request{}{only})", if count == 1 { "" } else { "s" })?;
    let columns = if options.verbose {
        "-----Q-ID----- --Size-- -Priority- ---Q-Time--- --------Sender/Recipient--------"
    } else {
        "-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------"
    };
    writeln!(out, "{columns}")?;
    let state = State { kind, now, min_age: config.options.min_queue_age.secs(), load: Load::of(config) };
    for job in jobs.iter_mut().take(if most > 0 { most } else { count }) {
        job.flag = state.flag(job);
        show(job, options.verbose, out)?;
    }
    Ok(count)
}

fn clock_now() -> i64 {
    use crate::service::Clock;
    crate::service::SystemClock.now().0
}

/// What decides the character behind the id.
struct State {
    kind: Kind,
    now: i64,
    min_age: i64,
    load: Load,
}

impl State {
    fn flag(&self, job: &Job) -> char {
        match job.flag {
            '*' => '*',
            _ if self.kind == Kind::Lost => '?',
            _ if self.now.saturating_sub(job.last_attempt) < self.min_age => '-',
            _ if self.load.queues(job.priority) => 'X',
            _ => ' ',
        }
    }
}

/// The load now and its limit.
struct Load {
    now: i64,
    limit: i64,
    factor: i64,
}

impl Load {
    fn of(config: &Config) -> Load {
        let cpus = std::thread::available_parallelism().map_or(1, |n| n.get() as i64);
        let limit = match config.options.queue_la {
            0 => 8 * cpus,
            limit => limit,
        };
        Load { now: load::average(), limit, factor: config.options.queue_factor }
    }

    fn queues(&self, priority: i64) -> bool {
        self.now >= self.limit && priority > self.factor / (self.now - self.limit + 1)
    }
}

/// Reads a job as far as it can be read.
fn read(store: &FileStore, entry: &Entry) -> Option<Job> {
    let raw = store.raw(entry).ok().flatten()?;
    let mut job = Job { id: entry.id.to_string(), size: raw.data_size, empty: raw.text.is_empty(), ..Job::default() };
    if raw.locked {
        job.flag = '*';
    }
    let mut after_sender = false;
    for line in raw.text.split(|b| *b == b'\n') {
        let Some((letter, value)) = line.split_first() else { continue };
        let value = value.to_vec();
        match letter {
            b'T' => job.created = number(&value),
            b'K' => job.last_attempt = number(&value),
            b'P' => job.priority = number(&value),
            b'F' => job.warned = value.contains(&b'w'),
            b'B' => job.body = Some(value),
            b'q' => job.reason = Some(value),
            b'M' if after_sender => job.rest.push(Record::Answer(value)),
            b'M' => job.message = Some(value),
            b'S' => {
                job.sender = value;
                after_sender = true;
            }
            b'C' => job.rest.push(Record::Control(value)),
            b'R' => {
                let start = value.iter().position(|b| *b == b':').map_or(0, |colon| colon + 1);
                job.rest.push(Record::Recipient(value.get(start..).unwrap_or_default().to_vec()));
            }
            b'.' => break,
            _ => {}
        }
    }
    Some(job)
}

fn number(text: &[u8]) -> i64 {
    std::str::from_utf8(text).ok().and_then(|t| t.trim().parse().ok()).unwrap_or(0)
}

/// Recipients, sender and reason as [`Selection`] has them.
fn matches(selection: &Selection, job: &Job) -> bool {
    let recipients: Vec<&[u8]> =
        job.rest.iter().filter_map(|r| if let Record::Recipient(a) = r { Some(&a[..]) } else { None }).collect();
    selection.takes(&recipients, &job.sender, job.reason.as_deref())
}

fn sort(order: QueueSort, jobs: &mut [Job]) {
    match order {
        QueueSort::Priority | QueueSort::Host => jobs.sort_by_key(|j| (j.empty, j.priority, j.created)),
        QueueSort::Time => jobs.sort_by_key(|j| (j.empty, j.created)),
        QueueSort::FileName => jobs.sort_by(|a, b| a.id.cmp(&b.id)),
        QueueSort::ModTime | QueueSort::Random | QueueSort::None => {}
    }
}

/// Prints one job.
fn show(job: &Job, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{:<14}", job.id)?;
    if job.empty {
        return writeln!(out, "{} (no control file)", job.flag);
    }
    let size = job.size.map_or_else(|| "-1".to_string(), |s| s.to_string());
    write!(out, "{}{size:>8} ", job.flag)?;
    let date = clock::local(job.created).ctime();
    if verbose {
        let date = date.get(4..16).unwrap_or_default();
        write!(out, "{:>10}{}{date} ", job.priority, if job.warned { '+' } else { ' ' })?;
    } else {
        write!(out, "{} ", date.get(..16).unwrap_or_default())?;
    }
    out.write_all(&address_of(&job.sender, if verbose { 78 } else { 39 }))?;
    if let Some(reason) = &job.reason {
        out.write_all(&[b"\n     QUARANTINE: ", &cut(reason, if verbose { 100 } else { 60 })[..]].concat())?;
    }
    if let Some(body) = &job.body {
        write!(out, "\n      {:>8}", String::from_utf8_lossy(&cut(body, 8)))?;
    }
    if let Some(message) = &job.message {
        let lead: &[u8] = if job.body.is_some() { b"   (" } else { b"\n                 (" };
        out.write_all(&[lead, &cut(message, if verbose { 100 } else { 60 }), b")"].concat())?;
    }
    let mut answer: Option<&[u8]> = None;
    for record in &job.rest {
        match record {
            Record::Control(user) if verbose => {
                out.write_all(&[b"\n\t\t\t\t\t\t(---", &address_of(user, 64)[..], b"---)"].concat())?;
            }
            // It is the next recipient's, and stands below it.
            Record::Answer(text) if verbose => answer = Some(text),
            Record::Recipient(address) if verbose => {
                out.write_all(&[b"\n\t\t\t\t\t\t", &address_of(address, 71)[..]].concat())?;
                if let Some(text) = answer.take() {
                    out.write_all(&[b"\n\t\t (", &cut(text, 100)[..], b")"].concat())?;
                }
            }
            Record::Recipient(address) => {
                out.write_all(&[b"\n\t\t\t\t\t ", &address_of(address, 38)[..]].concat())?;
            }
            Record::Control(_) | Record::Answer(_) => {}
        }
    }
    out.write_all(b"\n")
}

/// At most `width` octets of an address: what does not print is octal, a backslash is double.
fn address_of(text: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width);
    for &b in text.iter().take(width) {
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b' '..=b'~' => out.push(b),
            _ => out.extend_from_slice(format!("\\{b:03o}").as_bytes()),
        }
    }
    out
}

/// At most `width` octets of a message, with control characters made visible for the terminal.
fn cut(text: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width);
    for &b in text.iter().take(width) {
        match b {
            0..=0x1f => out.extend_from_slice(&[b'^', b + 0x40]),
            0x7f => out.extend_from_slice(b"^?"),
            _ => out.push(b),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::LoadOptions;

    fn listing(files: &[(&str, &str)], options: &Options, more: &str) -> String {
        let dir = tempfile::tempdir().expect("directory");
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).expect("write");
        }
        let cf = format!("V10\nO QueueDirectory={}\nO QueueLA=100000\n{more}", dir.path().display());
        let system = crate::cf::system::Fixed { host: "mail.example.test".into() };
        let (config, _) = Config::parse(cf.as_bytes(), "test.cf", &LoadOptions::new(&system));
        let mut out = Vec::new();
        assert_eq!(list(&config, options, &mut out), 0);
        String::from_utf8_lossy(&out).replace(&dir.path().display().to_string(), "/var/spool/mqueue")
    }

    const DEFERRED: &str = "V8\nT1795372407\nK1795372409\nN2\nP378094\nI254/0/1026296\nB8BITMIME\n\
MDeferred: Name server: elsewhere.test: host name lookup failure\nFw8ns\n$_root@localhost\nSbob\n\
MDeferred: 450 4.2.1 try later\nClist:8:0:<list@mail.example.test>\nrRFC822; list@mail.example.test\n\
RPFDA:zed@elsewhere.test\nRPFDA:\"|exit 75\"\nH??Subject: x\n.\n";

    #[test]
    fn the_columns_are_the_originals() {
        // Dates are local time.
        let date = clock::local(1_795_372_407).ctime();
        let files = [("qf6AMIXRxM004521", DEFERRED), ("df6AMIXRxM004521", "body\n"), ("qf6AMIXRxN004521", "")];
        let plain = listing(&files, &Options::default(), "");
        let expected = format!(
            "\t\t/var/spool/mqueue (2 requests)
-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------
6AMIXRxM004521        5 {} bob
      8BITMIME   (Deferred: Name server: elsewhere.test: host name lookup fail)
\t\t\t\t\t zed@elsewhere.test
\t\t\t\t\t \"|exit 75\"
6AMIXRxN004521  (no control file)
\t\tTotal requests: 2\n",
            &date[..16]
        );
        assert_eq!(plain, expected);
        let verbose = listing(&files[..2], &Options { verbose: true, ..Options::default() }, "");
        let expected = format!(
            "\t\t/var/spool/mqueue (1 request)
-----Q-ID----- --Size-- -Priority- ---Q-Time--- --------Sender/Recipient--------
6AMIXRxM004521        5     378094+{} bob
      8BITMIME   (Deferred: Name server: elsewhere.test: host name lookup failure)
\t\t\t\t\t\t(---list:8:0:<list@mail.example.test>---)
\t\t\t\t\t\tzed@elsewhere.test
\t\t (Deferred: 450 4.2.1 try later)
\t\t\t\t\t\t\"|exit 75\"
\t\tTotal requests: 1\n",
            &date[4..16]
        );
        assert_eq!(verbose, expected);
    }

    #[test]
    fn empty_lost_and_selected() {
        assert_eq!(listing(&[], &Options::default(), ""), "/var/spool/mqueue is empty\n\t\tTotal requests: 0\n");
        let lost = Options { selection: Selection { lost: true, ..Selection::default() }, ..Options::default() };
        let text = listing(&[("Qf6AMIXRxM004521", DEFERRED)], &lost, "");
        assert!(text.contains("6AMIXRxM004521?      -1 "));
        let mut selection = Selection::default();
        selection.senders.push((false, crate::text::Line::cleaned(b"nobody")));
        let text = listing(&[("qf6AMIXRxM004521", DEFERRED)], &Options { selection, ..Options::default() }, "");
        assert!(text.ends_with("Total requests: 0\n"));
        let text = listing(&[("qf6AMIXRxM004521", DEFERRED)], &Options::default(), "O MinQueueAge=9999999h\n");
        assert!(text.contains("6AMIXRxM004521-      -1 "));
    }
}
