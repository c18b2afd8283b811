divert(-1)
dnl FEATURE(domainmap, domain, map) -- all addresses of a domain are in a table of their own.
_CLASSWORDS_(`w', defn(`_ARG_'))
PUSHDIVERT(_SECTION_MAP_)dnl
# for domainmap
Kdomain_`'_ARG_ _ARG2_
POPDIVERT
PUSHDIVERT(_SECTION_ADDRTYPE_)dnl
# every address at _ARG_ is in its table
R$+ < @ _ARG_ . >	$: < $(domain_`'_ARG_ $1 $: ? $) > $1 < @ _ARG_ . >
R< ? > $*		$#error $@ 5.1.1 $: "550 email address lookup in domain map failed"
R< $+ > $+ < @ $* >	$@ $>Recurse $1
POPDIVERT
