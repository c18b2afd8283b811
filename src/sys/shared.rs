//! Memory that a process and its children share: anonymous, made before the fork, of numbers that are read and written at once.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

/// Shared numbers, all zero at first.
pub struct SharedWords {
    start: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: the memory stays mapped as long as the value lives, and is only ever used through atomics.
unsafe impl Send for SharedWords {}
// SAFETY: as above.
unsafe impl Sync for SharedWords {}

impl SharedWords {
    /// `count` numbers. A child forked later has the same ones.
    pub fn new(count: usize) -> io::Result<SharedWords> {
        let count = count.max(1);
        let bytes = count.checked_mul(size_of::<AtomicU64>()).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: a fresh anonymous mapping, checked below; page alignment is more than the numbers need.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(SharedWords { start, count })
    }

    /// The numbers.
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: `count` numbers are mapped at `start`, zeroed by the kernel, which is a valid AtomicU64, and stay so.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.count) }
    }
}

impl Drop for SharedWords {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nobody can have a reference into it any more.
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), self.count * size_of::<AtomicU64>());
        }
    }
}
