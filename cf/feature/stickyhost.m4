divert(-1)
dnl FEATURE(stickyhost) -- user@this.host keeps its host part, and is sent to MAIL_HUB with it.
define(`_STICKY_HOST_')
