divert(-1)
dnl a-ux.m4 -- Apple A/UX.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9mn')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -d -r $f $u')
