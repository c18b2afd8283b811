divert(-1)
dnl FEATURE(nocanonify) -- names of hosts are taken as they come; canonify_hosts: all but names without a dot.
define(`_NO_CANONIFY_')
ifelse(defn(`_ARG_'), `canonify_hosts', `define(`_CANONIFY_HOSTS_')', defn(`_ARG_'), `', `',
	`_SAY_(`*** ERROR: unknown parameter "'defn(`_ARG_')`" for FEATURE(`nocanonify')')')
