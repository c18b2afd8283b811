//! Making Berkeley DB pages: what the hash and the btree writer share.
//!
//! Pages are numbered as they are begun and written behind each other; the meta page comes last, over the place kept for it.

use std::io::{self, Seek, SeekFrom, Write};

use super::page::{HEADER, META, P_IRECNO, P_LRECNO, P_OVERFLOW, VERSION};

/// Size of the pages that are written: what the original's own files have.
pub(super) const PAGE: usize = 4096;

/// A page being filled: offsets grow from the front, items from the back.
pub(super) struct NewPage {
    pub(super) number: u32,
    pub(super) previous: u32,
    pub(super) next: u32,
    pub(super) level: u8,
    pub(super) kind: u8,
    buf: Vec<u8>,
    entries: u16,
    low: usize,
}

impl NewPage {
    pub(super) fn new(number: u32, kind: u8, level: u8) -> NewPage {
        NewPage { number, previous: 0, next: 0, level, kind, buf: vec![0; PAGE], entries: 0, low: PAGE }
    }

    fn front(&self) -> usize {
        HEADER + 2 * usize::from(self.entries)
    }

    /// Bytes left for items and their offsets.
    pub(super) fn room(&self) -> usize {
        self.low - self.front()
    }

    /// Adds an item of `len` bytes, which `fill` writes; the caller has asked for room.
    pub(super) fn push(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) {
        let at = self.low - len;
        if let Some(place) = self.buf.get_mut(at..self.low) {
            fill(place);
        }
        self.low = at;
        self.push_offset(at);
    }

    /// Adds one more reference to the item at `at`.
    pub(super) fn push_offset(&mut self, at: usize) {
        let front = self.front();
        self.put(front, &(at as u16).to_ne_bytes());
        self.entries += 1;
    }

    /// Where the newest item lies.
    pub(super) fn last_offset(&self) -> usize {
        self.low
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.buf.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// The finished page.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for (at, n) in [(8, self.number), (12, self.previous), (16, self.next)] {
            self.put(at, &n.to_ne_bytes());
        }
        let (entries, low) = (self.entries, self.low as u16);
        self.put(20, &entries.to_ne_bytes());
        self.put(22, &low.to_ne_bytes());
        let (level, kind) = (self.level, self.kind);
        self.put(24, &[level, kind]);
        self.buf
    }
}

/// Pages written behind each other; some numbers are reserved and their pages filled in later.
pub(super) struct Tail {
    first: u32,
    next: u32,
    bytes: Vec<u8>,
}

impl Tail {
    /// A run whose first page is `first`.
    pub(super) fn new(first: u32) -> Tail {
        Tail { first, next: first, bytes: Vec::new() }
    }

    pub(super) fn next_number(&self) -> u32 {
        self.next
    }

    /// Appends a page, which must carry [`Tail::next_number`].
    pub(super) fn push(&mut self, page: NewPage) {
        self.next += 1;
        self.bytes.extend_from_slice(&page.finish());
    }

    /// Keeps a place for a page; its number.
    pub(super) fn reserve(&mut self) -> u32 {
        self.bytes.resize(self.bytes.len() + PAGE, 0);
        self.next += 1;
        self.next - 1
    }

    /// Puts a page into its reserved place.
    pub(super) fn fill(&mut self, page: NewPage) {
        let at = (page.number - self.first) as usize * PAGE;
        if let Some(place) = self.bytes.get_mut(at..at + PAGE) {
            place.copy_from_slice(&page.finish());
        }
    }

    /// Writes what lies in front of page `number`, all of which must be filled.
    pub(super) fn flush_before(&mut self, number: u32, out: &mut impl Write) -> io::Result<()> {
        let len = (number - self.first) as usize * PAGE;
        if let Some(done) = self.bytes.get(..len) {
            out.write_all(done)?;
            self.bytes.drain(..len);
            self.first = number;
        }
        Ok(())
    }

