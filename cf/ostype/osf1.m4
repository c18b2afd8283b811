divert(-1)
dnl osf1.m4 -- OSF/1, Digital UNIX.
define(`confDEF_USER_ID', `daemon')
_DEFIFNOT(`STATUS_FILE', `/usr/adm/sendmail/sendmail.st')
