divert(-1)
dnl FEATURE(delay_checks, friend or hater, n) -- check_mail and check_relay wait for the first recipient; with friend
dnl they are skipped for recipients that the access table calls FRIEND, with hater they are done only for a HATER.
define(`_DELAY_CHECKS_')
ifelse(defn(`_ARG_'), `', `', defn(`_ARG_'), `friend', `define(`_DELAY_WHO_', `FRIEND')', defn(`_ARG_'), `hater', `define(`_DELAY_WHO_', `HATER')',
	`_SAY_(`*** ERROR: illegal argument _ARG_ for FEATURE(delay_checks)')')
ifdef(`_DELAY_WHO_', `ifdef(`_ACCESS_TABLE_', `', `_SAY_(`*** ERROR: FEATURE(`delay_checks', `argument') requires FEATURE(`access_db')')')')
ifelse(defn(`_ARG2_'), `n', `', `define(`_DELAY_COMPAT_')')
