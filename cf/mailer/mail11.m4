divert(-1)
dnl mail11.m4 -- DECnet, by the mail11 program.
_DEFIFNOT(`MAIL11_MAILER_PATH', `/usr/etc/mail11')
_DEFIFNOT(`MAIL11_MAILER_FLAGS', `nsFx')
_DEFIFNOT(`MAIL11_MAILER_ARGS', `mail11 $g $x $h $u')
divert(7)dnl
#
# mailer of mail11.m4
#
Mmail11,	P=MAIL11_MAILER_PATH, F=_FLAGS_(`MAIL11', MAIL11_MAILER_FLAGS), S=Mail11From, R=Mail11To,
		_OPTINS(`MAIL11_MAILER_QGRP', `Q=', `, ')T=DNS/X-DECnet/X-Unix, A=MAIL11_MAILER_ARGS

SMail11From
R$*			$: $>Mail11To $1

# names of this host need no node; the others are as they are, rule set 4 writes node::user
SMail11To
R$+ < @ $=w . >		$: $1
divert(-1)
