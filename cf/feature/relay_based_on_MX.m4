divert(-1)
dnl FEATURE(relay_based_on_MX) -- relay to domains whose MX we are.
define(`_RELAY_MX_')
