//! Table files: Berkeley DB hash and btree (version 5.3 files), cdb. Readers and writers, no locks, no policy.
