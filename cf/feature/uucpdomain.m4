divert(-1)
dnl FEATURE(uucpdomain) -- Internet names of UUCP hosts.
define(`_UUDOMAIN_TABLE_')
_TABLE_(`uudomain', `uudomain', `uucpdomain')
