//! Cyrus SASL's server side (libsasl2), found at run time: a system without the library still builds and runs the program,
//! with the native mechanisms alone.
//!
//! The library is one global state and not made for threads, so that every call holds one lock.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulong, c_void};
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard};
use zeroize::Zeroizing;

/// Names of the library, the newest of the distributions' two first.
const NAMES: [&CStr; 2] = [c"libsasl2.so.3", c"libsasl2.so.2"];

/// `sasl.h`: result codes that mean something to the caller.
const SASL_OK: c_int = 0;
const SASL_CONTINUE: c_int = 1;
const SASL_FAIL: c_int = -1;
const SASL_NOMECH: c_int = -4;
const SASL_BADAUTH: c_int = -13;

const CB_LIST_END: c_ulong = 0;
const CB_GETOPT: c_ulong = 1;
const CB_LOG: c_ulong = 2;
const CB_GETCONFPATH: c_ulong = 5;

const PROP_USERNAME: c_int = 0;
const PROP_SSF: c_int = 1;
const PROP_AUTHUSER: c_int = 16;
const PROP_SSF_EXTERNAL: c_int = 100;
const PROP_SEC_PROPS: c_int = 101;

/// Levels of the log call-back that are more than the fate of one exchange.
const LOG_ERR: c_int = 1;
const LOG_WARN: c_int = 3;

/// Longest result text taken from the library.
const MAX_TEXT: usize = 4096;

type Conn = *mut c_void;

#[repr(C)]
struct Callback {
    id: c_ulong,
    procedure: *const c_void,
    context: *mut c_void,
}

#[repr(C)]
struct SecurityProperties {
    min_ssf: c_uint,
    max_ssf: c_uint,
    max_buffer: c_uint,
    flags: c_uint,
    names: *const *const c_char,
    values: *const *const c_char,
}

type Step = unsafe extern "C" fn(Conn, *const c_char, c_uint, *mut *const c_char, *mut c_uint) -> c_int;

/// The functions used, as `sasl.h` declares them.
struct Functions {
    server_init: unsafe extern "C" fn(*const Callback, *const c_char) -> c_int,
    server_new: unsafe extern "C" fn(
        *const c_char,
        *const c_char,
        *const c_char,
        *const c_char,
        *const c_char,
        *const Callback,
        c_uint,
        *mut Conn,
    ) -> c_int,
    listmech: unsafe extern "C" fn(
        Conn,
        *const c_char,
        *const c_char,
        *const c_char,
        *const c_char,
        *mut *const c_char,
        *mut c_uint,
        *mut c_int,
    ) -> c_int,
    server_start:
        unsafe extern "C" fn(Conn, *const c_char, *const c_char, c_uint, *mut *const c_char, *mut c_uint) -> c_int,
    server_step: Step,
    checkpass: unsafe extern "C" fn(Conn, *const c_char, c_uint, *const c_char, c_uint) -> c_int,
    getprop: unsafe extern "C" fn(Conn, c_int, *mut *const c_void) -> c_int,
    setprop: unsafe extern "C" fn(Conn, c_int, *const c_void) -> c_int,
    errstring: unsafe extern "C" fn(c_int, *const c_char, *mut *const c_char) -> *const c_char,
    errdetail: unsafe extern "C" fn(Conn) -> *const c_char,
    dispose: unsafe extern "C" fn(*mut Conn),
}

/// What the call-backs read; never freed, as the library keeps the pointers.
struct Context {
    options: Vec<(CString, CString)>,
    directory: CString,
    log: fn(&str),
}

/// The library, initialized.
pub struct Library {
    functions: Functions,
    calls: Mutex<()>,
}

/// How a step of an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A challenge to send.
    Continue(Vec<u8>),
    /// The client has proven who it is.
    Done,
    /// It has not: the library's number.
    Failed(i32),
}

/// What a connection is told at its start.
#[derive(Debug, Clone, Default)]
pub struct Setting<'a> {
    /// The server's host name.
    pub host: &'a [u8],
    /// The realm of users who name none.
    pub realm: &'a [u8],
    /// `address;port`, empty when unknown.
    pub local: &'a str,
    /// See `local`.
    pub remote: &'a str,
    /// Bits of the layer below (TLS).
    pub external_ssf: u32,
    /// `SASL_SEC_*` bits that a mechanism must satisfy.
    pub security: u32,
}

/// One connection's state in the library.
pub struct Connection {
    library: Arc<Library>,
    conn: Conn,
}

