divert(-1)
dnl amdahl-uts.m4 -- Amdahl UTS.
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `9Sfn')
