divert(-1)
dnl virtuser.m4 -- rules of FEATURE(virtusertable) and FEATURE(ldap_routing), put into rule set 0 by parse.m4.

dnl The workspace while the table is asked:  < key > user < @ host . >  with ? in front of what is not yet found.
dnl %1 is the user, %2 the detail, %3 the detail with its plus sign.
define(`_VIRTUSER_RULES_', `dnl
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
')
define(`_LDAP_ROUTING_RULES_', `dnl
R$+ < @ $={LDAPRoute} . >	$: $>LDAPExpand < $1 < @ $2 . > > < $1 @ $2 > < >
ifdef(`_LDAP_EQUIVALENT_', `R$+ < @ $={LDAPRouteEquiv} . >	$: $>LDAPExpand < $1 < @ $2 . > > < $1 @ $M > < >
')')
