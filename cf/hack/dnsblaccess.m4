divert(-1)
dnl HACK(dnsblaccess, domain, message, t or message) -- clients that a DNS list names; dnsblaccess: and the answer of the
dnl list in the access table say what is done: OK, RELAY, DISCARD, ERROR:D.S.N:text (%1 the client, %2 the list).
ifdef(`_ACCESS_TABLE_', `', `_SAY_(`*** ERROR: dnsblaccess requires FEATURE(`access_db')')')
ifelse(defn(`_ARG_'), `', `errprint(`*** ERROR: missing argument for HACK(`dnsblaccess')')')
ifdef(`_EDNSBL_COUNT_', `', `define(`_EDNSBL_COUNT_')
PUSHDIVERT(_SECTION_MAP_)dnl
# for dnsblaccess
Kednsbl dns -R A -a. -T<TEMP> -r`'ifdef(`EDNSBL_TO', `EDNSBL_TO', `5')
POPDIVERT')
define(`_LISTED_TEXT_', ifelse(len(X`'_ARG2_), `1', ``"550 Rejected: " $&{client_addr} " listed at '_ARG_`"'', `defn(`_ARG2_')'))
PUSHDIVERT(8)dnl
# is the client on the list _ARG_, and does the access table say what to do?
R$*			$: $&{client_addr}
R$-.$-.$-.$-		$: <?> $(ednsbl $4.$3.$2.$1._ARG_. $: OK $)
R<?>OK			$: OKSOFAR
ifelse(len(X`'_ARG3_), `1', `R<?>$+<TEMP>		$: TMPOK
', `R<?>$+<TEMP>		$#error $@ 4.4.3 $: ifelse(_ARG3_, `t', `"451 Temporary lookup failure of " $&{client_addr} " at _ARG_"', `_ARG3_')
')dnl
R<?>$-.$-.$-.$-.	$: <$(access dnsblaccess:$1.$2.$3.$4 $@ $&{client_addr} $@ _ARG_ $: ? $)> $1.$2.$3
R<?>$-.$-.$-		$: <$(access dnsblaccess:$1.$2.$3 $@ $&{client_addr} $@ _ARG_ $: ? $)> $1.$2
R<?>$-.$-		$: <$(access dnsblaccess:$1.$2 $@ $&{client_addr} $@ _ARG_ $: ? $)> $1
R<?>$-			$: <$(access dnsblaccess:$1 $@ $&{client_addr} $@ _ARG_ $: ? $)> *
R<?>*			$: <$(access dnsblaccess: $@ $&{client_addr} $@ _ARG_ $: ? $)> *
R<$* <TMPF>> $*		$#error $@ 4.3.0 $: _TEMP_TEXT_
R<$={Accept}> $*	$: OKSOFAR
R<DISCARD> $*		$#discard $: discard
R<ERROR:$-.$-.$-:$+> $*	$#error $@ $1.$2.$3 $: $4
R<ERROR:$+> $*		$#error $: $1
R<$+> $*		$#error $@ 5.7.1 $: _LISTED_TEXT_
POPDIVERT
