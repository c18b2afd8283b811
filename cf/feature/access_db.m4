divert(-1)
dnl FEATURE(access_db) -- a table of who may and may not; skip, lookupdotdomain, relaytofulladdress.
define(`_ACCESS_TABLE_')
ifdef(`_GREET_PAUSE_', `errprint(`*** WARNING: FEATURE(`greet_pause') before FEATURE(`access_db')
	greet_pause will not use access_db!')')
_TABLE_(`access', `access', `access', `-T<TMPF> ')
ifelse(defn(`_ARG_'), `', `', defn(`_ARG_'), `LDAP', `', index(defn(`_ARG_'), `-T<TMPF>'), `-1',
	`_SAY_(`*** WARNING: missing -T<TMPF> in argument of FEATURE(`access_db', 'defn(`_ARG_')`)')')
define(`_ACCESS_WORD_', `ifelse(`$1', `skip', `define(`_ACCESS_SKIP_')', `$1', `lookupdotdomain', `define(`_LOOKUPDOTDOMAIN_')',
	`$1', `relaytofulladdress', `define(`_RELAY_FULL_ADDR_')')')
_ACCESS_WORD_(_ARG2_)_ACCESS_WORD_(_ARG3_)_ACCESS_WORD_(_ARG4_)_ACCESS_WORD_(_ARG5_)
