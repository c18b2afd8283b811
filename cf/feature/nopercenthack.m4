divert(-1)
dnl FEATURE(nopercenthack) -- user%host is no route: reject or nospecial.
ifelse(defn(`_ARG_'), `reject', `define(`_NO_PERCENTHACK_', `r')', defn(`_ARG_'), `nospecial', `define(`_NO_PERCENTHACK_', `s')',
defn(`_ARG_'), `', `define(`_NO_PERCENTHACK_', `s')_SAY_(`*** ERROR: missing argument for FEATURE(nopercenthack):
		use `reject' or `nospecial'. See cf/README.')', `_SAY_(`*** ERROR: illegal argument _ARG_ for FEATURE(nopercenthack)')')
