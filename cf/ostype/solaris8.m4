divert(-1)
dnl solaris8.m4 -- Solaris 8 to 10.
_DEFIFNOT(`confPID_FILE', `/var/run/sendmail.pid')
_DEFIFNOT(`confEBINDIR', `/usr/lib')
FEATURE(`local_lmtp')
DAEMON_OPTIONS(`Name=MTA-v4, Family=inet')
DAEMON_OPTIONS(`Name=MTA-v6, Family=inet6')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g $h!rmail ($u)')
