divert(-1)
dnl solaris2.pre5.m4 -- Solaris 2 before 2.5.
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9ESn')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -f $g -d $u')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g $h!rmail ($u)')
