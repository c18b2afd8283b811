//! Table files: Berkeley DB hash and btree (as versions 4.6 to 5.3 write them) and cdb. Readers and writers without any library.
//!
//! Nothing here is trusted: a table may be truncated, hostile or half written. Every offset, length and page number is checked,
//! chains are bounded by the number of pages, and what does not fit gives [`Error`], never a panic or an endless loop.
//! Files are read with pread at the place needed; there is no memory map that a truncating writer could turn into SIGBUS.
//!
//! * [`Table`] opens any of the kinds by its magic number.
//! * [`write_hash`], [`write_btree`] and [`write_cdb`] make a whole new file; replacing an old one and locking are the caller's.
//!
//! Not read: files with checksums or encryption, queue and recno files, named databases inside one file, btree compression.
mod btree;
mod btree_write;
mod build;
mod cdb;
mod hash;
mod hash_write;
mod page;

use std::fs::File;
use std::io;

pub use btree_write::write_btree;
pub use cdb::write_cdb;
pub use hash_write::write_hash;

/// What is wrong with a table file.
#[derive(Debug)]
pub enum Error {
    /// The system refused to read.
    Io(io::Error),
    /// The file is no table of a known kind; the text says what was seen.
    Unsupported(&'static str),
    /// The file contradicts itself; the text says where.
    Corrupt(&'static str),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Io(e) => e.fmt(f),
            Error::Unsupported(what) => write!(f, "unsupported table file: {what}"),
            Error::Corrupt(what) => write!(f, "corrupt table file: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Error {
        match e.kind() {
            io::ErrorKind::UnexpectedEof => Error::Corrupt("file ends early"),
            _ => Error::Io(e),
        }
    }
}

/// The kinds of table files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Berkeley DB hash.
    Hash,
    /// Berkeley DB btree.
    Btree,
    /// Constant database.
    Cdb,
}

/// A key with its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// An open table, for reading.
#[derive(Debug)]
pub enum Table {
    /// Berkeley DB hash.
    Hash(hash::Hash),
    /// Berkeley DB btree.
    Btree(btree::Btree),
    /// Constant database.
    Cdb(cdb::Cdb),
}

impl Table {
    /// Reads the table's head: a Berkeley DB file is known by its magic number, anything else is tried as cdb only
    /// when `cdb` says so (a cdb file has no mark of its own).
    pub fn open(file: File, cdb: bool) -> Result<Table, Error> {
        if cdb {
            return Ok(Table::Cdb(cdb::Cdb::open(file)?));
        }
        let pages = page::Pages::open(file)?;
        match pages.kind() {
            Kind::Btree => Ok(Table::Btree(btree::Btree::open(pages)?)),
            _ => Ok(Table::Hash(hash::Hash::open(pages)?)),
        }
    }

    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Table::Hash(_) => Kind::Hash,
            Table::Btree(_) => Kind::Btree,
            Table::Cdb(_) => Kind::Cdb,
        }
    }

    /// The (first) value of `key`.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Table::Hash(t) => t.get(key),
            Table::Btree(t) => t.get(key),
            Table::Cdb(t) => t.get(key),
        }
    }

    /// Calls `each` with every pair in the file's own order (what a Berkeley DB cursor would give). `each` ends the walk
    /// by returning `false`.
    pub fn walk(&self, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), Error> {
        match self {
            Table::Hash(t) => t.walk(each),
            Table::Btree(t) => t.walk(each),
            Table::Cdb(t) => t.walk(each),
        }
    }

    /// All pairs.
    pub fn pairs(&self) -> Result<Vec<Pair>, Error> {
        let mut all = Vec::new();
        self.walk(&mut |k, v| {
            all.push((k.to_vec(), v.to_vec()));
            true
        })?;
        Ok(all)
    }

    /// The open file.
    pub fn file(&self) -> &File {
        match self {
            Table::Hash(t) => t.pages().file(),
            Table::Btree(t) => t.pages().file(),
            Table::Cdb(t) => t.file(),
        }
    }
}