    /// Writes everything.
    pub(super) fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.flush_before(self.next, out)
    }

    /// Writes `data` to a chain of overflow pages; its first page.
    pub(super) fn overflow(&mut self, data: &[u8]) -> u32 {
        let first = self.next;
        let mut chunks = data.chunks(PAGE - HEADER).peekable();
        while let Some(chunk) = chunks.next() {
            let mut page = NewPage::new(self.next, P_OVERFLOW, 0);
            page.previous = if self.next == first { 0 } else { self.next - 1 };
            page.next = if chunks.peek().is_some() { self.next + 1 } else { 0 };
            page.put(HEADER, chunk);
            // An overflow page counts its references and its bytes in these two fields.
            page.entries = 1;
            page.low = chunk.len();
            self.push(page);
        }
        first
    }

    /// Decides where a value of a btree leaf goes, and writes it if that is not the leaf.
    pub(super) fn store<'a>(&mut self, data: &'a [u8]) -> Stored<'a> {
        if data.len() <= LEAF_MAX {
            return Stored::Inline(data);
        }
        Stored::Overflow { first: self.overflow(data), total: data.len() as u32 }
    }

    /// Writes the duplicates of one key to a tree by record number; its root.
    pub(super) fn duplicates(&mut self, values: &[&[u8]]) -> u32 {
        let values: Vec<Stored<'_>> = values.iter().map(|v| self.store(v)).collect();
        let mut children: Vec<(u32, u32)> = Vec::new();
        let mut page = NewPage::new(self.next, P_LRECNO, 1);
        for value in values {
            if page.room() < value.size() + 2 {
                page.next = self.next + 1;
                let previous = page.number;
                children.push((page.number, u32::from(page.entries)));
                self.push(page);
                page = NewPage::new(self.next, P_LRECNO, 1);
                page.previous = previous;
            }
            value.push(&mut page);
        }
        children.push((page.number, u32::from(page.entries)));
        self.push(page);
        let mut level = 2;
        while children.len() > 1 {
            let mut above = Vec::new();
            let per_page = (PAGE - HEADER) / 10;
            let root = children.len() <= per_page;
            for group in children.chunks(per_page) {
                let mut page = NewPage::new(self.next, P_IRECNO, level);
                let total: u32 = group.iter().map(|c| c.1).sum();
                for &(number, records) in group {
                    page.push(8, |place| {
                        let (a, b) = place.split_at_mut(4);
                        a.copy_from_slice(&number.to_ne_bytes());
                        b.copy_from_slice(&records.to_ne_bytes());
                    });
                }
                if root {
                    // The root of such a tree keeps the number of records in its link.
                    page.previous = total;
                }
                above.push((page.number, total));
                self.push(page);
            }
            children = above;
            level += 1;
        }
        children.first().map_or(0, |c| c.0)
    }
}

/// The longest value that stays in a btree page, at least four items being to fit.
pub(super) const LEAF_MAX: usize = (PAGE - HEADER) / 4 - 10;

pub(super) const B_KEYDATA: u8 = 1;
const B_DUPLICATE: u8 = 2;
pub(super) const B_OVERFLOW: u8 = 3;

/// How an item is kept in a btree leaf.
pub(super) enum Stored<'a> {
    /// In the page.
    Inline(&'a [u8]),
    /// In overflow pages.
    Overflow {
        /// The first of them.
        first: u32,
        /// Its bytes.
        total: u32,
    },
    /// Several values in a tree of their own.
    Tree(u32),
}

impl Stored<'_> {
    /// Bytes taken in the page, without the offset.
    pub(super) fn size(&self) -> usize {
        match self {
            Stored::Inline(data) => leaf_size(data),
            _ => 12,
        }
    }

    /// Adds the item to its leaf.
    pub(super) fn push(&self, page: &mut NewPage) {
        let (kind, first, total) = match *self {
            Stored::Inline(data) => {
                return page.push(leaf_size(data), |place| {
                    place[..2].copy_from_slice(&(data.len() as u16).to_ne_bytes());
                    place[2] = B_KEYDATA;
                    place[3..3 + data.len()].copy_from_slice(data);
                });
            }
            Stored::Overflow { first, total } => (B_OVERFLOW, first, total),
            Stored::Tree(root) => (B_DUPLICATE, root, 0),
        };
        page.push(12, |place| {
            place[2] = kind;
            place[4..8].copy_from_slice(&first.to_ne_bytes());
            place[8..12].copy_from_slice(&total.to_ne_bytes());
        });
    }
}

/// Bytes that a value takes in a btree leaf, without its offset.
pub(super) fn leaf_size(value: &[u8]) -> usize {
    (value.len() + 3).next_multiple_of(4)
}

/// The part of the meta page that hash and btree share.
pub(super) fn meta(magic: u32, kind: u8, flags: u32, last: u32) -> [u8; META] {
    let mut meta = [0u8; META];
    for (at, n) in [(12, magic), (16, VERSION), (20, PAGE as u32), (32, last), (48, flags)] {
        put_u32(&mut meta, at, n);
    }
    meta[25] = kind;
    meta[52..72].copy_from_slice(&file_id());
    meta
}

/// Stores a number in a meta page.
pub(super) fn put_u32(meta: &mut [u8; META], at: usize, n: u32) {
    if let Some(place) = meta.get_mut(at..at + 4) {
        place.copy_from_slice(&n.to_ne_bytes());
    }
}

/// Twenty bytes that no other file has: Berkeley DB's shared caches tell files apart by them.
fn file_id() -> [u8; 20] {
    use std::hash::{BuildHasher, Hasher};
    let mut id = [0u8; 20];
    for chunk in id.chunks_mut(8) {
        let random = std::hash::RandomState::new().build_hasher().finish().to_ne_bytes();
        let len = chunk.len();
        chunk.copy_from_slice(&random[..len]);
    }
    id
}

/// Puts the meta page over the place kept for it.
pub(super) fn write_meta(out: &mut (impl Write + Seek), meta: &[u8; META]) -> io::Result<()> {
    out.seek(SeekFrom::Start(0))?;
    out.write_all(meta)?;
    out.seek(SeekFrom::End(0))?;
    out.flush()
}
