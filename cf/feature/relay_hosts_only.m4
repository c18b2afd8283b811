divert(-1)
dnl FEATURE(relay_hosts_only) -- RELAY and class R name hosts, not domains.
define(`_RELAY_HOSTS_ONLY_')
