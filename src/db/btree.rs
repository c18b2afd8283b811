//! Reading Berkeley DB btree files (versions 7 to 10), keys in the order of their bytes.

use std::cmp::Ordering;

use super::Error;
use super::page::{P_IBTREE, P_IRECNO, P_LBTREE, P_LDUP, P_LRECNO, Page, Pages};

const B_KEYDATA: u8 = 1;
const B_DUPLICATE: u8 = 2;
const B_OVERFLOW: u8 = 3;
const B_DELETE: u8 = 0x80;

const BTM_RECNO: u32 = 0x002;
const BTM_SUBDB: u32 = 0x020;
const BTM_COMPRESS: u32 = 0x080;

/// Sorted duplicates lie in a btree, unsorted ones in a tree by record number.
const DUPLICATE_LEAVES: [u8; 2] = [P_LDUP, P_LRECNO];

/// No real tree is deeper.
const MAX_LEVEL: u8 = 32;

/// An open btree file.
#[derive(Debug)]
pub struct Btree {
    pages: Pages,
    root: u32,
}

/// A leaf item as it lies in the page.
enum Item<'a> {
    Inline(&'a [u8]),
    Overflow { first: u32, total: u32 },
    DuplicateTree(u32),
}

fn item<'p>(page: &'p Page<'_>, at: usize) -> Result<(Item<'p>, bool), Error> {
    let kind = *page.slice(at + 2, 1)?.first().ok_or(Error::Corrupt("item"))?;
    let deleted = kind & B_DELETE != 0;
    let number = |at| page.u32(at).ok_or(Error::Corrupt("item length"));
    let item = match kind & !B_DELETE {
        B_KEYDATA => {
            let len = page.u16(at).map(usize::from).ok_or(Error::Corrupt("item length"))?;
            Item::Inline(page.slice(at + 3, len)?)
        }
        B_OVERFLOW => Item::Overflow { first: number(at + 4)?, total: number(at + 8)? },
        B_DUPLICATE => Item::DuplicateTree(number(at + 4)?),
        _ => return Err(Error::Corrupt("type of a btree item")),
    };
    Ok((item, deleted))
}

/// Compares `key` with an item's bytes.
fn compare(pages: &Pages, key: &[u8], item: &Item<'_>) -> Result<Ordering, Error> {
    match *item {
        Item::Inline(data) => Ok(key.cmp(data)),
        Item::Overflow { first, total } => Ok(key.cmp(&pages.overflow(first, total)?)),
        Item::DuplicateTree(_) => Err(Error::Corrupt("type of a key")),
    }
}

/// The page that entry `index` of an inner page points at.
fn child(page: &Page<'_>, index: usize) -> Result<u32, Error> {
    let skip = if page.kind() == P_IRECNO { 0 } else { 4 };
    page.u32(page.offset(index)? + skip).ok_or(Error::Corrupt("inner item"))
}

/// The key of entry `index` of an inner page.
fn inner_key<'p>(page: &'p Page<'_>, index: usize) -> Result<Item<'p>, Error> {
    let at = page.offset(index)?;
    let len = page.u16(at).map(usize::from).ok_or(Error::Corrupt("inner item"))?;
    let kind = page.slice(at + 2, 1)?.first().copied().unwrap_or(0) & !B_DELETE;
    match kind {
        B_KEYDATA => Ok(Item::Inline(page.slice(at + 12, len)?)),
        B_OVERFLOW => match (page.u32(at + 16), page.u32(at + 20)) {
            (Some(first), Some(total)) => Ok(Item::Overflow { first, total }),
            _ => Err(Error::Corrupt("inner item")),
        },
        _ => Err(Error::Corrupt("type of an inner item")),
    }
}

/// Goes down from `root` to a leaf, by `choose` on each inner page.
fn descend<'a>(
    pages: &'a Pages,
    root: u32,
    leaf: &[u8],
    choose: &dyn Fn(&Page<'_>) -> Result<usize, Error>,
) -> Result<Page<'a>, Error> {
    let mut page = pages.read(root)?;
    let mut level = MAX_LEVEL;
    while matches!(page.kind(), P_IBTREE | P_IRECNO) {
        if page.level() >= level || page.entries() == 0 {
            return Err(Error::Corrupt("level of an inner page"));
        }
        level = page.level();
        page = pages.read(child(&page, choose(&page)?)?)?;
    }
    if !leaf.contains(&page.kind()) {
        return Err(Error::Corrupt("type of a btree page"));
    }
    Ok(page)
}

