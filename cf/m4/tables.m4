divert(0)dnl
ifdef(`_MAILER_TABLE_', `_TITLE_(`rule set 90: FEATURE(mailertable), the domains above a host')

SMailertable=90
# < tried > < rest > < answer > address; each turn moves one label over, and %1 is what was moved
R< $- . $+ > $*			$: < $1 > < $2 > < $(mailertable .$2 $@ $1 $: ? $) > $3
R< $+ > < $- . $+ > < ? > $*	< $1 . $2 > < $3 > < $(mailertable .$3 $@ $1.$2 $: ? $) > $4
R< $+ > < $+ > < ? > $*		$: < $1 . $2 > $3
R< $+ > < $+ > < $+ > $*	$@ < $3 > $4
R< $+ > $*			$@ < $(mailertable . $@ $1 $: $) > $2

')dnl
