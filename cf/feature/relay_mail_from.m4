divert(-1)
dnl FEATURE(relay_mail_from) -- relay for senders that the access table names with RELAY; domain: their domains too.
ifdef(`_ACCESS_TABLE_', `', `_SAY_(`*** ERROR: FEATURE(`relay_mail_from') requires FEATURE(`access_db')')')
define(`_RELAY_MAIL_FROM_')
ifelse(defn(`_ARG_'), `domain', `define(`_RELAY_MAIL_FROM_DOMAIN_')')
_SAY_(`*** WARNING: FEATURE(`relay_mail_from') may cause your system to act as open
	relay.  Use SMTP AUTH or STARTTLS instead.')
