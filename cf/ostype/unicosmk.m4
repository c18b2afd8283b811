divert(-1)
dnl unicosmk.m4 -- UNICOS/mk.
_DEFIFNOT(`ALIAS_FILE', `/usr/lib/aliases')
_DEFIFNOT(`HELP_FILE', `/usr/lib/sendmail.hf')
_DEFIFNOT(`confPID_FILE', `/etc/sendmail.pid')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`STATUS_FILE', `/usr/lib/sendmail.st')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `ehpux')
MODIFY_MAILER_FLAGS(`SMTP', `+CLaenp')
