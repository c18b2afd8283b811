divert(-1)
dnl deliverer.m4 -- the local mailer of systems that traditionally have procmail: procmail where it is installed, else
dnl mail.local over LMTP. _PROCMAIL_ (yes or no, with -D) answers without a look at this system; so does a
dnl LOCAL_MAILER_PATH that is already defined. An m4 whose syscmd is switched off finds no procmail.
ifdef(`LOCAL_MAILER_PATH', `', `
ifdef(`_PROCMAIL_', `', `syscmd(`test -x 'PROCMAIL_MAILER_PATH` 2>/dev/null')
define(`_PROCMAIL_', ifelse(sysval, `0', `yes', `no'))')
ifelse(_PROCMAIL_, `yes', `FEATURE(`local_procmail')', `
_DEFIFNOT(`_MAIL_LOCAL_', `/usr/libexec/mail.local')
FEATURE(`local_lmtp', _MAIL_LOCAL_)')')
