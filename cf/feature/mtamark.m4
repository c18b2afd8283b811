divert(-1)
dnl FEATURE(mtamark, message, t or message, prefix) -- clients whose reverse DNS says that they are no mail server.
PUSHDIVERT(_SECTION_MAP_)dnl
# for mtamark
Kmtamark dns -R TXT -a. -T<TMP> -r5
POPDIVERT
define(`_MTAMARK_PREFIX_', ifelse(defn(`_ARG3_'), `', ``_perm._smtp._srv'', `defn(`_ARG3_')'))
PUSHDIVERT(8)dnl
# does the reverse DNS of the client say that it is no mail server?
R$*			$: $&{client_addr}
R$-.$-.$-.$-		$: <?> $(mtamark _MTAMARK_PREFIX_.$4.$3.$2.$1.in-addr.arpa. $: OK $)
R<?> 1.			$: OKSOFAR
R<?> OK			$: OKSOFAR
R<?> 0.			$#error $@ 5.7.1 $: ifelse(len(X`'_ARG_), `1', `"550 Rejected: " $&{client_addr} " not listed as MTA"', `_ARG_')
ifelse(len(X`'_ARG2_), `1', `', `R<?>$+<TMP>		$#error $@ 4.4.3 $: ifelse(_ARG2_, `t', `"451 Temporary lookup failure of _MTAMARK_PREFIX_ for " $&{client_addr}', `_ARG2_')
')dnl
R<?> $*			$: OKSOFAR
POPDIVERT
