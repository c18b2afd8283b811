divert(-1)
dnl masquerade.m4 -- rule sets 93 and 94: the name that our addresses carry outside.
divert(0)dnl
_TITLE_(`rule set 93: header addresses, masqueraded')

SMasqHdr=93
ifdef(`_GENERICS_TABLE_', `_FROM_(`genericstable')
# *LOCAL* and class G are looked up
ifdef(`_GENERICS_ENTIRE_DOMAIN_', `R$+ < @ $* $=G . >	$: < $1@$2$3 > $1 < @ $2$3 . > @', `R$+ < @ $=G . >	$: < $1@$2 > $1 < @ $2 . > @')
R$+ < @ *LOCAL* >	$: < $1@$j > $1 < @ *LOCAL* > @
R< $+ > $+ < $* > @	$: < $(generics $1 $: @ $1 $) > $2 < $3 > @
R< @ $+ + $* @ $+ > $+ < $* > @	$: < $(generics $1+*@$3 $@ $2 $: @ $1 + $2 @ $3 $) > $4 < $5 > @
R< @ $+ + $* @ $+ > $+ < $* > @	$: < $(generics $1@$3 $: @ $1 + $2 @ $3 $) > $4 < $5 > @
R< @ $+ @ $+ > $+ < $* > @	$: < $(generics @$2 $@ $1 $: @ $1 @ $2 $) > $3 < $4 > @
R< @ $+ + $* @ $+ > $+ < $* > @	$: < $(generics $1+* $@ $2 $: @ $1 + $2 @ $3 $) > $4 < $5 > @
R< @ $+ + $* @ $+ > $+ < $* > @	$: < $(generics $1 $: @ $1 + $2 @ $3 $) > $4 < $5 > @
R< @ $+ @ $+ > $+ < $* > @	$: < $(generics $1 $: $) > $3 < $4 > @
R< @ $* > $+ < $* > @	$: < > $2 < $3 > @
R< > $+ @		$: $1
R< $* @ $* > $* < $* > @	$@ $>canonify $1 @ $2
R< $+ > $* < $* > @	$: $>canonify $1 @ *LOCAL*
#<
')dnl
ifdef(`MASQUERADE_NAME', `_FROM_WORD_(`MASQUERADE_AS')
# users of class E show where they are
R$=E < @ *LOCAL* >	$@ $1 < @ $j . >
ifdef(`_MASQUERADE_ENTIRE_DOMAIN_', `R$=E < @ $* $=M . >	$@ $1 < @ $2 $3 . >', `R$=E < @ $=M . >	$@ $1 < @ $2 . >')
ifdef(`_LIMITED_MASQUERADE_', `', `R$=E < @ $=w . >	$@ $1 < @ $2 . >')
# hosts that may be hidden: the name to show is put behind their own
ifdef(`_MASQUERADE_ENTIRE_DOMAIN_', `R$* < @ $* $=M . > $*	$: $1 < @ $2 $3 . @ $M > $4', `R$* < @ $=M . > $*	$: $1 < @ $2 . @ $M > $3')
ifdef(`_LIMITED_MASQUERADE_', `', `R$* < @ $=w . > $*	$: $1 < @ $2 . @ $M > $3')
R$* < @ *LOCAL* > $*	$: $1 < @ $j . @ $M > $2
# but not those of class N
R$* < @ $=N . @ $* > $*	$: $1 < @ $2 . > $4
ifdef(`_MASQUERADE_ENTIRE_DOMAIN_', `R$* < @ $* $=N . @ $* > $*	$: $1 < @ $2 $3 . > $5
')dnl
R$* < @ $+ @ > $*	$: $1 < @ $2 > $3
R$* < @ $+ @ $+ > $*	$: $1 < @ $3 . > $4
#<
', `R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2')

_TITLE_(`rule set 94: envelope addresses, masqueraded')

SMasqEnv=94
ifdef(`_MASQUERADE_ENVELOPE_', `_FROM_(`masquerade_envelope')
R$+			$@ $>MasqHdr $1
#<', `R$* < @ *LOCAL* > $*	$: $1 < @ $j . > $2')
