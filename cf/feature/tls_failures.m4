divert(-1)
dnl FEATURE(tls_failures) -- replaced.
_SAY_(`*** ERROR: FEATURE(tls_failures) has been replaced by confTLS_FALLBACK_TO_CLEAR')
define(`confTLS_FALLBACK_TO_CLEAR', `true')
