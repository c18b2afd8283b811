divert(-1)
dnl FEATURE(require_rdns) -- clients without proper reverse DNS are refused, those whose look-up fails put off.
PUSHDIVERT(_SECTION_CONNECT_)dnl
# does the address of the client have a name, and the name the address?
R$*			$: $1 $| < $&{client_addr} > < $&{client_resolve} >
R$* $| < $=R $* > $*	$: $1
R$* $| < > $*		$: $1
R$* $| < $* > < FAIL >	$#error $@ 5.7.1 $: 550 Fix reverse DNS for $2
R$* $| < $* > < TEMP >	$#error $@ 4.1.8 $: 451 Client IP address $2 does not resolve
R$* $| < $* > < FORGED >	$#error $@ 4.1.8 $: 451 Possibly forged hostname for $2
R$* $| < $* > < $* >	$: $1
POPDIVERT
