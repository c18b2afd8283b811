divert(-1)
dnl aix3.m4 -- AIX 3.
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/bellmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9mn')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail $u')
