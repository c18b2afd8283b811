divert(-1)
dnl linux.m4 -- Linux.
_DEFIFNOT(`confEBINDIR', `/usr/sbin')
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/bin/procmail')
include(_CF_DIR_`'m4/deliverer.m4)
