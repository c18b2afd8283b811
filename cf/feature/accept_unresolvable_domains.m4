divert(-1)
dnl FEATURE(accept_unresolvable_domains) -- the domain of a sender need not exist.
define(`_UNRESOLVABLE_DOMAINS_')
