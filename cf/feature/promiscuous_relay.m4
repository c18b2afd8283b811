divert(-1)
dnl FEATURE(promiscuous_relay) -- relay for everybody.
define(`_PROMISCUOUS_RELAY_')
_SAY_(`*** WARNING: FEATURE(`promiscuous_relay') configures your system as open
	relay.  Do NOT use it on a server that is connected to the Internet!')
