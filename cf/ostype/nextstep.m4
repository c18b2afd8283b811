divert(-1)
dnl nextstep.m4 -- NEXTSTEP.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `Peu')
