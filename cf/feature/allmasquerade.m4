divert(-1)
dnl FEATURE(allmasquerade) -- header recipients are masqueraded too.
ifdef(`_MAILER_local_', `errprint(`*** MAILER(`local') must appear after FEATURE(`allmasquerade')')')
define(`_ALL_MASQUERADE_')
