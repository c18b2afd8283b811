divert(-1)
dnl procmail.m4 -- procmail as a mailer of its own, for mailertables.
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/local/bin/procmail')
_DEFIFNOT(`PROCMAIL_MAILER_FLAGS', `SPhnu9')
_DEFIFNOT(`PROCMAIL_MAILER_ARGS', `procmail -Y -m $h $f $u')
divert(7)dnl
#
# mailer of procmail.m4
#
Mprocmail,	P=PROCMAIL_MAILER_PATH, F=_FLAGS_(`PROCMAIL', `DFM'PROCMAIL_MAILER_FLAGS), S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP/HdrFromSMTP,
		_OPTINS(`PROCMAIL_MAILER_MAX', `M=', `, ')_OPTINS(`PROCMAIL_MAILER_QGRP', `Q=', `, ')T=DNS/RFC822/X-Unix, A=PROCMAIL_MAILER_ARGS
divert(-1)
