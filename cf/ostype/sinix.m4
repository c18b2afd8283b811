divert(-1)
dnl sinix.m4 -- SINIX.
_DEFIFNOT(`STATUS_FILE', `/var/sendmail.st')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/mail.local')
