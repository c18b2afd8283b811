//! The process title that ps(1) shows: written over the memory of the arguments and the environment.

use std::ffi::{OsString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

static START: AtomicPtr<c_char> = AtomicPtr::new(std::ptr::null_mut());
static LENGTH: AtomicUsize = AtomicUsize::new(0);
static WRITING: Mutex<bool> = Mutex::new(false);

/// Run by the loader before `main` with the real argument vector: remembers where its strings lie.
#[used]
#[unsafe(link_section = ".init_array")]
static CAPTURE: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = capture;

extern "C" fn capture(argc: c_int, argv: *const *const c_char, envp: *const *const c_char) {
    if argc < 1 || argv.is_null() {
        return;
    }
    // SAFETY: the C library calls this with the process's own argv and envp, NULL-terminated arrays of
    // NUL-terminated strings; they are only read here.
    unsafe {
        let start = *argv;
        let mut end = start;
        let mut extend = |list: *const *const c_char| {
            let mut item = list;
            // The strings lie one after the other; stop at the first that does not.
            while !item.is_null() && !(*item).is_null() && (*item == end || end == start) {
                end = (*item).add(libc::strlen(*item) + 1);
                item = item.add(1);
            }
        };
        extend(argv);
        extend(envp);
        LENGTH.store(end.offset_from(start) as usize, Ordering::Relaxed);
        START.store(start.cast_mut(), Ordering::Relaxed);
    }
}

/// Moves the environment out of the way and keeps only `keep`; call once, before threads and before [`set`].
/// Arguments must have been copied (`std::env::args_os`) before.
pub fn own_environment(keep: &[(OsString, OsString)]) {
    // SAFETY: called once at start while the process has a single thread; clearenv(3) and setenv(3) then hold their own
    // copies and nothing points into the old block.
    unsafe {
        libc::clearenv();
        for (name, value) in keep {
            std::env::set_var(name, value);
        }
    }
    *WRITING.lock().unwrap_or_else(|e| e.into_inner()) = true;
}

/// Shows `sendmail: TITLE` as the command line of this process. Does nothing before [`own_environment`].
pub fn set(title: &[u8]) {
    let ready = WRITING.lock().unwrap_or_else(|e| e.into_inner());
    let (start, length) = (START.load(Ordering::Relaxed), LENGTH.load(Ordering::Relaxed));
    if !*ready || start.is_null() || length < 2 {
        return;
    }
    let mut text = b"sendmail: ".to_vec();
    text.extend(title.iter().map(|b| if (b' '..=b'~').contains(b) { *b } else { b'?' }));
    text.truncate(length - 1);
    // SAFETY: `start..start+length` is the block that `capture` measured; `own_environment` made sure that nothing uses it
    // any more, and the lock that only one thread writes.
    unsafe {
        std::ptr::write_bytes(start, 0, length);
        std::ptr::copy_nonoverlapping(text.as_ptr(), start.cast::<u8>(), text.len());
    }
    drop(ready);
}

/// The environment variables of the caller whose names are in `names`, to be kept.
pub fn kept_environment(names: &[&str]) -> Vec<(OsString, OsString)> {
    names
        .iter()
        .filter_map(|n| std::env::var_os(n).map(|v| (OsString::from(n), v)))
        .filter(|(_, v)| v.as_bytes().len() < 1024)
        .collect()
}
