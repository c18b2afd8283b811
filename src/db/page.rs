//! Berkeley DB pages: the file's head, its byte order, page headers, items and overflow chains.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::{Error, Kind};

pub(super) const HASH_MAGIC: u32 = 0x0006_1561;
pub(super) const BTREE_MAGIC: u32 = 0x0005_3162;
pub(super) const VERSION: u32 = 9;
/// Bytes before the item offsets of a page.
pub(super) const HEADER: usize = 26;
/// Bytes of a meta page that mean something.
pub(super) const META: usize = 512;

pub(super) const P_HASH_UNSORTED: u8 = 2;
pub(super) const P_IBTREE: u8 = 3;
pub(super) const P_IRECNO: u8 = 4;
pub(super) const P_LBTREE: u8 = 5;
pub(super) const P_LRECNO: u8 = 6;
pub(super) const P_OVERFLOW: u8 = 7;
pub(super) const P_HASHMETA: u8 = 8;
pub(super) const P_BTREEMETA: u8 = 9;
pub(super) const P_LDUP: u8 = 12;
pub(super) const P_HASH: u8 = 13;

const METAFLAG_CHECKSUM: u8 = 1;

/// A Berkeley DB file: page size, byte order and meta page.
#[derive(Debug)]
pub struct Pages {
    file: File,
    kind: Kind,
    swapped: bool,
    page_size: usize,
    count: u32,
    meta: Box<[u8; META]>,
}

/// `N` bytes of `buf` at `at`.
fn bytes<const N: usize>(buf: &[u8], at: usize) -> Option<[u8; N]> {
    buf.get(at..at.checked_add(N)?)?.try_into().ok()
}

impl Pages {
    /// Reads and checks the head.
    pub fn open(file: File) -> Result<Pages, Error> {
        let mut meta = Box::new([0u8; META]);
        if let Err(e) = file.read_exact_at(&mut meta[..], 0) {
            return Err(match e.kind() {
                io::ErrorKind::UnexpectedEof => Error::Unsupported("not a Berkeley DB file"),
                _ => Error::Io(e),
            });
        }
        let magic = bytes::<4>(&meta[..], 12).map(u32::from_ne_bytes).unwrap_or(0);
        let (kind, swapped) = match magic {
            HASH_MAGIC => (Kind::Hash, false),
            BTREE_MAGIC => (Kind::Btree, false),
            m if m.swap_bytes() == HASH_MAGIC => (Kind::Hash, true),
            m if m.swap_bytes() == BTREE_MAGIC => (Kind::Btree, true),
            _ => return Err(Error::Unsupported("not a Berkeley DB file")),
        };
        let size = file.metadata()?.len();
        let mut pages = Pages { file, kind, swapped, page_size: 0, count: 0, meta };
        let version = pages.meta_u32(16);
        if !(7..=10).contains(&version) {
            return Err(Error::Unsupported("Berkeley DB file version"));
        }
        let page_size = pages.meta_u32(20);
        if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
            return Err(Error::Corrupt("page size"));
        }
        let want = if kind == Kind::Hash { P_HASHMETA } else { P_BTREEMETA };
        if pages.meta[25] != want {
            return Err(Error::Corrupt("type of the meta page"));
        }
        if pages.meta[24] != 0 || pages.meta[26] & METAFLAG_CHECKSUM != 0 {
            return Err(Error::Unsupported("encrypted or checksummed Berkeley DB file"));
        }
        pages.page_size = page_size as usize;
        pages.count = u32::try_from(size / u64::from(page_size)).unwrap_or(u32::MAX);
        Ok(pages)
    }

    /// Hash or btree.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// How many whole pages the file has.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// A number of the meta page.
    pub fn meta_u32(&self, at: usize) -> u32 {
        self.u32(&self.meta[..], at).unwrap_or(0)
    }

    fn u16(&self, buf: &[u8], at: usize) -> Option<u16> {
        let n = u16::from_ne_bytes(bytes(buf, at)?);
        Some(if self.swapped { n.swap_bytes() } else { n })
    }

    fn u32(&self, buf: &[u8], at: usize) -> Option<u32> {
        let n = u32::from_ne_bytes(bytes(buf, at)?);
        Some(if self.swapped { n.swap_bytes() } else { n })
    }

    /// Reads page `number`.
    pub fn read(&self, number: u32) -> Result<Page<'_>, Error> {
        if number == 0 || number >= self.count {
            return Err(Error::Corrupt("page number past the end"));
        }
        let mut buf = vec![0u8; self.page_size];
        self.file.read_exact_at(&mut buf, u64::from(number) * self.page_size as u64)?;
        let page = Page { pages: self, buf };
        if page.number() != number && !(page.number() == 0 && page.kind() == 0) {
            return Err(Error::Corrupt("page number in the page"));
        }
        Ok(page)
    }

    /// The bytes of an overflow chain that starts at `first` and holds `total` bytes.
    pub fn overflow(&self, first: u32, total: u32) -> Result<Vec<u8>, Error> {
        let total = total as usize;
        if total as u64 > u64::from(self.count) * self.page_size as u64 {
            return Err(Error::Corrupt("length of an overflow item"));
        }
        let mut out = Vec::with_capacity(total);
        let mut next = first;
        while next != 0 && out.len() < total {
            let page = self.read(next)?;
            if page.kind() != P_OVERFLOW {
                return Err(Error::Corrupt("type of an overflow page"));
            }
            let len = page.free_offset();
            let data = page.buf.get(HEADER..HEADER + len).ok_or(Error::Corrupt("overflow page"))?;
            if data.is_empty() {
                return Err(Error::Corrupt("empty overflow page"));
            }
            out.extend_from_slice(data);
            next = page.next();
        }
        if out.len() != total {
            return Err(Error::Corrupt("length of an overflow chain"));
        }
        Ok(out)
    }
}

