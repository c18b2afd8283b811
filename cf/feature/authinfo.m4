divert(-1)
dnl FEATURE(authinfo) -- a table of its own for what we say in AUTH.
define(`_AUTHINFO_TABLE_')
_TABLE_(`authinfo', `authinfo', `authinfo')
