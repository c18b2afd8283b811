divert(-1)
dnl qpage.m4 -- pagers, by QuickPage.
_DEFIFNOT(`QPAGE_MAILER_FLAGS', `mDFMs')
_DEFIFNOT(`QPAGE_MAILER_PATH', `/usr/local/bin/qpage')
_DEFIFNOT(`QPAGE_MAILER_ARGS', `qpage -l0 -m -P$u')
_DEFIFNOT(`QPAGE_MAILER_MAX', `4096')
divert(7)dnl
#
# mailer of qpage.m4
#
Mqpage,		P=QPAGE_MAILER_PATH, F=_FLAGS_(`QPAGE', QPAGE_MAILER_FLAGS), M=QPAGE_MAILER_MAX,
		_OPTINS(`QPAGE_MAILER_QGRP', `Q=', `, ')T=DNS/RFC822/X-Unix, A=QPAGE_MAILER_ARGS
divert(-1)
