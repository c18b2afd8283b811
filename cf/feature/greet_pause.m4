divert(-1)
dnl FEATURE(greet_pause, milliseconds) -- wait before the greeting; GreetPause: in the access table for some clients.
ifelse(len(X`'_ARG_), `1', `ifdef(`_ACCESS_TABLE_', `', `_SAY_(`*** ERROR: FEATURE(`greet_pause') requires FEATURE(`access_db')')')')
define(`_GREET_PAUSE_')
PUSHDIVERT(_SECTION_RULESETS_)dnl
_TITLE_(`greet_pause: how long a client waits for the greeting')

SLocal_greet_pause
Sgreet_pause
R$*			$: <> < $1 > $| $>"Local_greet_pause" $1
R<> < $* > $| $#$*	$#$2
R<> < $* > $| $*	$: $1
ifdef(`_ACCESS_TABLE_', `R$+ $| $+		$: $>D < $1 > < ? > < ! GreetPause > < $2 >
R$| $+			$: $>A < $1 > < ? > < ! GreetPause > < >
R< ? > < $+ >		$: $>A < $1 > < ? > < ! GreetPause > < >
R< ? > < $* >		$: $(access GreetPause: $: ? $)
R?			ifelse(len(X`'_ARG_), `1', `$@', `$: _ARG_')
R< $* > < $* >		$: $1
R$* <TMPF>		$@ ifelse(len(X`'_ARG_), `1', `0', `_ARG_')
R$+ $| $+		$@ $1 $| $2
R$-			$# $1', `R$*			$# _ARG_')
POPDIVERT
