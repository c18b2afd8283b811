divert(-1)
dnl dynix3.2.m4 -- Dynix 3.2.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
