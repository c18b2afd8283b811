divert(0)dnl
ifdef(`_MAILER_TABLE_', `_TITLE_(`rule set 90: FEATURE(mailertable), the domains above a host')

SMailertable=90
_FROM_(`mailertable')
# < tried > < rest > < answer > address; each turn moves one label over, and %1 is what was moved
R< $- . $+ > $*			$: < $1 > < $2 > < $(mailertable .$2 $@ $1 $: ? $) > $3
R< $+ > < $- . $+ > < ? > $*	< $1 . $2 > < $3 > < $(mailertable .$3 $@ $1.$2 $: ? $) > $4
R< $+ > < $+ > < ? > $*		$: < $1 . $2 > $3
R< $+ > < $+ > < $+ > $*	$@ < $3 > $4
R< $+ > $*			$@ < $(mailertable . $@ $1 $: $) > $2
#<

')dnl
ifdef(`_LDAP_ROUTING_', `_TITLE_(`LDAPExpand: FEATURE(ldap_routing)')

# < address > < key > < detail >  gives the address to go on with, or mailer, host and user
SLDAPExpand
_FROM_(`ldap_routing')
R< $+ < @ $+ > > < $+ > < $* >	$: < $1 < @ $2 > > < $3 > < $4 > $| $(ldapmra $3 $: ? $) $| $(ldapmh $3 $: ? $)
# a directory that does not answer
R$+ $| $* <TMPF> $| $*	ifdef(`_LDAP_TEMPFAIL_', `$#error $@ 4.3.0 $: _TEMP_TEXT_', `$#TEMP $@ 4.3.0 $: _TEMP_TEXT_')
R$+ $| $* $| $* <TMPF>	ifdef(`_LDAP_TEMPFAIL_', `$#error $@ 4.3.0 $: _TEMP_TEXT_', `$#TEMP $@ 4.3.0 $: _TEMP_TEXT_')
ifelse(ifdef(`_LDAP_DETAIL_', `_LDAP_DETAIL_'), `preserve', `# the detail goes along
R< $+ > < $+ > < + $* > $| $+ @ $+ $| $+	$: < $1 > < $2 > < + $3 > $| $4 + $3 @ $5 $| $6
')dnl
# the same address, here or at another host
R< $+ > < $+ > < $* > $| ? $| ?	$: < $1 > < $2 > < $3 >
R< $+ > < $+ > < $* > $| ? $| $=w	$@ $1
R< $+ > < $+ > < $* > $| ? $| $+	$@ $>LDAPMailertable < $4 > $1
# another address, here or at another host
R< $+ > < $+ > < $* > $| $+ $| ?	$@ $>Parse0 $>canonify $4
R< $+ > < $+ > < $* > $| $+ $| $=w	$@ $>Parse0 $>canonify $4
R< $+ > < $+ > < $* > $| $+ $| $+	$@ $>LDAPMailertable < $5 > $>canonify $4
# nothing: without the detail, then the domain
ifdef(`_LDAP_DETAIL_', `R< $+ > < $+ + $* @ $+ > < >	$@ $>LDAPExpand < $1 > < $2 @ $4 > < + $3 >
')dnl
ifdef(`_LDAP_NODOMAIN_', `', `R< $+ > < $+ @ $+ > < $* >	$@ $>LDAPExpand < $1 > < @ $3 > < $4 >
')dnl
ifdef(`_LDAP_EQUIVALENT_', `# once more with the masquerade name
R< $+ < @ $={LDAPRouteEquiv} . > > < $+ @ $M > $*	$: < $1 < @ $2 . > >
R< $+ < @ $={LDAPRouteEquiv} . > > < @ $M > $*	$: < $1 < @ $2 . > >
R< $+ < @ $={LDAPRouteEquiv} . > > < $* > $*	$@ $>LDAPExpand < $1 < @ $2 . > > < $1 @ $M > < >
')dnl
R< $+ < @ $+ > > $*	ifdef(`_LDAP_BOUNCE_', `$#error $@ nouser $: "550 User unknown"', `$@ $1 < @ $2 >')
R< $+ > $*		$@ $1
#<

SLDAPMailertable
ifdef(`_MAILER_TABLE_', `R< $+ > $*		$: < $1 > < $(mailertable $1 $: ? $) > $2
R< $+ > < ? > $*	$: < $1 > $>Mailertable < $1 > $2
R< $+ > < $- : $* > $*	$@ $>MailerToTriple < $2 : $3 > $4
R< $+ > < $* > $*	$@ $>MailerToTriple < $1 > $3', `R< $+ > $*		$#_RELAY_MAILER_ $@ $1 $: $2')

')dnl
