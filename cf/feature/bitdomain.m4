divert(-1)
dnl FEATURE(bitdomain) -- Internet names of BITNET hosts.
define(`_BITDOMAIN_TABLE_')
_TABLE_(`bitdomain', `bitdomain', `bitdomain')
