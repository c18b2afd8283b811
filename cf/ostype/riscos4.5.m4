divert(-1)
dnl riscos4.5.m4 -- RISC/os 4.5.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `rmail -d $u')
