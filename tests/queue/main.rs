//! The queue against crashes and full disks: what was acknowledged is there, whole; what was not may be missing, never broken.

mod full;
mod journal;
mod kill;
mod order;
mod power;

use postrider::envelope::{Body, Envelope, QueueId, Recipient};
use postrider::header::{Field, Headers};
use postrider::queue::files::{FileStore, Settings};
use postrider::queue::store::{Held, Store};
use postrider::text::Line;
use std::path::Path;

/// A store without a limit of free blocks.
fn store(directory: &Path) -> FileStore {
    let mut settings = Settings::new(directory);
    settings.min_free_blocks = 0;
    FileStore::open(settings).expect("queue directory")
}

/// Takes a job that nobody has. Another test may be starting a process just now, which shares our locks until it is that program.
fn take_free(store: &FileStore, id: &QueueId) -> Held {
    for _ in 0..500 {
        if let Some(held) = store.take(id).expect("take") {
            return held;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{id} is locked");
}

/// A message whose body tells its id and is `size` octets long.
fn message(id: &str, size: usize) -> Envelope {
    let line = format!("{id}\n");
    let body: Vec<u8> = line.bytes().cycle().take(size).collect();
    Envelope {
        priority: 30_100,
        sender: Line::cleaned(b"<alice@example.test>"),
        recipients: vec![Recipient::new(Line::cleaned(format!("<{id}@example.test>").as_bytes()))],
        headers: Headers {
            fields: vec![Field {
                name: Line::cleaned(b"Subject"),
                value: b" x".to_vec(),
                condition: None,
                template: false,
            }],
        },
        size: size as u64,
        body: Body::Memory(body.into()),
        ..Envelope::new(QueueId::parse(id.as_bytes()).expect("id"), 1_795_372_407)
    }
}

/// Is this what [`message`] made?
fn is_whole(e: &Envelope, size: usize) -> bool {
    let mut body = Vec::new();
    std::io::Read::read_to_end(&mut e.body.reader(), &mut body).expect("body");
    let expected: Vec<u8> = format!("{}\n", e.id).bytes().cycle().take(size).collect();
    body == expected && e.recipients.len() == 1 && e.headers.fields.len() == 1
}
