divert(-1)
dnl ptx2.m4 -- Dynix/ptx 2.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9fmn')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `eu')
