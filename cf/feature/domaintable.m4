divert(-1)
dnl FEATURE(domaintable) -- old domains become new ones, in headers too.
define(`_DOMAIN_TABLE_')
_TABLE_(`domaintable', `domaintable', `domain')
