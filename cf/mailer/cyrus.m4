divert(-1)
dnl cyrus.m4 -- mailboxes of a Cyrus IMAP server, by its deliver program; cyrusbb for its shared folders.
_DEFIFNOT(`CYRUS_MAILER_FLAGS', `Ah5@/:|')
_DEFIFNOT(`CYRUS_MAILER_PATH', `/usr/sbin/cyrdeliver')
_DEFIFNOT(`CYRUS_MAILER_ARGS', `cyrdeliver -e -m $h -- $u')
_DEFIFNOT(`CYRUS_MAILER_USER', `cyrus:mail')
_DEFIFNOT(`CYRUS_BB_MAILER_FLAGS', `u')
_DEFIFNOT(`CYRUS_BB_MAILER_ARGS', `cyrdeliver -e -m $u')
dnl behind the local mailer, whose rule sets they use
PUSHDIVERT(_SECTION_LAST_MAILERS_)dnl
#
# mailers of cyrus.m4
#
Mcyrus,		P=CYRUS_MAILER_PATH, F=_FLAGS_(`CYRUS', `lsDFMnPq'CYRUS_MAILER_FLAGS), S=EnvFromL/HdrFromL, R=EnvToL/HdrToL,
		_OPTINS(`CYRUS_MAILER_MAX', `M=', `, ')_OPTINS(`CYRUS_MAILER_QGRP', `Q=', `, ')U=CYRUS_MAILER_USER, T=DNS/RFC822/X-Unix, A=CYRUS_MAILER_ARGS
Mcyrusbb,	P=CYRUS_MAILER_PATH, F=_FLAGS_(`CYRUS_BB', `lsDFMnP'CYRUS_BB_MAILER_FLAGS), S=EnvFromL/HdrFromL, R=EnvToL/HdrToL,
		_OPTINS(`CYRUS_MAILER_MAX', `M=', `, ')_OPTINS(`CYRUS_MAILER_QGRP', `Q=', `, ')U=CYRUS_MAILER_USER, T=DNS/RFC822/X-Unix, A=CYRUS_BB_MAILER_ARGS
POPDIVERT
