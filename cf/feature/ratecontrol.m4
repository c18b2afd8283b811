divert(-1)
dnl FEATURE(ratecontrol, nodelay, terminate) -- a limit of new connections in a span of time for each client.
define(`_LIMIT_NAME_', `ratecontrol')define(`_LIMIT_SET_', `RateControl')define(`_LIMIT_TAG_', `ClientRate')
define(`_LIMIT_VALUE_', `$&{client_rate}')define(`_LIMIT_TEXT_', `Connection rate limit exceeded.')
include(_CF_DIR_`'m4/limits.m4)
