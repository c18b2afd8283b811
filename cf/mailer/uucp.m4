divert(-1)
dnl uucp.m4 -- mail by UUCP: uucp-old and uucp-new with bang paths, uucp-dom and uucp-uudom with domains where
dnl smtp.m4 came before.
_DEFIFNOT(`UUCP_MAILER_PATH', `/usr/bin/uux')
_DEFIFNOT(`UUCP_MAILER_FLAGS', `')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g -gC $h!rmail ($u)')
_DEFIFNOT(`UUCP_MAILER_MAX', `100000')
define(`_UUCP_LINE_', `M$1,	P=UUCP_MAILER_PATH, F=_FLAGS_(`UUCP', $2`'UUCP_MAILER_FLAGS), S=$3, R=$4, M=UUCP_MAILER_MAX,
		_OPTINS(`UUCP_MAILER_CHARSET', `C=', `, ')_OPTINS(`UUCP_MAILER_QGRP', `Q=', `, ')T=X-UUCP/X-UUCP/X-Unix, A=UUCP_MAILER_ARGS
')
ifdef(`_MAILER_smtp_', `', `errprint(`*** MAILER(`smtp') must appear before MAILER(`uucp')
    if uucp-dom should be included.')')
PUSHDIVERT(_SECTION_UUCP_)dnl
ifdef(`_MAILER_smtp_', `R$* < @ $=Z . UUCP. > $*	$#uucp-uudom $@ $2 $: $1 < @ $2 .UUCP. > $3
')dnl
R$* < @ $=Y . UUCP. > $*	$#uucp-new $@ $2 $: $1 < @ $2 .UUCP. > $3
R$* < @ $=U . UUCP. > $*	$#uucp-old $@ $2 $: $1 < @ $2 .UUCP. > $3
POPDIVERT
divert(7)dnl
#
# mailers of uucp.m4
#
_UUCP_LINE_(`uucp', `DFMhuUd', `FromU', `EnvToU/HdrToU')dnl
_UUCP_LINE_(`uucp-old', `DFMhuUd', `FromU', `EnvToU/HdrToU')dnl
_UUCP_LINE_(`suucp', `mDFMhuUd', `FromU', `EnvToU/HdrToU')dnl
_UUCP_LINE_(`uucp-new', `mDFMhuUd', `FromU', `EnvToU/HdrToU')dnl
ifdef(`_MAILER_smtp_', `_UUCP_LINE_(`uucp-dom', `mDFMhud', `EnvFromUD/HdrFromSMTP', `ifdef(`_ALL_MASQUERADE_', `EnvToSMTP/HdrFromSMTP', `EnvToSMTP')')dnl
_UUCP_LINE_(`uucp-uudom', `mDFMhud', `EnvFromUUD/HdrFromSMTP', `ifdef(`_ALL_MASQUERADE_', `EnvToSMTP/HdrFromSMTP', `EnvToSMTP')')')

# sender: a bang path that begins with this host
SFromU
R< @ >			$: $n
R: ; < @ >		$@
R$* < @ $* . > $*	$1 < @ $2 > $3
R$* < @ *LOCAL* >	$: $1
R$* < @ $=w >		$: $1
R< @ $- . UUCP >	$: $1 !
R$* < @ $- . UUCP >	$: $2 ! $1
R$* < @ $+ >		$: $2 ! $1
R$&h ! $+ ! $+		$@ $1 ! $2
R$&h ! $+		$@ $&h ! $1
R$+			$: $U ! $1
R! $+			$: $k ! $1
R$k ! $+ ! $*		$: $k ! $1 ! $2

# recipient in the envelope
SEnvToU
R: ; < @ >		$@
R$* < @ $* . > $*	$1 < @ $2 > $3
R$* < @ *LOCAL* >	$: $1
R$* < @ $=w >		$: $1
R$* < @ $- . UUCP >	$: $2 ! $1
R$* < @ $+ >		$: $2 ! $1

# recipient in the header
SHdrToU
R: ; < @ >		$@
R$* < @ $* . > $*	$1 < @ $2 > $3
R$* < @ *LOCAL* >	$: $1
R$* < @ $=w >		$: $1
R$* < @ $- . UUCP >	$: $2 ! $1
R$* < @ $+ >		$: $2 ! $1
R$&h ! $+ ! $+		$@ $1 ! $2
R$&h ! $+		$@ $&h ! $1
R$+			$: $U ! $1
R! $+			$: $k ! $1

ifdef(`_MAILER_smtp_', `# sender in the envelope, domains kept
SEnvFromUD
R< @ >			$: $n
R: ; < @ >		$@
R$*			$: $>EnvFromSMTP $1
R$*			$: $>MasqEnv $1

# sender in the envelope, domains in bang form
SEnvFromUUD
R< @ >			$: $n
R: ; < @ >		$@
R$*			$: $>EnvFromSMTP $1
R$* < @ $=w . >		$: $1 < @ $j . >
R$* < @ $* . >		$1 < @ $2 >
R$* < @ $- . UUCP >	$: $2 ! $1
R$* < @ $+ >		$: $2 ! $1
')dnl
divert(-1)
