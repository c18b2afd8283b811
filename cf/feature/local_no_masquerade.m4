divert(-1)
dnl FEATURE(local_no_masquerade) -- local mail is not masqueraded.
define(`_LOCAL_NO_MASQUERADE_')
