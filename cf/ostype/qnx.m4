divert(-1)
dnl qnx.m4 -- QNX.
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/bin/mailx')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `Sh')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail $u')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -z -a$f $h!rmail ($u)')
