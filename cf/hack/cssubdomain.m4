divert(-1)
dnl HACK(cssubdomain) -- names in a parent domain are names of a subdomain too.
PUSHDIVERT(2)dnl
# a name in the parent domain may be one of the subdomain CS
R$* < @ $=w . Berkeley.EDU > $*	$: $1 < @ $2 . CS.Berkeley.EDU > $3
POPDIVERT
