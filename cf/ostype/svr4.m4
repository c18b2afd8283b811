divert(-1)
dnl svr4.m4 -- System V Release 4.
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/ucblib/binmail')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `Pehu')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g -gmedium $h!rmail ($u)')
