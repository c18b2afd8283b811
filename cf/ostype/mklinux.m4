divert(-1)
dnl mklinux.m4 -- MkLinux.
_DEFIFNOT(`STATUS_FILE', `/var/log/sendmail.st')
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/bin/procmail')
include(_CF_DIR_`'m4/deliverer.m4)
