divert(-1)
dnl FEATURE(relay_entire_domain) -- relay for all hosts of class m.
define(`_RELAY_ENTIRE_DOMAIN_')
