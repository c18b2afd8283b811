divert(-1)
dnl FEATURE(relay_local_from) -- relay for senders with a domain of ours.
define(`_RELAY_LOCAL_FROM_')
_SAY_(`*** WARNING: FEATURE(`relay_local_from') may cause your system to act as open
	relay.  Use SMTP AUTH or STARTTLS instead. If you cannot use those,
	try FEATURE(`relay_mail_from').')
