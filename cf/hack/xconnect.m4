divert(-1)
dnl HACK(xconnect) -- clients that may say XCNCT: XConnect: in the access table, whatever the value.
ifdef(`_ACCESS_TABLE_', `PUSHDIVERT(_SECTION_RULESETS_)dnl
_TITLE_(`x_connect: may this client tell for whom it speaks?')

Sx_connect
R$+ $| $+		$: $>D < $1 > < ? > < ! XConnect > < $2 >
R< ? > < $+ >		$: $>A < $1 > < ? > < ! XConnect > < >
R< ? > $*		$# no
R< $* <TMPF> > $*	$# no
R< $+ > $*		$@ yes
POPDIVERT', `_SAY_(`*** ERROR: HACK(xconnect) requires FEATURE(access_db)')')
