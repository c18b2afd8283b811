divert(-1)
dnl smtp.m4 -- mail for other hosts by SMTP.
_DEFIFNOT(`SMTP_MAILER_FLAGS', `')
_DEFIFNOT(`RELAY_MAILER_FLAGS', `SMTP_MAILER_FLAGS')
_DEFIFNOT(`SMTP_MAILER_ARGS', `TCP $h')
_DEFIFNOT(`ESMTP_MAILER_ARGS', `TCP $h')
_DEFIFNOT(`SMTP8_MAILER_ARGS', `TCP $h')
_DEFIFNOT(`DSMTP_MAILER_ARGS', `TCP $h')
_DEFIFNOT(`RELAY_MAILER_ARGS', `TCP $h')
_DEFIFNOT(`SMTP_MAILER_LL', `990')
_DEFIFNOT(`RELAY_MAILER_LL', `2040')
_DEFIFNOT(`_SMTP_FLAGS_ALWAYS_', `mDFMuX')
_DEFIFNOT(`_RELAY_FLAGS_ALWAYS_', `mDFMuXa8')
dnl _SMTP_MAILER_LINE_(name, NAME, own flags)
define(`_SMTP_MAILER_LINE_', `M$1,	P=[IPC], F=_FLAGS_(`$2', _SMTP_FLAGS_ALWAYS_`'$3`'SMTP_MAILER_FLAGS), S=EnvFromSMTP/HdrFromSMTP, R=ifdef(`_ALL_MASQUERADE_', `EnvToSMTP/HdrFromSMTP', `EnvToSMTP'), E=\r\n, L=SMTP_MAILER_LL,
		_OPTINS(`SMTP_MAILER_MAX', `M=', `, ')_OPTINS(`SMTP_MAILER_MAXMSGS', `m=', `, ')_OPTINS(`SMTP_MAILER_MAXRCPTS', `r=', `, ')_OPTINS(`SMTP_MAILER_CHARSET', `C=', `, ')T=DNS/RFC822/SMTP,
		_OPTINS(`$2_MAILER_QGRP', `Q=', `, ')A=$2_MAILER_ARGS
')
divert(7)dnl
#
# mailers of smtp.m4
#
_SMTP_MAILER_LINE_(`smtp', `SMTP', `')dnl
_SMTP_MAILER_LINE_(`esmtp', `ESMTP', `a')dnl
_SMTP_MAILER_LINE_(`smtp8', `SMTP8', `8')dnl
_SMTP_MAILER_LINE_(`dsmtp', `DSMTP', `a%')dnl
Mrelay,		P=[IPC], F=_FLAGS_(`RELAY', _RELAY_FLAGS_ALWAYS_`'RELAY_MAILER_FLAGS), S=EnvFromSMTP/HdrFromSMTP, R=ifdef(`_ALL_MASQUERADE_', `MasqSMTP/MasqRelay', `MasqSMTP'), E=\r\n, L=RELAY_MAILER_LL,
		_OPTINS(`RELAY_MAILER_CHARSET', `C=', `, ')_OPTINS(`RELAY_MAILER_MAXMSGS', `m=', `, ')_OPTINS(`SMTP_MAILER_MAXRCPTS', `r=', `, ')T=DNS/RFC822/SMTP,
		_OPTINS(`RELAY_MAILER_QGRP', `Q=', `, ')A=RELAY_MAILER_ARGS

# names of pseudo-domains as the outside world can reply to them
SPseudoToReal
R$* : ; < @ >		$@ $1 : ; < @ >
ifdef(`_NO_UUCP_', `dnl', `# the host that the mail goes to reads its own bang paths
R$+ ! $+ < @ $&h .UUCP. >	$@ $2 < @ $1 .UUCP. >
R$* < @ $&h .UUCP. >	$@ $1 < @ $&h .UUCP. >
ifdef(`UUCP_RELAY', `R$* < @ $+ .UUCP. >	$: < $Y > $2 ! $1 < @ $2 .UUCP. >', `R$* < @ $+ .UUCP. >	$@ $2 ! $1 < @ *LOCAL* >')')
ifdef(`BITNET_RELAY', `R$* < @ $+ .BITNET. >	$: < $B > $1 % $2 .BITNET < @ $2 .BITNET. >
')dnl
R< $~[ : $+ > $* < @ $* >	$@ $3 < @ $2 >
R< $+ > $* < @ $* >	$@ $2 < @ $1 >

# a name without a host is one of this host
SMasqSMTP
R$* < @ $* > $*		$@ $1 < @ $2 > $3
R$+			$@ $1 < @ *LOCAL* >

# sender in the envelope
SEnvFromSMTP
R$+			$: $>PseudoToReal $1
R$* : ; < @ >		$@
R$*			$: $>MasqSMTP $1
R$*			$: $>MasqEnv $1

# recipient in envelope and header
SEnvToSMTP
R$+			$: $>PseudoToReal $1
R$+			$: $>MasqSMTP $1
R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2

# sender in the header
SHdrFromSMTP
R$+			$: $>PseudoToReal $1
R: ; < @ >		$@
R$* < @ > $*		$@ $1 < @ > $2
R$*			$: $>MasqSMTP $1
R$*			$: $>MasqHdr $1

ifdef(`_ALL_MASQUERADE_', `# recipient in the header of mail to a relay
SMasqRelay
R$+			$: $>MasqSMTP $1
R$+			$: $>MasqHdr $1
')dnl
divert(-1)
