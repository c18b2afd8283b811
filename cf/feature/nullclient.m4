divert(-1)
dnl FEATURE(nullclient, hub) -- a host that knows no users and forwards all mail to a hub.
ifelse(defn(`_ARG_'), `', `errprint(`Feature "nullclient" requires argument')')
define(`_NULL_CLIENT_')
define(`ALIAS_FILE', `')
define(`confFORWARD_PATH', `')
define(`SMART_HOST', defn(`_ARG_'))
define(`MAIL_HUB', defn(`_ARG_'))
MASQUERADE_AS(defn(`_ARG_'))
dnl local users have no aliases, no files, no programs
define(`_LOCAL_FLAGS_ALWAYS_', `lsDFM5q')
MAILER(`local')
MAILER(`smtp')
