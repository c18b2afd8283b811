divert(-1)
dnl irix4.m4 -- IRIX 4.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9Ehm')
