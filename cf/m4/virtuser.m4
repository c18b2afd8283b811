dnl virtuser.m4 -- rules of FEATURE(virtusertable), in rule set 0.
dnl The workspace while the table is asked:  < answer > user < @ host . >, with ? for "nothing yet".
dnl %1 is the user, %2 the detail, %3 the detail with its plus sign.
R$+ < @ $=w . >		$: < ? > $1 < @ $2 . >
ifdef(`_VIRTHOSTS_', `ifdef(`_VIRTUSER_ENTIRE_DOMAIN_', `R$+ < @ $* $={VirtHost} . >	$: < ? > $1 < @ $2 $3 . >', `R$+ < @ $={VirtHost} . >	$: < ? > $1 < @ $2 . >')
')dnl
R< ? > $+ < @ $+ . >	$: < $(virtuser $1 @ $2 $@ $1 $: ? $) > $1 < @ $2 . >
R< ? > $+ + $+ < @ $+ . >	$: < $(virtuser $1 ++ @ $3 $@ $1 $@ $2 $@ +$2 $: ? $) > $1 + $2 < @ $3 . >
R< ? > $+ + $* < @ $+ . >	$: < $(virtuser $1 + * @ $3 $@ $1 $@ $2 $@ +$2 $: ? $) > $1 + $2 < @ $3 . >
R< ? > $+ + $* < @ $+ . >	$: < $(virtuser $1 @ $3 $@ $1 $@ $2 $@ +$2 $: ? $) > $1 + $2 < @ $3 . >
R< ? > $+ + $+ < @ $+ . >	$: < $(virtuser ++ @ $3 $@ $1 $@ $2 $@ +$2 $: ? $) > $1 + $2 < @ $3 . >
R< ? > $+ + $* < @ $+ . >	$: < $(virtuser + * @ $3 $@ $1 $@ $2 $@ +$2 $: ? $) > $1 + $2 < @ $3 . >
R< ? > $+ + $* < @ $+ . >	$: < $(virtuser @ $3 $@ $1 $@ $2 $@ +$2 $: ! $) > $1 + $2 < @ $3 . >
R< ? > $+ < @ $+ . >	$: < $(virtuser @ $2 $@ $1 $: ! $) > $1 < @ $2 . >
R< ! > $+		$: $1
R< error : $- . $- . $- : $+ > $*	$#error $@ $1.$2.$3 $: $4
R< error : $- $+ > $*	$#error $@ $(dequote $1 $) $: $2
R< $+ > $+ < @ $+ >	$: $>Recurse $1