// SAFETY: the library ties a connection to no thread, and every call on it holds the library's lock.
unsafe impl Send for Connection {}

impl Library {
    /// Loads and initializes the library for application `name`. `options` answer what its configuration file would say;
    /// `directory` is where it may look for the file itself; `log` gets what the administrator should know.
    ///
    /// Call it once in a process: the library is never unloaded.
    pub fn load(
        name: &CStr,
        options: &[(String, String)],
        directory: &Path,
        log: fn(&str),
    ) -> Result<Arc<Library>, String> {
        let functions = Functions::find()?;
        let text = |s: &str| CString::new(s).map_err(|_| "NUL in an option of Sendmail.conf".to_owned());
        let options = options.iter().map(|(k, v)| Ok((text(k)?, text(v)?))).collect::<Result<_, String>>()?;
        let directory = text(&directory.to_string_lossy())?;
        let context: *mut Context = Box::leak(Box::new(Context { options, directory, log }));
        let callback = |id, procedure| Callback { id, procedure, context: context.cast() };
        let callbacks = Box::leak(Box::new([
            callback(CB_GETOPT, get_option as *const c_void),
            callback(CB_LOG, write_log as *const c_void),
            callback(CB_GETCONFPATH, get_directory as *const c_void),
            Callback { id: CB_LIST_END, procedure: ptr::null(), context: ptr::null_mut() },
        ]));
        let library = Library { functions, calls: Mutex::new(()) };
        // SAFETY: the list ends as it must and, leaked, outlives the library's use of it; so does the application's name,
        // which the library copies.
        let result = unsafe { (library.functions.server_init)(callbacks.as_ptr(), name.as_ptr()) };
        if result == SASL_OK { Ok(Arc::new(library)) } else { Err(library.error(result)) }
    }

    /// The library's text for one of its numbers.
    pub fn error(&self, code: i32) -> String {
        // SAFETY: plain call; null means the default language and no answer wanted about it.
        text(unsafe { (self.functions.errstring)(code, ptr::null(), ptr::null_mut()) })
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.calls.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Functions {
    fn find() -> Result<Functions, String> {
        let handle = NAMES
            .iter()
            // SAFETY: a NUL-terminated name; the library's constructors are those that every program using it runs.
            .map(|name| unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) })
            .find(|handle| !handle.is_null())
            .ok_or("libsasl2 is not installed")?;
        macro_rules! function {
            ($name:literal) => {{
                // SAFETY: the handle is the library's, the name NUL-terminated.
                let address = unsafe { libc::dlsym(handle, $name.as_ptr()) };
                if address.is_null() {
                    return Err(format!("libsasl2 has no {:?}", $name));
                }
                // SAFETY: the symbol is a function, of the type that the field has from `sasl.h`.
                unsafe { std::mem::transmute::<*mut c_void, _>(address) }
            }};
        }
        Ok(Functions {
            server_init: function!(c"sasl_server_init"),
            server_new: function!(c"sasl_server_new"),
            listmech: function!(c"sasl_listmech"),
            server_start: function!(c"sasl_server_start"),
            server_step: function!(c"sasl_server_step"),
            checkpass: function!(c"sasl_checkpass"),
            getprop: function!(c"sasl_getprop"),
            setprop: function!(c"sasl_setprop"),
            errstring: function!(c"sasl_errstring"),
            errdetail: function!(c"sasl_errdetail"),
            dispose: function!(c"sasl_dispose"),
        })
    }
}

