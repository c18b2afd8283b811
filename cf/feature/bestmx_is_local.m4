divert(-1)
dnl FEATURE(bestmx_is_local) -- domains whose best MX we are count as ours; all, or only those given.
define(`_BESTMX_')
define(`_BESTMX_DOMAINS_', defn(`_ARG_'))
PUSHDIVERT(_SECTION_MAP_)dnl
# for bestmx_is_local
Kbestmx bestmx -T<TEMP>
POPDIVERT
ifelse(defn(`_ARG_'), `', `', `_CLASSWORDS_(`B', defn(`_ARG_'))')
