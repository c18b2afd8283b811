divert(-1)
dnl aix4.m4 -- AIX 4.
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/bellmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9mn')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -F $g $u')
