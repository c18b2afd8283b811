divert(-1)
dnl FEATURE(drac, map) -- clients that fetched mail a while ago may relay.
PUSHDIVERT(_SECTION_MAP_)dnl
# for drac
Kdrac ifelse(defn(`_ARG_'), `', `DATABASE_MAP_TYPE MAIL_SETTINGS_DIR`'drac', `_ARG_')
POPDIVERT
PUSHDIVERT(_SECTION_RELAY_OK_)dnl
# did the client fetch mail a while ago?
R$*			$: $1 $| $(drac $&{client_addr} $: ? $)
R$* $| ?		$: $1
R$* $| $*		$@ RELAY
POPDIVERT
