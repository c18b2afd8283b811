divert(-1)
dnl FEATURE(smrsh) -- programs run through the restricted shell.
_DEFIFNOT(`confEBINDIR', `/usr/libexec')
define(`LOCAL_SHELL_PATH', ifelse(defn(`_ARG_'), `', `confEBINDIR`'/smrsh', `_ARG_'))
define(`LOCAL_SHELL_ARGS', `smrsh -c $u')
