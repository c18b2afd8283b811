divert(-1)
dnl FEATURE(nouucp) -- address!user is no UUCP path: reject (refuse it unless the client may relay) or nospecial.
ifelse(defn(`_ARG_'), `reject', `define(`_NO_UUCP_', `r')', defn(`_ARG_'), `nospecial', `define(`_NO_UUCP_', `s')',
defn(`_ARG_'), `', `define(`_NO_UUCP_', `s')_SAY_(`*** ERROR: missing argument for FEATURE(nouucp):
		use `reject' or `nospecial'. See cf/README.')', `_SAY_(`*** ERROR: illegal argument _ARG_ for FEATURE(nouucp)')')
