divert(-1)
dnl FEATURE(relay_based_on_MX) -- relay to domains whose MX we are.
define(`_RELAY_MX_')
PUSHDIVERT(_SECTION_MAP_)dnl
# for relay_based_on_MX: all MX hosts of a domain
Kmxserver bestmx -z: -T<TEMP>
POPDIVERT
