//! Reading Berkeley DB hash files (versions 7 to 10).

use super::Error;
use super::page::{P_HASH, P_HASH_UNSORTED, Page, Pages};

const H_KEYDATA: u8 = 1;
const H_DUPLICATE: u8 = 2;
const H_OFFPAGE: u8 = 3;
const H_OFFDUP: u8 = 4;

/// What the hash function is tried on when a file is made (with its final NUL).
pub(super) const CHARKEY: &[u8] = b"%$sniglet^&\0";

/// The hash function of files since version 5.
pub(super) fn hash(key: &[u8]) -> u32 {
    key.iter().fold(0u32, |h, &b| h.wrapping_mul(16_777_619) ^ u32::from(b))
}

/// An open hash file.
#[derive(Debug)]
pub struct Hash {
    pages: Pages,
    max_bucket: u32,
    high_mask: u32,
    low_mask: u32,
    spares: [u32; 32],
}

/// An item as it lies in a page.
enum Item<'a> {
    Inline(&'a [u8]),
    Overflow { first: u32, total: u32 },
    Duplicates,
    DuplicateTree(u32),
}

impl Hash {
    /// Checks the head.
    pub fn open(pages: Pages) -> Result<Hash, Error> {
        if pages.meta_u32(92) != hash(CHARKEY) {
            return Err(Error::Unsupported("hash function"));
        }
        if pages.meta_u32(48) & 2 != 0 {
            return Err(Error::Unsupported("several databases in one file"));
        }
        let mut spares = [0u32; 32];
        for (i, spare) in spares.iter_mut().enumerate() {
            *spare = pages.meta_u32(96 + 4 * i);
        }
        let max_bucket = pages.meta_u32(72);
        if max_bucket >= pages.count() {
            return Err(Error::Corrupt("number of buckets"));
        }
        let (high_mask, low_mask) = (pages.meta_u32(76), pages.meta_u32(80));
        Ok(Hash { max_bucket, high_mask, low_mask, spares, pages })
    }

    /// The file's pages.
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    fn bucket_page(&self, bucket: u32) -> Result<u32, Error> {
        // The groups of buckets double: 0, 1, 2-3, 4-7, ...; each lies in one run of pages.
        let group = (u32::BITS - bucket.leading_zeros()) as usize;
        let spare = self.spares.get(group).ok_or(Error::Corrupt("bucket group"))?;
        bucket.checked_add(*spare).ok_or(Error::Corrupt("bucket page"))
    }

    /// Calls `each` with the pages of a bucket until it gives something.
    fn bucket<T>(
        &self,
        bucket: u32,
        each: &mut dyn FnMut(&Page<'_>) -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        let mut number = self.bucket_page(bucket)?;
        let mut left = self.pages.count();
        while number != 0 {
            left = left.checked_sub(1).ok_or(Error::Corrupt("endless chain of pages"))?;
            let page = self.pages.read(number)?;
            match page.kind() {
                P_HASH | P_HASH_UNSORTED => {}
                // A bucket of the current doubling that was never written is a page of zeros.
                0 if page.entries() == 0 => return Ok(None),
                _ => return Err(Error::Corrupt("type of a hash page")),
            }
            if let Some(found) = each(&page)? {
                return Ok(Some(found));
            }
            number = page.next();
        }
        Ok(None)
    }

    fn item<'p>(&self, page: &'p Page<'_>, index: usize) -> Result<Item<'p>, Error> {
        let at = page.offset(index)?;
        let end = if index == 0 { page.size() } else { page.offset(index - 1)? };
        let len = end.checked_sub(at).ok_or(Error::Corrupt("item order"))?;
        let (kind, data) = page.slice(at, len)?.split_first().ok_or(Error::Corrupt("empty item"))?;
        let short = Error::Corrupt("item length");
        match *kind {
            H_KEYDATA => Ok(Item::Inline(data)),
            H_DUPLICATE => Ok(Item::Duplicates),
            H_OFFPAGE if len >= 12 => match (page.u32(at + 4), page.u32(at + 8)) {
                (Some(first), Some(total)) => Ok(Item::Overflow { first, total }),
                _ => Err(short),
            },
            H_OFFDUP if len >= 8 => page.u32(at + 4).map(Item::DuplicateTree).ok_or(short),
            H_OFFPAGE | H_OFFDUP => Err(short),
            _ => Err(Error::Corrupt("type of a hash item")),
        }
    }

    fn is_key(&self, page: &Page<'_>, index: usize, key: &[u8]) -> Result<bool, Error> {
        match self.item(page, index)? {
            Item::Inline(data) => Ok(data == key),
            Item::Overflow { total, .. } if total as usize != key.len() => Ok(false),
            Item::Overflow { first, total } => Ok(self.pages.overflow(first, total)? == key),
            _ => Err(Error::Corrupt("type of a key")),
        }
    }

    /// Calls `each` with the values of a data item until it returns false; tells whether to go on.
    fn values(&self, page: &Page<'_>, index: usize, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<bool, Error> {
        match self.item(page, index)? {
            Item::Inline(data) => Ok(each(data)),
            Item::Overflow { first, total } => Ok(each(&self.pages.overflow(first, total)?)),
            Item::DuplicateTree(root) => super::btree::walk_duplicates(&self.pages, root, each),
            Item::Duplicates => {
                // Each is its length, the bytes, its length again.
                let mut at = page.offset(index)? + 1;
                let end = if index == 0 { page.size() } else { page.offset(index - 1)? };
                while at < end {
                    let len = page.u16(at).map(usize::from).ok_or(Error::Corrupt("duplicates"))?;
                    if at + 4 + len > end {
                        return Err(Error::Corrupt("duplicates"));
                    }
                    if !each(page.slice(at + 2, len)?) {
                        return Ok(false);
                    }
                    at += 4 + len;
                }
                Ok(true)
            }
        }
    }

    /// The first value of `key`.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let mut bucket = hash(key) & self.high_mask;
        if bucket > self.max_bucket {
            bucket &= self.low_mask;
        }
        if bucket > self.max_bucket {
            return Err(Error::Corrupt("bucket masks"));
        }
        self.bucket(bucket, &mut |page| {
            for index in (0..page.entries() & !1).step_by(2) {
                if self.is_key(page, index, key)? {
                    let mut found = None;
                    self.values(page, index + 1, &mut |v| {
                        found = Some(v.to_vec());
                        false
                    })?;
                    return Ok(found);
                }
            }
            Ok(None)
        })
    }

    /// Calls `each` with every pair, bucket by bucket.
    pub fn walk(&self, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        for bucket in 0..=self.max_bucket {
            let ended = self.bucket(bucket, &mut |page| {
                for index in (0..page.entries() & !1).step_by(2) {
                    let owned;
                    let key = match self.item(page, index)? {
                        Item::Inline(data) => data,
                        Item::Overflow { first, total } => {
                            owned = self.pages.overflow(first, total)?;
                            &owned
                        }
                        _ => return Err(Error::Corrupt("type of a key")),
                    };
                    if !self.values(page, index + 1, &mut |v| each(key, v))? {
                        return Ok(Some(()));
                    }
                }
                Ok(None)
            })?;
            if ended.is_some() {
                break;
            }
        }
        Ok(())
    }
}
