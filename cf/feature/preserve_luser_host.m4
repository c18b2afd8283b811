divert(-1)
dnl FEATURE(preserve_luser_host) -- unknown users go to LUSER_RELAY with their host.
ifdef(`LUSER_RELAY', `', `errprint(`*** LUSER_RELAY should be defined before FEATURE(`preserve_luser_host')
    ')')
define(`_PRESERVE_LUSER_HOST_')
