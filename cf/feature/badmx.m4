divert(-1)
dnl FEATURE(badmx, regex) -- senders whose mail exchanger has an address that nobody can reach.
define(`_BADMX_')
PUSHDIVERT(_SECTION_MAP_)dnl
# for badmx
Kbadmxhosts bestmx -z: -T<TEMP>
Kbadmxaddr dns -R A -a. -T<TEMP>
Kbadmx regex -a<BADMX> ifelse(defn(`_ARG_'), `', ``^(127\.|10\.|0\.0\.0\.0)'', `defn(`_ARG_')')
POPDIVERT
PUSHDIVERT(_SECTION_RULESETS_)dnl
_TITLE_(`BadMX: a mail exchanger that cannot be')

SBadMX
R$*			$: < : $(badmxhosts $1 $: $1 $) : > $1
R< : : > $*		$@ OK
R< : $* <TEMP> : > $*	$@ OK
R< : $+ > $*		$@ $>BadMXAddr < : $1 > $2

SBadMXAddr
R< : $+ : $* > $*	$: < $(badmxaddr $1 $: none $) > < : $2 > $3
R< $+ > < $* > $*	$: < $(badmx $1 $) > < $2 > $3
R< $* <BADMX> > < $* > $*	$#error $@ 5.1.2 $: "550 Invalid MX record for host " $3
R< $* > < : $+ > $*	$@ $>BadMXAddr < : $2 > $3
R$*			$@ OK
POPDIVERT
