//! Writing Berkeley DB hash files (version 9), as whole files.

use std::io::{self, BufWriter, Seek, Write};

use super::build::{NewPage, PAGE, Tail, meta, put_u32, write_meta};
use super::hash::{CHARKEY, hash};
use super::page::{HASH_MAGIC, HEADER, P_HASH, P_HASHMETA};

/// Items longer than this go to overflow pages.
const BIG: usize = PAGE / 4;
/// How full the buckets' pages shall be at most on average, in percent.
const FILL: usize = 70;

const H_KEYDATA: u8 = 1;
const H_DUPLICATE: u8 = 2;
const H_OFFPAGE: u8 = 3;
const H_OFFDUP: u8 = 4;

/// Bytes of an item in its page, with its type and without its offset.
fn stored(len: usize) -> usize {
    if len > BIG { 12 } else { 1 + len }
}

fn push_item(page: &mut NewPage, tail: &mut Tail, data: &[u8]) {
    if data.len() <= BIG {
        page.push(1 + data.len(), |place| {
            if let Some((kind, rest)) = place.split_first_mut() {
                *kind = H_KEYDATA;
                rest.copy_from_slice(data);
            }
        });
        return;
    }
    let first = tail.overflow(data);
    page.push(12, |place| {
        place[0] = H_OFFPAGE;
        place[4..8].copy_from_slice(&first.to_ne_bytes());
        place[8..12].copy_from_slice(&(data.len() as u32).to_ne_bytes());
    });
}

/// The values of one key, if it has several: within the page while they are few.
fn push_duplicates(page: &mut NewPage, tail: &mut Tail, values: &[&[u8]]) {
    let inline: usize = values.iter().map(|v| v.len() + 4).sum();
    if inline <= BIG {
        page.push(1 + inline, |place| {
            place[0] = H_DUPLICATE;
            let mut at = 1;
            for value in values {
                let len = (value.len() as u16).to_ne_bytes();
                place[at..at + 2].copy_from_slice(&len);
                place[at + 2..at + 2 + value.len()].copy_from_slice(value);
                place[at + 2 + value.len()..at + 4 + value.len()].copy_from_slice(&len);
                at += 4 + value.len();
            }
        });
        return;
    }
    let root = tail.duplicates(values);
    page.push(8, |place| {
        place[0] = H_OFFDUP;
        place[4..8].copy_from_slice(&root.to_ne_bytes());
    });
}

/// Writes `pairs` as a hash file to the empty `out`. The order of pairs with the same key is kept; with `duplicates` the file says
/// that it may hold such, without it there must be none.
pub fn write_hash<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    out: &mut (impl Write + Seek),
    pairs: &[(K, V)],
    duplicates: bool,
) -> io::Result<()> {
    if pairs.len() >= u32::MAX as usize {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let bytes: usize = pairs.iter().map(|(k, v)| stored(k.as_ref().len()) + stored(v.as_ref().len()) + 4).sum();
    let buckets = (bytes.div_ceil((PAGE - HEADER) * FILL / 100)).next_power_of_two().max(2) as u32;
    let mut order: Vec<(u32, u32)> =
        pairs.iter().zip(0u32..).map(|((key, _), index)| (hash(key.as_ref()) & (buckets - 1), index)).collect();
    let pair = |index: u32| pairs.get(index as usize).map(|(k, v)| (k.as_ref(), v.as_ref()));
    // Within a page keys are sorted by their bytes; equal keys keep their order.
    order.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| pair(a.1).cmp_key(pair(b.1))).then(a.1.cmp(&b.1)));

    let mut out = BufWriter::with_capacity(1 << 18, out);
    out.write_all(&[0u8; PAGE])?;
    let mut tail = Tail::new(buckets + 1);
    let mut keys = 0u32;
    let mut rest = order.as_slice();
    for bucket in 0..buckets {
        let len = rest.iter().take_while(|o| o.0 == bucket).count();
        let (mine, others) = rest.split_at(len);
        rest = others;
        // The pages of the bucket after its first go to the tail when all are known: their numbers depend on the
        // overflow pages written in between.
        let mut page = NewPage::new(bucket + 1, P_HASH, 0);
        let mut chain: Vec<NewPage> = Vec::new();
        let mut mine = mine.iter().filter_map(|o| pair(o.1)).peekable();
        let mut values: Vec<&[u8]> = Vec::new();
        while let Some((key, value)) = mine.next() {
            values.clear();
            values.push(value);
            while let Some((_, another)) = mine.next_if(|next| next.0 == key) {
                values.push(another);
            }
            let size = match values.as_slice() {
                [one] => stored(one.len()),
                several => stored(several.iter().map(|v| v.len() + 4).sum()),
            };
            if page.room() < stored(key.len()) + size + 4 {
                chain.push(std::mem::replace(&mut page, NewPage::new(0, P_HASH, 0)));
            }
            push_item(&mut page, &mut tail, key);
            match values.as_slice() {
                [one] => push_item(&mut page, &mut tail, one),
                several => push_duplicates(&mut page, &mut tail, several),
            }
            keys += 1;
        }
        chain.push(page);
        let mut next_number = tail.next_number();
        let mut previous = 0;
        let count = chain.len();
        for (index, mut page) in chain.into_iter().enumerate() {
            page.previous = previous;
            if index > 0 {
                page.number = next_number;
                next_number += 1;
            }
            page.next = if index + 1 < count { next_number } else { 0 };
            previous = page.number;
            if index == 0 {
                out.write_all(&page.finish())?;
            } else {
                tail.push(page);
            }
        }
    }
    tail.flush(&mut out)?;

    let mut meta = meta(HASH_MAGIC, P_HASHMETA, u32::from(duplicates), tail.next_number() - 1);
    put_u32(&mut meta, 72, buckets - 1);
    put_u32(&mut meta, 76, buckets - 1);
    put_u32(&mut meta, 80, (buckets >> 1) - 1);
    put_u32(&mut meta, 88, keys);
    put_u32(&mut meta, 92, hash(CHARKEY));
    for group in 0..=buckets.trailing_zeros() as usize {
        // All groups of buckets lie in one run behind the meta page.
        put_u32(&mut meta, 96 + 4 * group, 1);
    }
    write_meta(&mut out, &meta)
}

/// Ordering by key alone.
trait CmpKey {
    fn cmp_key(&self, other: Self) -> std::cmp::Ordering;
}

impl CmpKey for Option<(&[u8], &[u8])> {
    fn cmp_key(&self, other: Self) -> std::cmp::Ordering {
        self.map(|p| p.0).cmp(&other.map(|p| p.0))
    }
}
