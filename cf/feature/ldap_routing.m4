divert(-1)
dnl FEATURE(ldap_routing, mail host map, routing address map, bounce or sendertoo or passthru, strip or preserve, nodomain,
dnl tempfail or queue) -- addresses that a directory routes to other hosts and other addresses.
define(`_LDAP_ROUTING_')
ifelse(defn(`_ARG_'), `', `define(`_LDAP_DEFAULT_MAP_USED_')')
ifelse(defn(`_ARG2_'), `', `define(`_LDAP_DEFAULT_MAP_USED_')')
ifelse(defn(`_ARG3_'), `', `', defn(`_ARG3_'), `passthru', `', defn(`_ARG3_'), `sendertoo', `define(`_LDAP_BOUNCE_')define(`_LDAP_SENDER_TOO_')', `define(`_LDAP_BOUNCE_')')
ifelse(defn(`_ARG4_'), `strip', `define(`_LDAP_DETAIL_', `strip')', defn(`_ARG4_'), `preserve', `define(`_LDAP_DETAIL_', `preserve')')
ifelse(defn(`_ARG5_'), `', `', `define(`_LDAP_NODOMAIN_')')
ifelse(defn(`_ARG6_'), `tempfail', `define(`_LDAP_TEMPFAIL_')')
PUSHDIVERT(_SECTION_MAP_)dnl
# for ldap_routing
Kldapmh ifelse(defn(`_ARG_'), `', `ldap -1 -T<TMPF> -v mailHost -k (&(objectClass=inetLocalMailRecipient)(mailLocalAddress=%0))', `_ARG_')
Kldapmra ifelse(defn(`_ARG2_'), `', `ldap -1 -T<TMPF> -v mailRoutingAddress -k (&(objectClass=inetLocalMailRecipient)(mailLocalAddress=%0))', `_ARG2_')
POPDIVERT
