divert(-1)
dnl domainos.m4 -- Domain/OS.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
