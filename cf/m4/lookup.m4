divert(-1)
dnl lookup.m4 -- rule sets that ask the access table. All take and give the same form:
dnl     < what > < default > < mark tag > < carried >     gives     < result > < carried >
dnl The key is tag:what; a mark of + lets the key without a tag count too, ! does not. D looks for a host and the
dnl domains above it, A for an address and the nets around it, F for a full address, U for a user with an at sign.
dnl While a set works its answer stands in front; ? is "nothing yet".

divert(0)dnl
ifdef(`_ACCESS_TABLE_', `_TITLE_(`the access table: hosts and the domains above them')

SD
R< $* > < $* > < $- $- > < $* >	$: < $(access $4:$1 $: ? $) > < $1 > < $2 > < $3 $4 > < $5 >
R< ? > < $* > < $* > < + $- > < $* >	$: < $(access $1 $: ? $) > < $1 > < $2 > < + $3 > < $4 >
ifdef(`_LOOKUPDOTDOMAIN_', `R< ? > < $- . $+ > < $* > < $- $- > < $* >	$: < $(access $5:.$2 $: ? $) > < $1.$2 > < $3 > < $4 $5 > < $6 >
R< ? > < $- . $+ > < $* > < + $- > < $* >	$: < $(access .$2 $: ? $) > < $1.$2 > < $3 > < + $4 > < $5 >
')dnl
ifdef(`_ACCESS_SKIP_', `R< SKIP > < $* > < $* > < $- $- > < $* >	$@ < $2 > < $5 >
')dnl
# an address in brackets loses its last part, a name its first
R< ? > < [ $+ . $- ] > < $* > < $- $- > < $* >	$@ $>D < [ $1 ] > < $3 > < $4 $5 > < $6 >
R< ? > < [ $+ : : $- ] > < $* > < $- $- > < $* >	$: $>D < [ $1 ] > < $3 > < $4 $5 > < $6 >
R< ? > < [ $+ : $- ] > < $* > < $- $- > < $* >	$: $>D < [ $1 ] > < $3 > < $4 $5 > < $6 >
R< ? > < $+ . $+ > < $* > < $- $- > < $* >	$@ $>D < $2 > < $3 > < $4 $5 > < $6 >
R< ? > < $* > < $* > < $- $- > < $* >	$@ < $2 > < $5 >
R< $* <TMPF> > < $* > < $* > < $- $- > < $* >	$@ < <TMPF> > < $6 >
R< $* > < $* > < $* > < $- $- > < $* >	$@ < $1 > < $6 >

_TITLE_(`the access table: addresses and the nets around them')

SA
R< $+ > < $* > < $- $- > < $* >	$: < $(access $4:$1 $: ? $) > < $1 > < $2 > < $3 $4 > < $5 >
R< ? > < $+ > < $* > < + $- > < $* >	$: < $(access $1 $: ? $) > < $1 > < $2 > < + $3 > < $4 >
ifdef(`_ACCESS_SKIP_', `R< SKIP > < $+ > < $* > < $- $- > < $* >	$@ < $2 > < $5 >
')dnl
R< ? > < $+ : : $- > < $* > < $- $- > < $* >	$@ $>A < $1 > < $3 > < $4 $5 > < $6 >
R< ? > < $+ : $- > < $* > < $- $- > < $* >	$@ $>A < $1 > < $3 > < $4 $5 > < $6 >
R< ? > < $+ . $- > < $* > < $- $- > < $* >	$@ $>A < $1 > < $3 > < $4 $5 > < $6 >
R< ? > < $+ > < $* > < $- $- > < $* >	$@ < $2 > < $5 >
R< $* <TMPF> > < $+ > < $* > < $- $- > < $* >	$@ < <TMPF> > < $6 >
R< $* > < $+ > < $* > < $- $- > < $* >	$@ < $1 > < $6 >
R< > < $* > $*			$@ < ? > < >

_TITLE_(`the access table: addresses of people')

SF
R< $+ > < $* > < $- $- > < $* >	$: < $(access $4:$1 $: ? $) > < $1 > < $2 > < $3 $4 > < $5 >
R< ? > < $+ > < $* > < + $- > < $* >	$: < $(access $1 $: ? $) > < $1 > < $2 > < + $3 > < $4 >
# user+detail@host counts as user+*@host and as user@host
R< ? > < $+ + $* @ $+ > < $* > < $- $- > < $* >	$: < $(access $6:$1+*@$3 $: ? $) > < $1+$2@$3 > < $4 > < $5 $6 > < $7 >
R< ? > < $+ + $* @ $+ > < $* > < + $- > < $* >	$: < $(access $1+*@$3 $: ? $) > < $1+$2@$3 > < $4 > < + $5 > < $6 >
R< ? > < $+ + $* @ $+ > < $* > < $- $- > < $* >	$: < $(access $6:$1@$3 $: ? $) > < $1+$2@$3 > < $4 > < $5 $6 > < $7 >
R< ? > < $+ + $* @ $+ > < $* > < + $- > < $* >	$: < $(access $1@$3 $: ? $) > < $1+$2@$3 > < $4 > < + $5 > < $6 >
R< ? > < $+ > < $* > < $- $- > < $* >	$@ < $2 > < $5 >
R< $* <TMPF> > < $+ > < $* > < $- $- > < $* >	$@ < <TMPF> > < $6 >
R< $* > < $+ > < $* > < $- $- > < $* >	$@ < $1 > < $6 >

SU
R< $+ > < $* > < $- $- > < $* >	$: < $(access $4:$1 $: ? $) > < $1 > < $2 > < $3 $4 > < $5 >
R< ? > < $+ > < $* > < + $- > < $* >	$: < $(access $1 $: ? $) > < $1 > < $2 > < + $3 > < $4 >
R< ? > < $+ + $* @ > < $* > < $- $- > < $* >	$: < $(access $5:$1+*@ $: ? $) > < $1+$2@ > < $3 > < $4 $5 > < $6 >
R< ? > < $+ + $* @ > < $* > < + $- > < $* >	$: < $(access $1+*@ $: ? $) > < $1+$2@ > < $3 > < + $4 > < $5 >
R< ? > < $+ + $* @ > < $* > < $- $- > < $* >	$: < $(access $5:$1@ $: ? $) > < $1+$2@ > < $3 > < $4 $5 > < $6 >
R< ? > < $+ + $* @ > < $* > < + $- > < $* >	$: < $(access $1@ $: ? $) > < $1+$2@ > < $3 > < + $4 > < $5 >
R< ? > < $+ > < $* > < $- $- > < $* >	$@ < $2 > < $5 >
R< $* <TMPF> > < $+ > < $* > < $- $- > < $* >	$@ < <TMPF> > < $6 >
R< $* > < $+ > < $* > < $- $- > < $* >	$@ < $1 > < $6 >

# several at once:  < mark tag > $| <F:address> <U:user@> <D:domain> <>  until one is found
SSearchList
R< $- $- > $| < F : $+ > < $* > $*	$: $>F < $3 > < ? > < $1 $2 > < $1 $2 $| < $4 > $5 >
R< $- $- > $| < U : $+ > < $* > $*	$: $>U < $3 > < ? > < $1 $2 > < $1 $2 $| < $4 > $5 >
R< $- $- > $| < D : $+ > < $* > $*	$: $>D < $3 > < ? > < $1 $2 > < $1 $2 $| < $4 > $5 >
ifdef(`_RELAY_HOSTS_ONLY_', `R< $- $- > $| < H : $+ > < $* > $*	$: < $(access $2:$3 $: ? $) > < $3 > < $1 $2 $| < $4 > $5 >
R< ? > < $+ > < + $- $| $* >	$: < $(access $1 $: ? $) > < + $2 $| $3 >
R< $+ > < $+ > < $- $- $| $* >	$: < $1 > < $3 $4 $| $5 >
')dnl
R< $- $- > $| < E : > $*	$: < $(access $2: $: ? $) > < $1 $2 $| < > >
R< ? > < $- $- $| < $+ > $* >	$@ $>SearchList < $1 $2 > $| < $3 > $4
R< $* > < $- $- $| $* >		$@ < $1 >
R< $- $- > $| < >		$@ < ? >

')dnl
_TITLE_(`an address in the form that checks compare')

SCanonAddr
R$*			$: $>Parse0 $>canonify $1

SParseRecipient
R$*			$: $>CanonAddr $1
R$* < @ $* . >		$: $1 < @ $2 >
# %-hack through a host that we relay for; user%site is looked at instead
ifdef(`_LOOSE_RELAY_CHECK_', `', `R< @ > $*		$@ < @ > $1
R$* < @ $* >		$: < ? > $1 < @ $2 >
ifdef(`_RELAY_HOSTS_ONLY_', `R< ? > $* $=O $* < @ $=R >	$: < R > $1 $2 $3 < @ $4 >', `R< ? > $* $=O $* < @ $* $=R >	$: < R > $1 $2 $3 < @ $4 $5 >')
ifdef(`_RELAY_ENTIRE_DOMAIN_', `R< ? > $* $=O $* < @ $* $=m >	$: < R > $1 $2 $3 < @ $4 $5 >
')dnl
ifdef(`_ACCESS_TABLE_', `ifdef(`_RELAY_HOSTS_ONLY_', `R< ? > $* $=O $* < @ $+ >	$: < $(access To:$4 $: ? $) > $1 $2 $3 < @ $4 >
R< ? > $* $=O $* < @ $+ >	$: < $(access $4 $: ? $) > $1 $2 $3 < @ $4 >
R< RELAY > $*			$: < R > $1', `R< ? > $* $=O $* < @ $+ >	$: $>D < $4 > < ? > < + To > < $1 $2 $3 < @ $4 > >
R< RELAY > < $+ >		$: < R > $1
R< $+ > < $+ >			$: < $1 > $2')
')dnl
R< R > $* $=O $* < @ $* >	$@ $>ParseRecipient $1 $2 $3
R< $* > $*		$@ $2')
