divert(-1)
dnl ultrix4.m4 -- Ultrix 4.
