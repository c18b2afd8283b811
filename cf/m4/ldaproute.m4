dnl ldaproute.m4 -- rules of FEATURE(ldap_routing), in rule set 0; tables.m4 has the set they call.
R$+ < @ $={LDAPRoute} . >	$: $>LDAPExpand < $1 < @ $2 . > > < $1 @ $2 > < >
ifdef(`_LDAP_EQUIVALENT_', `R$+ < @ $={LDAPRouteEquiv} . >	$: $>LDAPExpand < $1 < @ $2 . > > < $1 @ $2 > < >
')dnl
