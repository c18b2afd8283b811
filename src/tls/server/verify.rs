//! What is said of a client's certificate while it is verified. Nobody is turned away here: `${verify}` tells rule sets.

use crate::log::tls as log;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};
use openssl::x509::{X509StoreContext, X509StoreContextRef, X509VerifyResult};
use std::sync::{Mutex, OnceLock};

/// `X509_V_ERR_UNABLE_TO_GET_CRL`
const NO_CRL: i32 = 3;

/// The last fault that counts, kept with each session.
type Fault = Mutex<X509VerifyResult>;

fn index() -> Option<Index<Ssl, Fault>> {
    static INDEX: OnceLock<Option<Index<Ssl, Fault>>> = OnceLock::new();
    *INDEX.get_or_init(|| Ssl::new_ex_index().ok())
}

/// Gets a session ready for [`judge`].
pub(super) fn prepare(ssl: &mut SslRef) -> Result<(), ErrorStack> {
    if let Some(index) = index() {
        ssl.set_ex_data(index, Mutex::new(X509VerifyResult::OK));
    }
    Ok(())
}

/// Goes on in any case; what is wrong stays in the result. A list that is not there and was not asked for is no fault, and it
/// must not cover one that was met before.
pub(super) fn judge(good: bool, context: &mut X509StoreContextRef, lists_required: bool) -> bool {
    if good {
        return true;
    }
    let error = context.error();
    let kept = X509StoreContext::ssl_idx().ok().and_then(|i| context.ex_data(i));
    let kept = kept.zip(index()).and_then(|(ssl, index)| ssl.ex_data(index));
    let mut fault = kept.and_then(|fault| fault.lock().ok());
    if error.as_raw() == NO_CRL && !lists_required {
        // Without a note of earlier faults the missing list stays one.
        let earlier = fault.as_deref().copied();
        drop(fault);
        if let Some(earlier) = earlier {
            context.set_error(earlier);
        }
        return true;
    }
    if let Some(fault) = fault.as_deref_mut() {
        *fault = error;
    }
    drop(fault);
    let subject = context.current_cert().map(|c| crate::tls::distinguished(c.subject_name())).unwrap_or_default();
    log::bad_certificate(context.error_depth(), &subject, error.error_string());
    true
}
