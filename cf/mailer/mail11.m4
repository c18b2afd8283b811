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
R$+			$: $>MasqEnv $1
R$+ < @ $- .DECNET. >	$: $2 :: $1
R$+ < @ $+ >		$: $j :: "$1@$2"

SMail11To
R$+ < @ $- .DECNET. >	$: $1
divert(-1)
