divert(-1)
dnl FEATURE(check_other, regex) -- a command that looks like a header ends the session.
PUSHDIVERT(_SECTION_MAP_)dnl
# for check_other
Kbadcmd regex -m -a<BAD> ifelse(defn(`_ARG_'), `', ``^[[:print:]]+ *:'', `defn(`_ARG_')')
POPDIVERT
PUSHDIVERT(_SECTION_RULESETS_)dnl
_TITLE_(`check_other: commands that are none')

Scheck_other
R$* $| 5		$: $(badcmd $1 $)
R$* <BAD>		$#error $@ 4.7.0 $: 421 bad command
POPDIVERT
