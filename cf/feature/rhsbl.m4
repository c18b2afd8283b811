divert(-1)
dnl FEATURE(rhsbl, domain, message) -- senders whose domain a DNS list names.
ifdef(`_RHSBL_', `', `define(`_RHSBL_')
PUSHDIVERT(_SECTION_MAP_)dnl
# for rhsbl
Krhsbl host -T<TMP>
POPDIVERT')
PUSHDIVERT(_SECTION_LATE_MAIL_)dnl
# is the domain of the sender on the list _ARG_?
R< OKR > $* < @ [ $* ] >	$: < ? > $1 < @ [ $2 ] >
R< OKR > $* < @ $+ >	$: < OKR > $1 < @ $2 > $| $(rhsbl $2._ARG_. $: OK $) $| $2
R$* $| OK $| $*		$: $1
R$* $| $* <TMP> $| $*	$: $1
R$* $| $* $| $*		$#error $@ 5.7.1 $: ifelse(len(X`'_ARG2_), `1', `"550 Mail from " $3 " refused by blackhole site _ARG_"', `_ARG2_')
POPDIVERT
