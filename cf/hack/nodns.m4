divert(-1)
dnl HACK(nodns) -- a host without DNS.
define(`confDONT_PROBE_INTERFACES', `True')
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch-nodns')
