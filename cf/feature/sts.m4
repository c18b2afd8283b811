divert(-1)
dnl FEATURE(sts, socket map, NO_SAN_TST) -- MTA-STS by way of a resolver that speaks the socket map protocol.
define(`_STS_')
define(`_OPTIONS_EXTRA_', ifdef(`_OPTIONS_EXTRA_', `defn(`_OPTIONS_EXTRA_')')`O StrictTransportSecurity=true
'ifelse(defn(`_ARG2_'), `NO_SAN_TST', `', ``O SetCertAltnames=true
''))
PUSHDIVERT(_SECTION_MAP_)dnl
# for sts
Ksts ifelse(defn(`_ARG_'), `', `socket -d5 -T<TMPF> inet:5461@127.0.0.1', `_ARG_')
POPDIVERT