impl Connection {
    /// A new connection of service `smtp`. No security layer is negotiated: that is TLS's work.
    pub fn new(library: &Arc<Library>, setting: &Setting<'_>) -> Result<Connection, String> {
        let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| "NUL in a name".to_owned());
        let (host, realm) = (text(setting.host)?, text(setting.realm)?);
        let (local, remote) = (text(setting.local.as_bytes())?, text(setting.remote.as_bytes())?);
        let unless_empty = |s: &CString| if s.is_empty() { ptr::null() } else { s.as_ptr() };
        let mut conn: Conn = ptr::null_mut();
        let calls = library.lock();
        let f = &library.functions;
        // SAFETY: NUL-terminated strings or null where the header allows it; `conn` receives the new connection.
        let result = unsafe {
            (f.server_new)(
                c"smtp".as_ptr(),
                host.as_ptr(),
                unless_empty(&realm),
                unless_empty(&local),
                unless_empty(&remote),
                ptr::null(),
                0,
                &mut conn,
            )
        };
        if result != SASL_OK {
            return Err(library.error(result));
        }
        drop(calls);
        let connection = Connection { library: library.clone(), conn };
        let properties = SecurityProperties {
            min_ssf: 0,
            max_ssf: 0,
            max_buffer: 0,
            flags: setting.security,
            names: ptr::null(),
            values: ptr::null(),
        };
        connection.set(PROP_SSF_EXTERNAL, (&raw const setting.external_ssf).cast())?;
        connection.set(PROP_SEC_PROPS, (&raw const properties).cast())?;
        Ok(connection)
    }

    fn set(&self, property: c_int, value: *const c_void) -> Result<(), String> {
        let _calls = self.library.lock();
        // SAFETY: the connection is alive; the library copies the value, whose type is the one of the property.
        let result = unsafe { (self.library.functions.setprop)(self.conn, property, value) };
        if result == SASL_OK { Ok(()) } else { Err(self.library.error(result)) }
    }

    /// The mechanisms that may be used, in the library's order.
    pub fn mechanisms(&mut self) -> Vec<String> {
        let _calls = self.library.lock();
        let mut list = ptr::null();
        // SAFETY: NUL-terminated strings, null where the header allows it; the result belongs to the connection.
        let result = unsafe {
            (self.library.functions.listmech)(
                self.conn,
                ptr::null(),
                c"".as_ptr(),
                c" ".as_ptr(),
                c"".as_ptr(),
                &mut list,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        if result != SASL_OK {
            return Vec::new();
        }
        text(list).split_ascii_whitespace().map(str::to_owned).collect()
    }

    /// Begins an exchange of `mechanism` with the client's initial response, if it sent one.
    pub fn start(&mut self, mechanism: &str, initial: Option<&[u8]>) -> Outcome {
        let Ok(mechanism) = CString::new(mechanism) else { return Outcome::Failed(SASL_NOMECH) };
        let _calls = self.library.lock();
        let (mut out, mut length) = (ptr::null(), 0);
        let response = initial.map(Octets::new);
        let (response, size) = response.as_ref().map_or((ptr::null(), 0), Octets::raw);
        // SAFETY: the response is `size` bytes or null, alive until the call is done; the answer belongs to the connection.
        let result = unsafe {
            let start = self.library.functions.server_start;
            start(self.conn, mechanism.as_ptr(), response, size, &mut out, &mut length)
        };
        outcome(result, out, length)
    }

    /// Goes on with the client's response.
    pub fn step(&mut self, response: &[u8]) -> Outcome {
        let _calls = self.library.lock();
        let (mut out, mut length) = (ptr::null(), 0);
        let response = Octets::new(response);
        let (response, size) = response.raw();
        // SAFETY: the response is `size` bytes, alive until the call is done; the answer belongs to the connection.
        let result = unsafe { (self.library.functions.server_step)(self.conn, response, size, &mut out, &mut length) };
        outcome(result, out, length)
    }

    /// Checks a plain password by the library's own `pwcheck_method`s: `Ok`, or the number of the failure.
    pub fn check_password(&mut self, user: &[u8], password: &[u8]) -> Result<(), i32> {
        if user.contains(&0) || password.contains(&0) {
            return Err(SASL_BADAUTH);
        }
        let _calls = self.library.lock();
        let (user, password) = (Octets::new(user), Octets::new(password));
        let ((user, users), (password, passwords)) = (user.raw(), password.raw());
        // SAFETY: both are as long as said and end in a NUL, by which the library's methods go; alive until the call is done.
        let result = unsafe { (self.library.functions.checkpass)(self.conn, user, users, password, passwords) };
        if result == SASL_OK { Ok(()) } else { Err(result) }
    }

    /// Whom the client may act as, and who it has proven to be, after [`Outcome::Done`].
    pub fn identity(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        Some((self.name(PROP_USERNAME)?, self.name(PROP_AUTHUSER)?))
    }

    /// Strength of the security layer in bits.
    pub fn ssf(&self) -> u32 {
        // SAFETY: this property's value is a `sasl_ssf_t`, an unsigned int.
        self.property(PROP_SSF).map_or(0, |value| unsafe { *value.cast::<c_uint>() })
    }

    /// What the library says of the last failure: `SASL(-13): authentication failure: ...`.
    pub fn detail(&self) -> String {
        let _calls = self.library.lock();
        // SAFETY: the connection is alive; the text belongs to it.
        text(unsafe { (self.library.functions.errdetail)(self.conn) })
    }

    fn name(&self, property: c_int) -> Option<Vec<u8>> {
        // SAFETY: these properties' values are NUL-terminated strings that belong to the connection.
        self.property(property).map(|value| unsafe { CStr::from_ptr(value.cast()) }.to_bytes().to_vec())
    }

    fn property(&self, property: c_int) -> Option<*const c_void> {
        let _calls = self.library.lock();
        let mut value = ptr::null();
        // SAFETY: the connection is alive; the value belongs to it.
        let result = unsafe { (self.library.functions.getprop)(self.conn, property, &mut value) };
        (result == SASL_OK && !value.is_null()).then_some(value)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _calls = self.library.lock();
        // SAFETY: the connection is alive and not used afterwards.
        unsafe { (self.library.functions.dispose)(&mut self.conn) }
    }
}

/// Octets for the library, with a NUL behind them: not all of its code goes by the length. Wiped afterwards.
struct Octets(Zeroizing<Vec<u8>>);

impl Octets {
    fn new(bytes: &[u8]) -> Octets {
        // All at once: a buffer that grows leaves a copy behind.
        let mut octets = Vec::with_capacity(bytes.len() + 1);
        octets.extend_from_slice(bytes);
        octets.push(0);
        Octets(Zeroizing::new(octets))
    }

    /// Where they are and how many, without the NUL.
    fn raw(&self) -> (*const c_char, c_uint) {
        (self.0.as_ptr().cast(), c_uint::try_from(self.0.len() - 1).unwrap_or(0))
    }
}

fn outcome(result: c_int, out: *const c_char, length: c_uint) -> Outcome {
    match result {
        SASL_OK => Outcome::Done,
        SASL_CONTINUE if out.is_null() => Outcome::Continue(Vec::new()),
        SASL_CONTINUE => {
            // SAFETY: the library's answer is `length` bytes, read before the next call.
            Outcome::Continue(unsafe { std::slice::from_raw_parts(out.cast::<u8>(), length as usize) }.to_vec())
        }
        failure => Outcome::Failed(failure),
    }
}

fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    // SAFETY: not null, so a NUL-terminated text of the library.
    let bytes = unsafe { CStr::from_ptr(from) }.to_bytes();
    String::from_utf8_lossy(bytes.get(..MAX_TEXT).unwrap_or(bytes)).into_owned()
}

