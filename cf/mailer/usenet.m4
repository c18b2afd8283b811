divert(-1)
dnl usenet.m4 -- news: mail to group.usenet is posted.
_DEFIFNOT(`USENET_MAILER_PATH', `/usr/lib/news/inews')
_DEFIFNOT(`USENET_MAILER_FLAGS', `rsDFMmn')
_DEFIFNOT(`USENET_MAILER_ARGS', `inews -m -h -n')
PUSHDIVERT(_SECTION_ADDRTYPE_)dnl
# news groups
R$+ . USENET < @ $=w . >	$#usenet $@ usenet $: $1
POPDIVERT
divert(7)dnl
#
# mailer of usenet.m4
#
Musenet,	P=USENET_MAILER_PATH, F=_FLAGS_(`USENET', USENET_MAILER_FLAGS), S=EnvFromL, R=EnvToL,
		_OPTINS(`USENET_MAILER_MAX', `M=', `, ')_OPTINS(`USENET_MAILER_QGRP', `Q=', `, ')T=X-Usenet/X-Usenet/X-Unix, A=USENET_MAILER_ARGS $u
divert(-1)
