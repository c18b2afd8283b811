divert(-1)
dnl xagent.m4 -- X-agent, delivery by a program of that name.
_DEFIFNOT(`XAGENT_MAILER_PATH', `/usr/lib/xagent')
_DEFIFNOT(`XAGENT_MAILER_ARGS', `xagent $h $u')
divert(7)dnl
#
# mailer of xagent.m4
#
Mxagent,	P=XAGENT_MAILER_PATH, F=nuDFMXLe, S=11/31, R=21/31, E=\n,
		T=DNS/RFC822/X-Unix, A=XAGENT_MAILER_ARGS
divert(-1)
