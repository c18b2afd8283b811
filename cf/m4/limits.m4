divert(-1)
dnl limits.m4 -- what FEATURE(conncontrol) and FEATURE(ratecontrol) have in common; they set the _LIMIT_ names.
define(`_LIMIT_NEEDS_', `_SAY_(`*** ERROR: FEATURE(`$1') requires FEATURE(`access_db')')')
define(`_LIMIT_UNKNOWN_', `errprint(`*** ERROR: unknown parameter "$2" for FEATURE(`$1')')')
define(`_LIMIT_NEEDS_DELAY_', `errprint(`*** ERROR: FEATURE(`$1', `nodelay') requires FEATURE(`delay_checks')')')
ifdef(`_ACCESS_TABLE_', `', `_LIMIT_NEEDS_(_LIMIT_NAME_)')
ifelse(defn(`_ARG_'), `nodelay', `ifdef(`_DELAY_CHECKS_', `define(`_LIMITS_AT_ONCE_')', `_LIMIT_NEEDS_DELAY_(_LIMIT_NAME_)')', defn(`_ARG_'), `', `',
	`ifdef(`_ACCESS_TABLE_', `_LIMIT_UNKNOWN_(_LIMIT_NAME_, defn(`_ARG_'))')')
PUSHDIVERT(ifelse(defn(`_ARG_'), `nodelay', `_SECTION_LIMITS_NOW_', `_SECTION_LIMITS_'))dnl
# for _LIMIT_NAME_
R$*			$: $1 $| $>_LIMIT_SET_ $&{client_addr}
R$* $| $#$*		$#$2
R$* $| $*		$: $1
POPDIVERT
PUSHDIVERT(_SECTION_RULESETS_)dnl
_TITLE_(`_LIMIT_SET_: the limit of a client from the access table, and whether it is passed')

S`'_LIMIT_SET_
R$*			$: $>A < $&{client_addr} > < ? > < ! _LIMIT_TAG_ > < >
R< ? > $*		$: < $(access _LIMIT_TAG_: $: ? $) > < >
R< $* <TMPF> > $*	$@ $1 <TMPF>
R< ? > $*		$@ OK
R< 0 > $*		$@ OK
R< $+ > $*		$: < $1 > $| $(arith l $@ $1 $@ _LIMIT_VALUE_ $)
R< $+ > $| TRUE	$#error $@ 4.3.2 $: ifelse(defn(`_ARG2_'), `terminate', `421', `452') _LIMIT_TEXT_
POPDIVERT
