divert(-1)
dnl fax.m4 -- facsimile: user@number.FAX
_DEFIFNOT(`FAX_MAILER_PATH', `/usr/bin/faxmail')
_DEFIFNOT(`FAX_MAILER_ARGS', `faxmail -d $u@$h $f')
_DEFIFNOT(`FAX_MAILER_MAX', `100000')
divert(7)dnl
#
# mailer of fax.m4
#
Mfax,		P=FAX_MAILER_PATH, F=DFMhu, S=14, R=24, M=FAX_MAILER_MAX, T=X-Phone/X-FAX/X-Unix,
		A=FAX_MAILER_ARGS
divert(-1)
