divert(-1)
dnl FEATURE(local_lmtp, path, arguments) -- the local mailer speaks LMTP over a pipe.
_DEFIFNOT(`confEBINDIR', `/usr/libexec')
define(`LOCAL_MAILER_PATH', ifelse(defn(`_ARG_'), `', `confEBINDIR`'/mail.local', `_ARG_'))
define(`LOCAL_MAILER_ARGS', ifelse(defn(`_ARG2_'), `', `mail.local -l', `defn(`_ARG2_')'))
define(`LOCAL_MAILER_FLAGS', `PSXmnz9')
define(`LOCAL_MAILER_DSN_DIAGNOSTIC_CODE', `SMTP')
dnl the envelope sender has a domain there
define(`_LOCAL_LMTP_')
