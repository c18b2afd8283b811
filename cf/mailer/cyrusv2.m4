divert(-1)
dnl cyrusv2.m4 -- mailboxes of a Cyrus IMAP server, by LMTP.
_DEFIFNOT(`CYRUSV2_MAILER_FLAGS', `A@/:|m')
_DEFIFNOT(`CYRUSV2_MAILER_ARGS', `FILE /var/run/cyrus/socket/lmtp')
divert(7)dnl
#
# mailer of cyrusv2.m4
#
Mcyrusv2,	P=[IPC], F=_FLAGS_(`CYRUSV2', `lsDFMnqXz'CYRUSV2_MAILER_FLAGS), S=EnvFromSMTP/HdrFromL, R=EnvToL/HdrToL, E=\r\n,
		_OPTINS(`CYRUSV2_MAILER_MAXMSGS', `m=', `, ')_OPTINS(`CYRUSV2_MAILER_MAXRCPTS', `r=', `, ')_OPTINS(`CYRUSV2_MAILER_CHARSET', `C=', `, ')_OPTINS(`CYRUSV2_MAILER_QGRP', `Q=', `, ')T=DNS/RFC822/SMTP, A=CYRUSV2_MAILER_ARGS
divert(-1)
