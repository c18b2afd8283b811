divert(-1)
dnl FEATURE(vnet) -- names of the pseudo-domain VNET need no look-up.
PUSHDIVERT(_SECTION_CANONIFY_)dnl
R$* < @ $+ .VNET > $*		$: $1 < @ $2 .VNET. > $3
POPDIVERT
