divert(-1)
dnl maxion.m4 -- Concurrent MAXION.
_DEFIFNOT(`STATUS_FILE', `/var/adm/log/sendmail.st')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/bin/mail')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail $u')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `Pehu')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g -gmedium $h!rmail ($u)')
