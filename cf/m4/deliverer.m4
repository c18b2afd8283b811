divert(-1)
dnl deliverer.m4 -- the local mailer of systems that traditionally have procmail: procmail, and mail.local over LMTP
dnl where procmail turns out not to be installed (local.m4 writes that second definition; the program chooses when it
dnl starts). _PROCMAIL_ (with -D, or before OSTYPE) as yes or no names one of them alone. A LOCAL_MAILER_PATH that is
dnl already defined is left as it is.
_DEFIFNOT(`_MAIL_LOCAL_', `/usr/libexec/mail.local')
ifdef(`_MAILER_local_', `FEATURE(`local_procmail')', `ifdef(`LOCAL_MAILER_PATH', `', `ifdef(`_PROCMAIL_', `ifelse(_PROCMAIL_, `yes',
	`FEATURE(`local_procmail')',
	`FEATURE(`local_lmtp', _MAIL_LOCAL_)')', `FEATURE(`local_procmail')')')')
ifdef(`_PROCMAIL_', `', `define(`_SECOND_LOCAL_FOR_', PROCMAIL_MAILER_PATH)')
