divert(-1)
dnl sunos3.5.m4 -- SunOS 3.5.
