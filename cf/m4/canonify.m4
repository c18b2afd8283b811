divert(-1)
dnl canonify.m4 -- rule sets 3 and 4: addresses into the form  user < @ host . >  and back into text.
dnl The dot at the end of the host says: this name is canonical, nobody needs to look it up any more.

dnl _NO_LOOKUP_ decides whether $[ $] is asked: FEATURE(nocanonify), or flag C of the daemon without flag c
divert(0)dnl
_TITLE_(`rule set 3: find the address and put its host into focus')

Scanonify=3
# nothing at all, or only a host mark
R$@			$@ < @ >
R< @ >			$@ : ; < @ >
# "group: members;" where no angle address follows. Colons of routes, IPv6 addresses, node::user and :include: stay.
R$*			$: $| $1
R$| $* < $* > $*	$: $1 < $2 > $3
R$| @ $*		$: @ $1
R$| $* [ IPv6 : $+ ] $*	$: $1 [ IPv6 : $2 ] $3
R$| $* : : $*		$: $1 : : $2
R$| : include : $*	$: : include : $1
R$| $* : $* [ $* ]	$: $1 : $2 [ $3 ]
R$| $* : $*		$: $2
R$| $*			$: $1
R$* ;			$1
R$@			$@ : ; < @ >
R$* < $+ : ; > $*	$@ $2 : ; < @ >
R$* < $* ; > $*		$1 < $2 > $3
# "Full Name <address>": the innermost brackets hold the address
R$*			$: < $1 >
R$+ < $* >		< $2 >
R< $* > $+		< $1 >
R< >			$@ < @ >
R< $+ >			$: $1
# "@a,@b:user@c": the route is dropped
R@ $+ , $+		$2
R@ [ $* ] : $+		$2
R@ $+ : $+		$2
# user@host: the last at sign counts
R$+ @ $+		$: $1 < @ $2 >
R$+ < $+ @ $+ >		$1 $2 < @ $3 >
R$+ < @ $+ >		$@ $>Canonify2 $1 < @ $2 >
ifdef(`_NO_UUCP_', `', `# host!user; a host without dots lives in the pseudo-domain UUCP
R$- ! $+		$@ $>Canonify2 $2 < @ $1 .UUCP >
R$+ . $- ! $+		$@ $>Canonify2 $3 < @ $1 . $2 >
R$+ ! $+		$@ $>Canonify2 $2 < @ $1 .UUCP >')
ifdef(`_NO_PERCENTHACK_', `', `# user%host: the last percent sign is as good as an at sign
R$* % $*		$1 @ $2
R$* @ $* @ $*		$1 % $2 @ $3')
R$* @ $*		$@ $>Canonify2 $1 < @ $2 >
ifdef(`_DECNET_', `# node::user
R$+ : : $+		$@ $>Canonify2 $2 < @ $1 .DECNET >
')dnl
R$*			$@ $>Canonify2 $1

_TITLE_(`rule set 96: names of hosts into canonical form')

SCanonify2=96
# other names of this host
R$* < @ localhost > $*		$: $1 < @ $j . > $2
R$* < @ localhost . $m > $*	$: $1 < @ $j . > $2
ifdef(`_NO_UUCP_', `', `R$* < @ localhost . UUCP > $*	$: $1 < @ $j . > $2')
# an address in brackets may be ours; two at signs mark that question
R$* < @ [ $+ ] > $*		$: $1 < @ @ [ $2 ] > $3
R$* < @ @ $=w > $*		$: $1 < @ $j . > $3
R$* < @ @ $+ > $*		$@ $1 < @ $2 > $3
ifdef(`_DOMAIN_TABLE_', `_FROM_(`domaintable')
R$* < @ $+ > $*			$: $1 < @ $(domaintable $2 $) > $3
#<
')dnl
undivert(2)_SECTION_END_(2)dnl
ifdef(`_BITDOMAIN_TABLE_', `_FROM_(`bitdomain')
R$* < @ $+ .BITNET > $*		$: $1 < @ $(bitdomain $2 $: $2.BITNET $) > $3
#<
')dnl
ifdef(`_UUDOMAIN_TABLE_', `_FROM_(`uucpdomain')
R$* < @ $+ .UUCP > $*		$: $1 < @ $(uudomain $2 $: $2.UUCP $) > $3
#<
')dnl
undivert(_SECTION_CANONIFY_)dnl
# names that end in a dot or a pseudo-domain are canonical
R$* < @ $* $=P > $*		$: $1 < @ $2 $3 . > $4
ifdef(`_NO_UUCP_', `', `ifdef(`_NO_CANONIFY_', `', `ifdef(`UUCP_RELAY', `', `# a UUCP name may be a host that the resolver knows
R$* < @ $+ . UUCP > $*		$: $1 < @ $[ $2 $: $2 .UUCP. $] > $3
')')')dnl
R$* < @ $* $~P > $*		$: $&{daemon_flags} $| $1 < @ $2 $3 > $4
ifdef(`_NO_CANONIFY_', `_FROM_(`nocanonify')
# names are taken as they are, unless the listener says M=c
R$* c $* $| $* < @ $+ > $*	$: $3 < @ $[ $4 $] > $5
ifdef(`_CANONIFY_SOME_', `R$* $| $* < @ $={Canonify} > $*	$: $2 < @ $[ $3 $] > $4
R$* $| $* < @ $* . $={Canonify} > $*	$: $2 < @ $[ $3 . $4 $] > $5
')dnl
ifdef(`_CANONIFY_HOSTS_', `R$* $| $* < @ $- > $*		$: $2 < @ $[ $3 $] > $4
')dnl
R$* $| $* < @ $+ . $+ > $*	$: $2 < @ $3 . $4 . > $5
R$* $| $*			$: $2
#<', `# a listener with M=C takes names as they are; all others are looked up
R$* CC $* $| $* < @ $+ . $+ > $*	$: $3 < @ $4 . $5 . > $6
R$* CC $* $| $*			$: $3
R$* $| $* < @ $+ > $*		$: $2 < @ $[ $3 $] > $4')
# names that are ours are canonical
R$* < @ $=w > $*		$: $1 < @ $2 . > $3
ifdef(`_MASQUERADE_ENTIRE_DOMAIN_', `R$* < @ $* $=M > $*		$: $1 < @ $2 $3 . > $4', `R$* < @ $=M > $*		$: $1 < @ $2 . > $3')
ifdef(`_VIRTUSER_TABLE_', `ifdef(`_VIRTHOSTS_', `ifdef(`_VIRTUSER_ENTIRE_DOMAIN_', `R$* < @ $* $={VirtHost} > $*	$: $1 < @ $2 $3 . > $4', `R$* < @ $={VirtHost} > $*	$: $1 < @ $2 . > $3')
')')dnl
ifdef(`_GENERICS_TABLE_', `ifdef(`_GENERICS_ENTIRE_DOMAIN_', `R$* < @ $* $=G > $*		$: $1 < @ $2 $3 . > $4', `R$* < @ $=G > $*		$: $1 < @ $2 . > $3')
')dnl
# one dot is enough
R$* < @ $* . . > $*		$1 < @ $2 . > $3

_TITLE_(`rule set 4: back into text')

Sfinal=4
R$+ : ; < @ >		$@ $1 : ;
R$* < @ >		$@
# *LOCAL* stands for this host while a mailer works on an address
R$* < @ *LOCAL* > $*	$1 < @ $j > $2
R$* < @ $+ . > $*	$1 < @ $2 > $3
R$* < $+ > $*		$1 $2 $3
# routes keep their commas
R@ $+ : @ $+ : $+	@ $1 , @ $2 : $3
ifdef(`_NO_UUCP_', `', `# the pseudo-domain UUCP is not for others to see
R$+ @ $- .UUCP		$2 ! $1')
ifdef(`_DECNET_', `R$+ @ $+ .DECNET		$2 :: $1
')dnl
# user%here@here
R$+ % $=w @ $=w		$1 @ $2

_TITLE_(`rule set 97: an address once more from the start')

SRecurse=97
R$*			$: $>canonify $1
R$*			$@ $>parse $1
