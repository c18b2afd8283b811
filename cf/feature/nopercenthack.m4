divert(-1)
dnl FEATURE(nopercenthack) -- user%host is no route: reject or nospecial.
dnl the first letter decides
ifelse(substr(defn(`_ARG_'), 0, 1), `r', `define(`_NO_PERCENTHACK_', `r')', substr(defn(`_ARG_'), 0, 1), `n', `define(`_NO_PERCENTHACK_', `s')',
defn(`_ARG_'), `', `define(`_NO_PERCENTHACK_', `s')_SAY_(`*** ERROR: missing argument for FEATURE(nopercenthack):
		use `reject' or `nospecial'. See cf/README.')', `_SAY_(`*** ERROR: illegal argument _ARG_ for FEATURE(nopercenthack)')')
