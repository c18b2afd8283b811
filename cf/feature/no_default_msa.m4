divert(-1)
dnl FEATURE(no_default_msa) -- no listener on port 587 unless DAEMON_OPTIONS says so.
define(`_NO_MSA_')
