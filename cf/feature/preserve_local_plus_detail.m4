divert(-1)
dnl FEATURE(preserve_local_plus_detail) -- user+detail reaches the local mailer whole.
define(`_PRESERVE_PLUS_')