/// One page in memory.
pub struct Page<'a> {
    pages: &'a Pages,
    buf: Vec<u8>,
}

impl Page<'_> {
    fn number(&self) -> u32 {
        self.u32(8).unwrap_or(0)
    }

    /// The page after this one in its chain; 0 for none.
    pub fn next(&self) -> u32 {
        self.u32(16).unwrap_or(0)
    }

    /// Number of items.
    pub fn entries(&self) -> usize {
        usize::from(self.u16(20).unwrap_or(0)).min((self.buf.len() - HEADER) / 2)
    }

    fn free_offset(&self) -> usize {
        usize::from(self.u16(22).unwrap_or(0))
    }

    /// The level in a btree: 1 for leaves.
    pub fn level(&self) -> u8 {
        self.buf.get(24).copied().unwrap_or(0)
    }

    /// The page's type.
    pub fn kind(&self) -> u8 {
        self.buf.get(25).copied().unwrap_or(0)
    }

    /// A 16-bit number.
    pub fn u16(&self, at: usize) -> Option<u16> {
        self.pages.u16(&self.buf, at)
    }

    /// A 32-bit number.
    pub fn u32(&self, at: usize) -> Option<u32> {
        self.pages.u32(&self.buf, at)
    }

    /// Where item `index` begins.
    pub fn offset(&self, index: usize) -> Result<usize, Error> {
        let at = self.u16(HEADER + 2 * index).map(usize::from).ok_or(Error::Corrupt("item index"))?;
        if index >= self.entries() || at < HEADER + 2 * self.entries() || at >= self.buf.len() {
            return Err(Error::Corrupt("item offset"));
        }
        Ok(at)
    }

    /// `len` bytes at `at`.
    pub fn slice(&self, at: usize, len: usize) -> Result<&[u8], Error> {
        at.checked_add(len).and_then(|end| self.buf.get(at..end)).ok_or(Error::Corrupt("item length"))
    }

    /// The page's size.
    pub fn size(&self) -> usize {
        self.buf.len()
    }
}
