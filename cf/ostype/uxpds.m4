divert(-1)
dnl uxpds.m4 -- UXP/DS.
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/ucblib/binmail')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `Pehu')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$f -gmedium $h!rmail ($u)')
define(`confDEF_GROUP_ID', `6')
