divert(-1)
dnl FEATURE(enhdnsbl, domain, message, t or message, answers ...) -- clients that a DNS list names with certain answers.
ifelse(defn(`_ARG_'), `', `errprint(`*** ERROR: missing argument for FEATURE(`enhdnsbl')')')
ifdef(`_EDNSBL_COUNT_', `', `define(`_EDNSBL_COUNT_')
PUSHDIVERT(_SECTION_MAP_)dnl
# for enhdnsbl
Kednsbl dns -R A -T<TEMP> -r`'ifdef(`EDNSBL_TO', `EDNSBL_TO', `5')
POPDIVERT')
define(`_EDNSBL_BAD_', `ifelse(_ARG2_, `discard', `$#discard $: discard', _ARG2_, `quarantine', `$#error $@ quarantine $: _ARG_',
len(X`'_ARG2_), `1', `$#error $@ 5.7.1 $: "550 Rejected: " $&{client_addr} " listed at _ARG_"', `$#error $@ 5.7.1 $: _ARG2_')')
define(`_EDNSBL_ANSWER_', `ifelse(`$1', `', `', `R<?> $1			_EDNSBL_BAD_
_EDNSBL_ANSWER_(shift($@))')')
PUSHDIVERT(8)dnl
# is the client on the list _ARG_?
R$*			$: $&{client_addr}
R$-.$-.$-.$-		$: <?> $(ednsbl $4.$3.$2.$1._ARG_. $: OK $)
R<?>OK			$: OKSOFAR
ifelse(len(X`'_ARG3_), `1', `R<?>$+<TEMP>		$: TMPOK
', `R<?>$+<TEMP>		$#error $@ 4.4.3 $: ifelse(_ARG3_, `t', `"451 Temporary lookup failure of " $&{client_addr} " at _ARG_"', `_ARG3_')
')dnl
ifelse(len(X`'_ARG4_), `1', `R<?>$+			_EDNSBL_BAD_
', `_EDNSBL_ANSWER_(_ARG4_, _ARG5_, _ARG6_, _ARG7_, _ARG8_, _ARG9_)')dnl
POPDIVERT
