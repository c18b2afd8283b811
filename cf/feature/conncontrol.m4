divert(-1)
dnl FEATURE(conncontrol, nodelay, terminate) -- a limit of open connections for each client.
define(`_LIMIT_NAME_', `conncontrol')define(`_LIMIT_SET_', `ConnControl')define(`_LIMIT_TAG_', `ClientConn')
define(`_LIMIT_VALUE_', `$&{client_connections}')define(`_LIMIT_TEXT_', `Too many open connections.')
include(_CF_DIR_`'m4/limits.m4)
