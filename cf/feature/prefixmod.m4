divert(-1)
dnl FEATURE(prefixmod, prefix, mailer) -- user names with a prefix go by another mailer.
ifelse(defn(`_ARG_'), `', `errprint(`Feature "prefixmod" requires argument')')
ifelse(defn(`_ARG2_'), `', `errprint(`Feature "prefixmod" requires two arguments')')
ifelse(len(X`'_ARG2_), `1', `', `PUSHDIVERT(_SECTION_ADDRTYPE_)dnl
R _ARG_ $+ < @ $=w . >	$#_ARG2_ $: $1
POPDIVERT')
