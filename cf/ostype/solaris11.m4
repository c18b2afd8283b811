divert(-1)
dnl solaris11.m4 -- Solaris 11.
_DEFIFNOT(`confPID_FILE', `/system/volatile/sendmail.pid')
_DEFIFNOT(`confEBINDIR', `/usr/lib')
FEATURE(`local_lmtp')
DAEMON_OPTIONS(`Name=MTA-v4, Family=inet')
DAEMON_OPTIONS(`Name=MTA-v6, Family=inet6')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g $h!rmail ($u)')
