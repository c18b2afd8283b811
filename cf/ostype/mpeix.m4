divert(-1)
dnl mpeix.m4 -- MPE/iX.
define(`confDEF_USER_ID', `SERVER.SENDMAIL')
define(`confDONT_BLAME_SENDMAIL', `ForwardFileInGroupWritableDirPath')
define(`confTIME_ZONE', `USE_TZ')
define(`confTRUSTED_USER', `SERVER.SENDMAIL')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/tsmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9mu')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `tsmail $u')
