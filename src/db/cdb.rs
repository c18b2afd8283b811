//! Constant databases (cdb): 256 open hash tables behind the records. The format is public domain, by D. J. Bernstein.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use super::Error;

/// Bytes of the table of tables at the front.
const HEAD: usize = 2048;

fn hash(key: &[u8]) -> u32 {
    key.iter().fold(5381u32, |h, &b| (h << 5).wrapping_add(h) ^ u32::from(b))
}

fn pair_at(buf: &[u8], at: usize) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_le_bytes(buf.get(at..at.checked_add(4)?)?.try_into().ok()?));
    Some((number(at)?, number(at.checked_add(4)?)?))
}

/// An open constant database.
#[derive(Debug)]
pub struct Cdb {
    file: File,
    size: u64,
    head: Box<[u8; HEAD]>,
}

impl Cdb {
    /// Reads the head.
    pub fn open(file: File) -> Result<Cdb, Error> {
        let mut head = Box::new([0u8; HEAD]);
        file.read_exact_at(&mut head[..], 0)?;
        let size = file.metadata()?.len();
        Ok(Cdb { file, size, head })
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, Error> {
        if at.checked_add(len).is_none_or(|end| end > self.size) {
            return Err(Error::Corrupt("record past the end"));
        }
        let mut buf = vec![0u8; len as usize];
        self.file.read_exact_at(&mut buf, at)?;
        Ok(buf)
    }

    /// The first value of `key`.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let h = hash(key);
        let (table, slots) = pair_at(&self.head[..], (h & 255) as usize * 8).ok_or(Error::Corrupt("table"))?;
        if slots == 0 {
            return Ok(None);
        }
        if u64::from(table) + u64::from(slots) * 8 > self.size {
            return Err(Error::Corrupt("table past the end"));
        }
        let first = (h >> 8) % slots;
        for step in 0..slots {
            let slot = (first + step) % slots;
            let entry = self.read(u64::from(table) + u64::from(slot) * 8, 8)?;
            let (found, at) = pair_at(&entry, 0).ok_or(Error::Corrupt("table"))?;
            if at == 0 {
                return Ok(None);
            }
            if found != h {
                continue;
            }
            let lengths = self.read(u64::from(at), 8)?;
            let (klen, vlen) = pair_at(&lengths, 0).ok_or(Error::Corrupt("record"))?;
            let begin = u64::from(at) + 8;
            if klen as usize == key.len() && self.read(begin, u64::from(klen))? == key {
                return Ok(Some(self.read(begin + u64::from(klen), u64::from(vlen))?));
            }
        }
        Ok(None)
    }

    /// Calls `each` with every pair, in the order they were written.
    pub fn walk(&self, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        // The records end where the first of the 256 tables begins.
        let end = (0..256).filter_map(|i| pair_at(&self.head[..], i * 8)).map(|(at, _)| u64::from(at)).min();
        let end = end.unwrap_or(0).min(self.size);
        let mut from = &self.file;
        from.seek(SeekFrom::Start(HEAD as u64))?;
        let mut input = io::BufReader::with_capacity(1 << 16, from);
        let mut at = HEAD as u64;
        while at < end {
            let mut lengths = [0u8; 8];
            input.read_exact(&mut lengths)?;
            let (klen, vlen) = pair_at(&lengths, 0).ok_or(Error::Corrupt("record"))?;
            let len = u64::from(klen) + u64::from(vlen);
            if at + 8 + len > end {
                return Err(Error::Corrupt("record past the end"));
            }
            let mut record = vec![0u8; len as usize];
            input.read_exact(&mut record)?;
            let (key, value) = record.split_at(klen as usize);
            if !each(key, value) {
                break;
            }
            at += 8 + len;
        }
        Ok(())
    }
}

/// Writes `pairs` as a constant database to the empty `out`; pairs with the same key may be there, the first one counts.
pub fn write_cdb<K: AsRef<[u8]>, V: AsRef<[u8]>>(out: &mut (impl Write + Seek), pairs: &[(K, V)]) -> io::Result<()> {
    let too_big = || io::Error::from(io::ErrorKind::FileTooLarge);
    let mut out = BufWriter::with_capacity(1 << 18, out);
    out.write_all(&[0u8; HEAD])?;
    let mut at = HEAD as u64;
    let mut tables: Vec<Vec<(u32, u32)>> = vec![Vec::new(); 256];
    for (key, value) in pairs {
        let (key, value) = (key.as_ref(), value.as_ref());
        let position = u32::try_from(at).map_err(|_| too_big())?;
        let h = hash(key);
        if let Some(table) = tables.get_mut((h & 255) as usize) {
            table.push((h, position));
        }
        for part in [key, value] {
            out.write_all(&u32::try_from(part.len()).map_err(|_| too_big())?.to_le_bytes())?;
        }
        out.write_all(key)?;
        out.write_all(value)?;
        at += 8 + key.len() as u64 + value.len() as u64;
    }
    let mut head = Vec::with_capacity(HEAD);
    for table in &tables {
        let slots = table.len() * 2;
        let mut places = vec![(0u32, 0u32); slots];
        for &(h, position) in table {
            let mut slot = (h >> 8) as usize % slots;
            while places.get(slot).is_some_and(|p| p.1 != 0) {
                slot = (slot + 1) % slots;
            }
            if let Some(place) = places.get_mut(slot) {
                *place = (h, position);
            }
        }
        head.extend_from_slice(&u32::try_from(at).map_err(|_| too_big())?.to_le_bytes());
        head.extend_from_slice(&u32::try_from(slots).map_err(|_| too_big())?.to_le_bytes());
        for (h, position) in places {
            out.write_all(&h.to_le_bytes())?;
            out.write_all(&position.to_le_bytes())?;
            at += 8;
        }
    }
    u32::try_from(at).map_err(|_| too_big())?;
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&head)?;
    out.seek(SeekFrom::End(0))?;
    out.flush()
}