/// Walks the duplicates kept in a tree of their own; tells whether `each` wants to go on.
pub(super) fn walk_duplicates(pages: &Pages, root: u32, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<bool, Error> {
    let mut page = descend(pages, root, &DUPLICATE_LEAVES, &|_| Ok(0))?;
    let mut left = pages.count();
    loop {
        for index in 0..page.entries() {
            let (item, deleted) = item(&page, page.offset(index)?)?;
            let go_on = deleted
                || match item {
                    Item::Inline(data) => each(data),
                    Item::Overflow { first, total } => each(&pages.overflow(first, total)?),
                    Item::DuplicateTree(_) => return Err(Error::Corrupt("nested duplicates")),
                };
            if !go_on {
                return Ok(false);
            }
        }
        if page.next() == 0 {
            return Ok(true);
        }
        left = left.checked_sub(1).ok_or(Error::Corrupt("endless chain of pages"))?;
        page = pages.read(page.next())?;
        if !DUPLICATE_LEAVES.contains(&page.kind()) {
            return Err(Error::Corrupt("type of a btree page"));
        }
    }
}

impl Btree {
    /// Checks the head.
    pub fn open(pages: Pages) -> Result<Btree, Error> {
        if pages.meta_u32(48) & (BTM_RECNO | BTM_SUBDB | BTM_COMPRESS) != 0 {
            return Err(Error::Unsupported("recno, compressed or several databases"));
        }
        let root = pages.meta_u32(88);
        if root == 0 || root >= pages.count() {
            return Err(Error::Corrupt("root page"));
        }
        Ok(Btree { pages, root })
    }

    /// The file's pages.
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Calls `each` with the values of the data item; tells whether to go on.
    fn values(&self, page: &Page<'_>, index: usize, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<bool, Error> {
        match item(page, page.offset(index)?)? {
            (_, true) => Ok(true),
            (Item::Inline(data), _) => Ok(each(data)),
            (Item::Overflow { first, total }, _) => Ok(each(&self.pages.overflow(first, total)?)),
            (Item::DuplicateTree(root), _) => walk_duplicates(&self.pages, root, each),
        }
    }

    /// The first value of `key`.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        // On an inner page: the last entry whose key is not above ours; the first entry counts as below everything.
        let choose = |page: &Page<'_>| {
            let (mut low, mut high) = (0, page.entries());
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                match compare(&self.pages, key, &inner_key(page, middle)?)? {
                    Ordering::Less => high = middle,
                    _ => low = middle,
                }
            }
            Ok(low)
        };
        let mut page = descend(&self.pages, self.root, &[P_LBTREE], &choose)?;
        let (mut low, mut high) = (0, page.entries() / 2);
        while low < high {
            let middle = low + (high - low) / 2;
            match compare(&self.pages, key, &item(&page, page.offset(2 * middle)?)?.0)? {
                Ordering::Greater => low = middle + 1,
                _ => high = middle,
            }
        }
        // Deleted pairs stay in place; the key's next duplicate may even begin the next page.
        let mut index = 2 * low;
        let mut left = self.pages.count();
        loop {
            if index >= page.entries() & !1 {
                if page.next() == 0 {
                    return Ok(None);
                }
                left = left.checked_sub(1).ok_or(Error::Corrupt("endless chain of pages"))?;
                page = self.pages.read(page.next())?;
                if page.kind() != P_LBTREE {
                    return Err(Error::Corrupt("type of a btree page"));
                }
                index = 0;
                continue;
            }
            if compare(&self.pages, key, &item(&page, page.offset(index)?)?.0)? != Ordering::Equal {
                return Ok(None);
            }
            let mut found = None;
            self.values(&page, index + 1, &mut |v| {
                found = Some(v.to_vec());
                false
            })?;
            if found.is_some() {
                return Ok(found);
            }
            index += 2;
        }
    }

    /// Calls `each` with every pair in key order.
    pub fn walk(&self, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        let mut page = descend(&self.pages, self.root, &[P_LBTREE], &|_| Ok(0))?;
        let mut left = self.pages.count();
        loop {
            for index in (0..page.entries() & !1).step_by(2) {
                let owned;
                let key = match item(&page, page.offset(index)?)?.0 {
                    Item::Inline(data) => data,
                    Item::Overflow { first, total } => {
                        owned = self.pages.overflow(first, total)?;
                        &owned
                    }
                    Item::DuplicateTree(_) => return Err(Error::Corrupt("type of a key")),
                };
                if !self.values(&page, index + 1, &mut |v| each(key, v))? {
                    return Ok(());
                }
            }
            if page.next() == 0 {
                return Ok(());
            }
            left = left.checked_sub(1).ok_or(Error::Corrupt("endless chain of pages"))?;
            page = self.pages.read(page.next())?;
            if page.kind() != P_LBTREE {
                return Err(Error::Corrupt("type of a btree page"));
            }
        }
    }
}
