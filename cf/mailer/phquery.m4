divert(-1)
dnl phquery.m4 -- look-ups at a CCSO name server; the mailer is called ph.
_DEFIFNOT(`PH_MAILER_PATH', `/usr/local/etc/phquery')
_DEFIFNOT(`PH_MAILER_FLAGS', `ehmu')
_DEFIFNOT(`PH_MAILER_ARGS', `phquery -- $u')
divert(7)dnl
#
# mailer of phquery.m4
#
Mph,		P=PH_MAILER_PATH, F=_FLAGS_(`PH', `nrDFM'PH_MAILER_FLAGS), S=EnvFromL, R=EnvToL/HdrToL,
		_OPTINS(`PH_MAILER_QGRP', `Q=', `, ')T=DNS/RFC822/X-Unix, A=PH_MAILER_ARGS
divert(-1)
