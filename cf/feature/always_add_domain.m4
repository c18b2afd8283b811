divert(-1)
dnl FEATURE(always_add_domain) -- local mail carries a domain too: this host's, or the one given.
define(`_ALWAYS_ADD_DOMAIN_', defn(`_ARG_'))
