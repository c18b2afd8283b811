divert(-1)
dnl FEATURE(allmasquerade) -- header recipients are masqueraded too.
define(`_ALL_MASQUERADE_')
