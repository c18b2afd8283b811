divert(-1)
dnl FEATURE(local_procmail, path, arguments, flags) -- procmail or another delivery program is the local mailer.
ifdef(`_MAILER_local_', `_SAY_(`*** FEATURE(local_procmail) must occur before MAILER(local)')')
define(`LOCAL_MAILER_PATH', ifelse(defn(`_ARG_'), `', `ifdef(`PROCMAIL_MAILER_PATH', `PROCMAIL_MAILER_PATH', `/usr/local/bin/procmail')', `_ARG_'))
define(`LOCAL_MAILER_ARGS', ifelse(defn(`_ARG2_'), `', ``procmail -a $h -d $u'', `defn(`_ARG2_')'))
define(`LOCAL_MAILER_FLAGS', ifelse(defn(`_ARG3_'), `', `SPfhn9', `_ARG3_'))
define(`LOCAL_MAILER_DSN_DIAGNOSTIC_CODE', `X-Unix')
undefine(`_LOCAL_LMTP_')
