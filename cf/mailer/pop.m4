divert(-1)
dnl pop.m4 -- boxes of a POP server: user@POP
_DEFIFNOT(`POP_MAILER_PATH', `/usr/lib/mh/spop')
_DEFIFNOT(`POP_MAILER_FLAGS', `Penu')
_DEFIFNOT(`POP_MAILER_ARGS', `pop $u')
divert(7)dnl
#
# mailer of pop.m4
#
Mpop,		P=POP_MAILER_PATH, F=_FLAGS_(`POP', `lsDFMq'POP_MAILER_FLAGS), S=EnvFromL, R=EnvToL/HdrToL,
		_OPTINS(`POP_MAILER_QGRP', `Q=', `, ')T=DNS/RFC822/X-Unix, A=POP_MAILER_ARGS
divert(-1)
