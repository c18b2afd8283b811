divert(-1)
dnl FEATURE(notsticky) -- the default, the opposite of stickyhost.
undefine(`_STICKY_HOST_')
