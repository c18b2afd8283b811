divert(-1)
dnl dgux.m4 -- DG/UX.
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9m')