/// `sasl_getopt_t`: the value of `option`, for a plug-in also of `plugin_option`.
unsafe extern "C" fn get_option(
    context: *const Context,
    plugin: *const c_char,
    option: *const c_char,
    result: *mut *const c_char,
    length: *mut c_uint,
) -> c_int {
    if context.is_null() || option.is_null() || result.is_null() {
        return SASL_FAIL;
    }
    // SAFETY: the context is the leaked one; the names are NUL-terminated.
    let (options, option) = unsafe { (&(*context).options, CStr::from_ptr(option)) };
    let own = (!plugin.is_null()).then(|| {
        // SAFETY: as above.
        let plugin = unsafe { CStr::from_ptr(plugin) };
        [plugin.to_bytes(), b"_", option.to_bytes()].concat()
    });
    let find = |name: &[u8]| options.iter().find(|(key, _)| key.as_bytes() == name);
    let Some((_, value)) = own.and_then(|name| find(&name)).or_else(|| find(option.to_bytes())) else {
        return SASL_FAIL;
    };
    // SAFETY: `result` is the library's; `length` may be null.
    unsafe {
        *result = value.as_ptr();
        if !length.is_null() {
            *length = value.as_bytes().len() as c_uint;
        }
    }
    SASL_OK
}

/// `sasl_log_t`.
unsafe extern "C" fn write_log(context: *const Context, level: c_int, message: *const c_char) -> c_int {
    if !context.is_null() && (level == LOG_ERR || level == LOG_WARN) {
        // SAFETY: the context is the leaked one, the message NUL-terminated or null.
        unsafe { ((*context).log)(&text(message)) };
    }
    SASL_OK
}

/// `sasl_getconfpath_t`: the library frees what it gets.
unsafe extern "C" fn get_directory(context: *const Context, path: *mut *mut c_char) -> c_int {
    if context.is_null() || path.is_null() {
        return SASL_FAIL;
    }
    // SAFETY: the context is the leaked one; strdup(3) makes what the library may free.
    unsafe { *path = libc::strdup((*context).directory.as_ptr()) };
    SASL_OK
}
