divert(-1)
dnl FEATURE(dnsbl, domain, message or discard or quarantine, t or message) -- clients that a DNS list names.
ifelse(defn(`_ARG_'), `', `ifdef(`_DNSBL_COUNT_', `', `errprint(`*** ERROR: missing argument for FEATURE(`dnsbl')')')')
ifdef(`_DNSBL_COUNT_', `define(`_DNSBL_COUNT_', incr(_DNSBL_COUNT_))', `define(`_DNSBL_COUNT_', `0')')
define(`_DNSBL_MAP_NAME_', `dnsbl'ifelse(_DNSBL_COUNT_, `0', `', `_DNSBL_COUNT_'))
PUSHDIVERT(_SECTION_MAP_)dnl
# for dnsbl _ARG_
K`'_DNSBL_MAP_NAME_ ifdef(`DNSBL_MAP', `DNSBL_MAP', `dns -R A') -T<TMP>ifdef(`DNSBL_MAP_OPT', ` DNSBL_MAP_OPT')
POPDIVERT
PUSHDIVERT(8)dnl
# is the client on the list _ARG_?
R$*			$: $&{client_addr}
R$-.$-.$-.$-		$: <?> $(_DNSBL_MAP_NAME_ $4.$3.$2.$1._ARG_. $: OK $)
R<?>OK			$: OKSOFAR
ifelse(len(X`'_ARG3_), `1', `R<?>$+<TMP>		$: TMPOK
', `R<?>$+<TMP>		$#error $@ 4.4.3 $: ifelse(_ARG3_, `t', `"451 Temporary lookup failure of " $&{client_addr} " at _ARG_"', `_ARG3_')
')dnl
R<?>$+			ifelse(_ARG2_, `discard', `$#discard $: _ARG_', _ARG2_, `quarantine', `$#error $@ quarantine $: _ARG_',
len(X`'_ARG2_), `1', `$#error $@ 5.7.1 $: "550 Rejected: " $&{client_addr} " listed at _ARG_"', `$#error $@ 5.7.1 $: _ARG2_')
POPDIVERT
