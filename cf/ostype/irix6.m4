divert(-1)
dnl irix6.m4 -- IRIX 6.
define(`confDEF_USER_ID', `998:998')
_DEFIFNOT(`STATUS_FILE', `/var/sendmail.st')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9Ehmu')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -s -d $u')
_DEFIFNOT(`LOCAL_MAILER_CHARSET', `iso-8859-1')
