divert(-1)
dnl FEATURE(nouucp) -- address!user is no UUCP path: reject (refuse it unless the client may relay) or nospecial.
dnl the first letter decides
ifelse(substr(defn(`_ARG_'), 0, 1), `r', `define(`_NO_UUCP_', `r')', substr(defn(`_ARG_'), 0, 1), `n', `define(`_NO_UUCP_', `s')',
defn(`_ARG_'), `', `define(`_NO_UUCP_', `s')_SAY_(`*** ERROR: missing argument for FEATURE(nouucp):
		use `reject' or `nospecial'. See cf/README.')', `_SAY_(`*** ERROR: illegal argument _ARG_ for FEATURE(nouucp)')')
