divert(-1)
dnl isc4.1.m4 -- Interactive UNIX 4.1.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/lmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9Shmu')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `lmail -s $u')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -gC $h!rmail ($u)')
