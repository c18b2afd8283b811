divert(-1)
dnl FEATURE(enhdnsbl, domain, message, t or message, answers ...) -- clients that a DNS list names with certain answers.
ifelse(defn(`_ARG_'), `', `errprint(`*** ERROR: missing argument for FEATURE(`enhdnsbl')')')
ifdef(`_EDNSBL_COUNT_', `', `define(`_EDNSBL_COUNT_')
PUSHDIVERT(_SECTION_MAP_)dnl
# for enhdnsbl
Kednsbl dns -R A -a. -T<TEMP> -r`'ifdef(`EDNSBL_TO', `EDNSBL_TO', `5')
POPDIVERT')
dnl one answer that counts; what then happens is in a file, being full of dollar signs
define(`_EDNSBL_ANSWER_', `ifelse(len(X`'$1), `1', `', `R<?> $1			include(_CF_DIR_`'m4/listed.m4)')')
PUSHDIVERT(8)dnl
# is the client on the list _ARG_?
R$*			$: $&{client_addr}
R$-.$-.$-.$-		$: <?> $(ednsbl $4.$3.$2.$1._ARG_. $: OK $)
R<?>OK			$: OKSOFAR
ifelse(len(X`'_ARG3_), `1', `R<?>$+<TEMP>		$: TMPOK
', `R<?>$+<TEMP>		$#error $@ 4.4.3 $: ifelse(_ARG3_, `t', `"451 Temporary lookup failure of " $&{client_addr} " at _ARG_"', `_ARG3_')
')dnl
ifelse(len(X`'_ARG4_), `1', `R<?>$+			include(_CF_DIR_`'m4/listed.m4)')dnl
_EDNSBL_ANSWER_(_ARG4_)_EDNSBL_ANSWER_(_ARG5_)_EDNSBL_ANSWER_(_ARG6_)_EDNSBL_ANSWER_(_ARG7_)_EDNSBL_ANSWER_(_ARG8_)_EDNSBL_ANSWER_(_ARG9_)dnl
POPDIVERT
