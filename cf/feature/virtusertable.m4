divert(-1)
dnl FEATURE(virtusertable) -- addresses of virtual domains.
define(`_VIRTUSER_TABLE_')
_TABLE_(`virtuser', `virtusertable', `virtuser')
