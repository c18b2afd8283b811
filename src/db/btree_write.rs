//! Writing Berkeley DB btree files (version 9), as whole files.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use super::build::{
    B_KEYDATA, B_OVERFLOW, LEAF_MAX, NewPage, PAGE, Stored, Tail, leaf_size, meta, put_u32, write_meta,
};
use super::page::{BTREE_MAGIC, P_BTREEMETA, P_IBTREE, P_LBTREE};

/// Duplicates that need more than this go to a tree of their own.
const DUPLICATES_MAX: usize = PAGE / 4;

/// The root must be the page after the meta page.
const ROOT: u32 = 1;

/// A page of the level below and the key that parts it from the page before it.
struct Child {
    number: u32,
    separator: Vec<u8>,
}

/// The shortest key that is above `before` and not above `after`.
fn separator(before: &[u8], after: &[u8]) -> Vec<u8> {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    after.get(..=same).unwrap_or(after).to_vec()
}

/// Writes `pairs` as a btree file to the empty `out`. The order of pairs with the same key is kept; with `duplicates` the file says that it
/// may hold such, without it there must be none.
pub fn write_btree<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    out: &mut (impl Write + Seek),
    pairs: &[(K, V)],
    duplicates: bool,
) -> io::Result<()> {
    if pairs.len() >= u32::MAX as usize {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let mut order: Vec<(&[u8], &[u8])> = pairs.iter().map(|(k, v)| (k.as_ref(), v.as_ref())).collect();
    order.sort_by(|a, b| a.0.cmp(b.0));

    let mut out = BufWriter::with_capacity(1 << 18, out);
    // Meta page and root: known at the end.
    out.write_all(&[0u8; 2 * PAGE])?;
    let mut tail = Tail::new(ROOT + 1);
    let mut children = leaves(&mut out, &mut tail, &order)?;
    let mut level = 2;
    let root = loop {
        match children {
            Level::Root(page) => break page,
            Level::Children(below) => children = inner(&mut tail, below, level),
        }
        level += 1;
    };
    tail.flush(&mut out)?;
    out.seek(SeekFrom::Start((PAGE * ROOT as usize) as u64))?;
    out.write_all(&root.finish())?;

    let mut meta = meta(BTREE_MAGIC, P_BTREEMETA, u32::from(duplicates), tail.next_number() - 1);
    put_u32(&mut meta, 76, 2);
    put_u32(&mut meta, 84, u32::from(b' '));
    put_u32(&mut meta, 88, ROOT);
    write_meta(&mut out, &meta)
}

/// A finished level: its only page, which becomes the root, or pages that need a level above.
enum Level {
    Root(NewPage),
    Children(Vec<Child>),
}

fn leaves(out: &mut impl Write, tail: &mut Tail, order: &[(&[u8], &[u8])]) -> io::Result<Level> {
    let mut children: Vec<Child> = Vec::new();
    // The first leaf gets a number only when there is a second one: a lone leaf is the root.
    let mut page = NewPage::new(ROOT, P_LBTREE, 1);
    let mut last: &[u8] = b"";
    let mut rest = order.iter().peekable();
    let mut values: Vec<&[u8]> = Vec::new();
    while let Some(&(key, value)) = rest.next() {
        values.clear();
        values.push(value);
        while let Some(&(_, another)) = rest.next_if(|next| next.0 == key) {
            values.push(another);
        }
        let stored_key = tail.store(key);
        let together: usize = values.iter().map(|v| leaf_size(v) + 4).sum();
        let stored: Vec<Stored<'_>> = if values.len() > 1 && together > DUPLICATES_MAX {
            vec![Stored::Tree(tail.duplicates(&values))]
        } else {
            values.iter().map(|v| tail.store(v)).collect()
        };
        let size = stored_key.size() + stored.iter().map(|s| s.size() + 4).sum::<usize>();
        if page.room() < size {
            if children.is_empty() {
                page.number = tail.reserve();
                children.push(Child { number: page.number, separator: Vec::new() });
            }
            let mut fresh = NewPage::new(tail.reserve(), P_LBTREE, 1);
            fresh.previous = page.number;
            page.next = fresh.number;
            children.push(Child { number: fresh.number, separator: separator(last, key) });
            let begun = fresh.number;
            tail.fill(std::mem::replace(&mut page, fresh));
            tail.flush_before(begun, out)?;
        }
        stored_key.push(&mut page);
        let key_at = page.last_offset();
        for (index, one) in stored.iter().enumerate() {
            if index > 0 {
                page.push_offset(key_at);
            }
            one.push(&mut page);
        }
        last = key;
    }
    if children.is_empty() {
        return Ok(Level::Root(page));
    }
    tail.fill(page);
    Ok(Level::Children(children))
}

fn inner(tail: &mut Tail, below: Vec<Child>, level: u8) -> Level {
    let mut pages: Vec<(NewPage, Vec<u8>)> = Vec::new();
    for (index, child) in below.into_iter().enumerate() {
        // The first key of a level is never looked at.
        let key: &[u8] = if index == 0 { b"" } else { &child.separator };
        let (kind, data) = if key.len() <= LEAF_MAX {
            (B_KEYDATA, key.to_vec())
        } else {
            let first = tail.overflow(key);
            let head = [0, 0, B_OVERFLOW, 0];
            let total = (key.len() as u32).to_ne_bytes();
            (B_OVERFLOW, [head, first.to_ne_bytes(), total].concat())
        };
        let size = (12 + data.len()).next_multiple_of(4);
        if pages.last().is_none_or(|(page, _)| page.room() < size + 2) {
            pages.push((NewPage::new(0, P_IBTREE, level), child.separator.clone()));
        }
        if let Some((page, _)) = pages.last_mut() {
            page.push(size, |place| {
                place[..2].copy_from_slice(&(data.len() as u16).to_ne_bytes());
                place[2] = kind;
                place[4..8].copy_from_slice(&child.number.to_ne_bytes());
                place[12..12 + data.len()].copy_from_slice(&data);
            });
        }
    }
    if pages.len() == 1
        && let Some((mut root, _)) = pages.pop()
    {
        root.number = ROOT;
        return Level::Root(root);
    }
    let count = pages.len();
    let mut children = Vec::with_capacity(count);
    for (index, (mut page, separator)) in pages.into_iter().enumerate() {
        page.number = tail.next_number();
        page.previous = if index > 0 { page.number - 1 } else { 0 };
        page.next = if index + 1 < count { page.number + 1 } else { 0 };
        children.push(Child { number: page.number, separator });
        tail.push(page);
    }
    Level::Children(children)
}
