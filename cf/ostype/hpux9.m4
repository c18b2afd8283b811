divert(-1)
dnl hpux9.m4 -- HP-UX 9.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/rmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9m')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `rmail -d $u')
