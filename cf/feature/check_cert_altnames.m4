divert(-1)
dnl FEATURE(check_cert_altnames) -- the other names of a certificate go into {cert_altnames}.
define(`_OPTIONS_EXTRA_', ifdef(`_OPTIONS_EXTRA_', `defn(`_OPTIONS_EXTRA_')')`O SetCertAltnames=true
')
