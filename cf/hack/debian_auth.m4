divert(-1)
dnl HACK(debian_auth) -- what a host with the old Debian AUTH set-up needs.
define(`confDEF_AUTH_INFO', `/etc/mail/default-auth-info')
define(`confTRUSTED_USERS', `sendmail')
