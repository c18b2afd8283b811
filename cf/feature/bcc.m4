divert(-1)
dnl FEATURE(bcc, default, map) -- blind copies of all mail; needs a program that knows the option AddBcc.
define(`_OPTIONS_EXTRA_', ifdef(`_OPTIONS_EXTRA_', `defn(`_OPTIONS_EXTRA_')')`O AddBcc=true
')
