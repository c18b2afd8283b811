divert(-1)
dnl unicosmp.m4 -- UNICOS/mp.
_DEFIFNOT(`STATUS_FILE', `/var/log/sendmail.st')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/bin/mail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9Ehm')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -s -d $u')
