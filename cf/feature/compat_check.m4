divert(-1)
dnl FEATURE(compat_check) -- pairs of sender and recipient: Compat:sender<@>recipient in the access table.
ifdef(`_ACCESS_TABLE_', `', `_SAY_(`FEATURE(`compat_check') requires FEATURE(`access_db')')')
PUSHDIVERT(_SECTION_RULESETS_)dnl
_TITLE_(`check_compat: may this sender write to this recipient?')

Scheck_compat
R< $+ > $| $*		$: $1 $| $2
R$* $| < $+ >		$: $1 $| $2
R$+ $| $+		$: < $(access Compat:$1<@>$2 $: ? $) >
R$* $| $*		$@ OK
R< $* <TMPF> >		$#error $@ 4.3.0 $: _TEMP_TEXT_
R< DISCARD $* >		$#discard $: $1 " - discarded by check_compat"
R< TEMP : $+ >		$#error $@ TEMPFAIL $: $1 " error from check_compat. Try again later"
R< ERROR : $+ >		$#error $@ UNAVAILABLE $: $1 " error from check_compat"
POPDIVERT
