divert(-1)
dnl sunos4.1.m4 -- SunOS 4.1.
