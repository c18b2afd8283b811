divert(-1)
dnl powerux.m4 -- PowerUX.
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/bin/rmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9mn')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `rmail $u')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `Pehu')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g -gmedium $h!rmail ($u)')
