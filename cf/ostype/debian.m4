divert(-1)
dnl debian.m4 -- Debian GNU/Linux with the layout of its sendmail packages.
_DEFIFNOT(`confEBINDIR', `/usr/libexec/sendmail')
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/bin/procmail')
_DEFIFNOT(`PROCMAIL_MAILER_ARGS', `procmail -m $h $f $u')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -z -a$g -gC $h!rmail ($u)')
dnl mail.local where sensible-mda is not installed
_DEFIFNOT(`_MAIL_LOCAL_', `/usr/libexec/mail.local')
define(`_SECOND_LOCAL_FOR_', `/usr/sbin/sensible-mda')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/sbin/sensible-mda')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `sensible-mda $g $u $h ${client_addr}')
MODIFY_MAILER_FLAGS(`LOCAL', `+S')
MODIFY_MAILER_FLAGS(`LOCAL', `-rm')
dnl lines of class files may end in a comment
_DEFIFNOT(`confCW_FILE', `MAIL_SETTINGS_DIR`'local-host-names %[^\#]')
_DEFIFNOT(`confCT_FILE', `MAIL_SETTINGS_DIR`'trusted-users %[^\#]')
_DEFIFNOT(`confCR_FILE', `-o MAIL_SETTINGS_DIR`'relay-domains %[^\#]')
_DEFIFNOT(`STATUS_FILE', `/var/lib/sendmail/sendmail.st')
_DEFIFNOT(`confHOST_STATUS_DIRECTORY', `/var/lib/sendmail/host_status')
_DEFIFNOT(`confDEAD_LETTER_DROP', `/var/lib/sendmail/dead.letter')
_DEFIFNOT(`confDEF_USER_ID', `mail:mail')
_DEFIFNOT(`confME_TOO', `True')
dnl this value holds a quote, which takes other quotes around it
changequote([,])ifdef([confMUST_QUOTE_CHARS], [], [define([confMUST_QUOTE_CHARS], [.'])])changequote(`,')
_DEFIFNOT(`confREJECT_NUL', `true')
_DEFIFNOT(`confBIND_OPTS', `+WorkAroundBrokenAAAA')
_DEFIFNOT(`confSMTP_LOGIN_MSG', `$j Sendmail $v/$Z; $b; (No UCE/UBE) $?{client_addr}logging access from: ${client_name}(${client_resolve})-$_$.')
dnl {mail_from} holds the sender as the client gave it
_DEFIFNOT(`_FFR_MAIL_MACRO', `1')
