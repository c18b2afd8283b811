divert(-1)
dnl sco-uw-2.1.m4 -- SCO UnixWare 2.1.
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/bin/rmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9CEfhn')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `rmail $u')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `Pehu')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g -gmedium $h!rmail ($u)')
