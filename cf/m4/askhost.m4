R$*			$: $1 $| $>D < $&{_ASK_WHO_`'_name} > < ? > < ! "_ASK_TAG_" > < >
R$* $| < ? > $*		$: $1 $| $>A < $&{_ASK_WHO_`'_addr} > < ? > < ! "_ASK_TAG_" > < >
R$* $| < ? > $*		$: $1 $| < $(access _ASK_TAG_: $: ? $) >
R$* $| < $* <TMPF> > $*	ifelse(_ASK_FAILED_, `TEMP', `$#temp', _ASK_FAILED_, `OK', `$: $1 $| < ? > < >', `$#error $@ 4.3.0 $: _TEMP_TEXT_')
