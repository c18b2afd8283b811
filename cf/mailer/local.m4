divert(-1)
dnl local.m4 -- mail for users of this host, and for programs.
_DEFIFNOT(`_LOCAL_FLAGS_ALWAYS_', `lsDFMAw5:/|@q')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `Prmn9')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/mail')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -d $u')
_DEFIFNOT(`LOCAL_MAILER_DSN_DIAGNOSTIC_CODE', `X-Unix')
_DEFIFNOT(`_SHELL_FLAGS_ALWAYS_', `lsDFMoq')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `eu9')
_DEFIFNOT(`LOCAL_SHELL_PATH', `/bin/sh')
_DEFIFNOT(`LOCAL_SHELL_ARGS', `sh -c $u')
_DEFIFNOT(`LOCAL_SHELL_DIR', `$z:/')
ifdef(`_ALL_MASQUERADE_', `ifdef(`_LOCAL_NO_MASQUERADE_', `', `define(`_MASQUERADE_RCPT_')')')
divert(7)dnl
#
# mailers of local.m4
#
Mlocal,		P=LOCAL_MAILER_PATH, F=_FLAGS_(`LOCAL', _LOCAL_FLAGS_ALWAYS_`'LOCAL_MAILER_FLAGS), S=ifdef(`_LOCAL_LMTP_', `EnvFromSMTP', `EnvFromL')/HdrFromL, R=EnvToL/HdrToL,
		_OPTINS(`LOCAL_MAILER_EOL', `E=', `, ')_OPTINS(`LOCAL_MAILER_MAX', `M=', `, ')_OPTINS(`LOCAL_MAILER_MAXMSGS', `m=', `, ')_OPTINS(`LOCAL_MAILER_CHARSET', `C=', `, ')T=DNS/RFC822/LOCAL_MAILER_DSN_DIAGNOSTIC_CODE,
		_OPTINS(`LOCAL_MAILER_QGRP', `Q=', `, ')A=LOCAL_MAILER_ARGS
ifdef(`_SECOND_LOCAL_FOR_', `ifelse(LOCAL_MAILER_PATH, _SECOND_LOCAL_FOR_, `# the local mailer where that program is not installed
D{else_local}P=_MAIL_LOCAL_, F=_FLAGS_(`LOCAL', _LOCAL_FLAGS_ALWAYS_`'PSXmnz9), S=EnvFromSMTP/HdrFromL, R=EnvToL/HdrToL, _OPTINS(`LOCAL_MAILER_EOL', `E=', `, ')_OPTINS(`LOCAL_MAILER_MAX', `M=', `, ')_OPTINS(`LOCAL_MAILER_MAXMSGS', `m=', `, ')_OPTINS(`LOCAL_MAILER_CHARSET', `C=', `, ')T=DNS/RFC822/SMTP, _OPTINS(`LOCAL_MAILER_QGRP', `Q=', `, ')A=mail.local -l
')')dnl
Mprog,		P=LOCAL_SHELL_PATH, F=_FLAGS_(`SHELL', _SHELL_FLAGS_ALWAYS_`'LOCAL_SHELL_FLAGS), S=EnvFromL/HdrFromL, R=EnvToL/HdrToL, D=LOCAL_SHELL_DIR,
		_OPTINS(`LOCAL_MAILER_MAX', `M=', `, ')T=X-Unix/X-Unix/X-Unix,
		_OPTINS(`LOCAL_PROG_QGRP', `Q=', `, ')A=LOCAL_SHELL_ARGS

# sender in the envelope
SEnvFromL
R< @ >			$n
R@ < @ $* >		$n
ifdef(`_ALWAYS_ADD_DOMAIN_', `R$*			$: $>AddDomain $1
')dnl
R$*			$: $>MasqEnv $1

# recipient in the envelope: the user alone
SEnvToL
R$+ < @ $* >		$: $1

# sender in the header
SHdrFromL
R< @ >			$n
R@ < @ $* >		$n
ifdef(`_ALWAYS_ADD_DOMAIN_', `R$*			$: $>AddDomain $1
')dnl
ifdef(`_LOCAL_NO_MASQUERADE_', `R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2', `R$*			$: $>MasqHdr $1')

# recipient in the header
SHdrToL
ifdef(`_ALWAYS_ADD_DOMAIN_', `R$*			$: $>AddDomain $1
')dnl
ifdef(`_MASQUERADE_RCPT_', `R$*			$: $>MasqHdr $1', `R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2')

ifdef(`_ALWAYS_ADD_DOMAIN_', `# a domain for names without one
SAddDomain
R$* < @ $* > $*		$@ $1 < @ $2 > $3
ifelse(len(X`'_ALWAYS_ADD_DOMAIN_), `1', `R$+			$@ $1 < @ *LOCAL* >', `R$+			$@ $1 < @ _ALWAYS_ADD_DOMAIN_ >')
')dnl
divert(-1)
