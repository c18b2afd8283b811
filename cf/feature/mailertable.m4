divert(-1)
dnl FEATURE(mailertable) -- routes for hosts and domains from a table.
define(`_MAILER_TABLE_')
_TABLE_(`mailertable', `mailertable', `mailer')
