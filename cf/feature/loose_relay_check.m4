divert(-1)
dnl FEATURE(loose_relay_check) -- user%site@relayed.domain is taken without a look at site.
define(`_LOOSE_RELAY_CHECK_')
