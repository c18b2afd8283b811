divert(-1)
dnl mail.m4 -- check_mail: may mail come from this sender?
dnl The workspace of Basic_check_mail is  < state > user < @ host >.  The state says what is known of the host: OKR (it
dnl exists), TEMP (nobody can tell now), PERM (it does not), NONE (there is no host).
divert(0)dnl
_TITLE_(`check_mail: the sender of a message')

SLocal_check_mail
S`'_CHECK_(`mail')
R$*			$: $1 $| $>"Local_check_mail" $1
R$* $| $#$*		$#$2
R$* $| $*		$@ $>"Basic_check_mail" $1

SBasic_check_mail
# is the TLS session of the client as good as it has to be?
R$*			$: $1 $| $>"tls_client" $&{verify} $| MAIL
R$* $| $#$*		$#$2
R$* $| $*		$: $1
undivert(_SECTION_CHECK_MAIL_)dnl
# bounces have no sender
R< >			$@ < OK >
ifdef(`_UNQUALIFIED_SENDERS_', `', `# "localhost" is nobody elses name
R< $* @ localhost > $*		$: < ? $1 @ localhost > $2
R< $* @ localhost . $m > $*	$: < ? $1 @ localhost > $2
R< $* @ localhost . UUCP > $*	$: < ? $1 @ localhost > $2
R< $* @ [127.0.0.1] > $*	$: < ? $1 @ localhost > $2
R< $* @ [IPv6:0:0:0:0:0:0:0:1] > $*	$: < ? $1 @ localhost > $2
R< $* @ [IPv6:::1] > $*		$: < ? $1 @ localhost > $2
R$+ @ localhost			$: < ? $1 @ localhost >
R< ? $+ > $*			$: $&{daemon_flags} $| < ? $1 > $2
R$* f $* $| < ? $+ > $*		$: $| < ? $3 > $4
R$* u $* $| < ? $+ > $*		$: < $3 > $4
R$* $| < ? $+ > $*		$: < $&{client_name} > < $2 > $3
R< > < $+ > $*			$: < $1 > $2
R< $=w > < $+ > $*		$: < $2 > $3
R< $+ > < $+ > $*		$#error $@ 5.5.4 $: "553 Real domain name required for sender address"
')dnl
ifdef(`_UNQUALIFIED_SENDERS_', `R$*			$: $>CanonAddr $1
R$*			$: < NONE > $1', `R$*			$: < NONE > $>CanonAddr $1
R< NONE > $#$*		$: < NONE >')
R< NONE > $* < @ $+ . >	$: < NONE > $1 < @ $2 >
ifdef(`_UNRESOLVABLE_DOMAINS_', `R< NONE > $* < @ $+ >	$: < OKR > $1 < @ $2 >', `R< NONE > $* < @ $* $=P >	$: < OKR > $1 < @ $2 $3 >
R< NONE > $* < @ $j >	$: < OKR > $1 < @ $j >
R< NONE > $* < @ $+ >	$: < $(resolve $2 $: $2 < PERM > $) > $1 < @ $2 >
R< $* < $- > > $* < @ $+ >	$: < $2 > $3 < @ $4 >')
R< $- > $* < @ $+ . >	$: < $1 > $2 < @ $3 >
ifdef(`_ACCESS_TABLE_', `# the whole address, the user, the domain
R< $- > $+ < @ $+ >	$: < $1 > $2 < @ $3 > $| $>SearchList < + From > $| < F:$2@$3 > < U:$2@ > < D:$3 > < >
R< NONE > $+		$: < NONE > $1 $| $>SearchList < + From > $| < U:$1@ > < >
R< NONE >		$: < NONE > $| $>SearchList < + From > $| < U:@ > < >
R< $* > $* $| < ? >	$: < $1 > $2
R< $* > $* $| < $={Accept} >	$@ $3
R< $* > $* $| < $+ >	$@ $>Verdict < $3 >
')dnl
ifdef(`_BADMX_', `_FROM_(`badmx')
R< $- > $* < @ $+ >	$: < $1 > $2 < @ $3 > $| $>BadMX $3
R$* $| $#$*		$#$2
R$* $| $*		$: $1
#<
')dnl
ifdef(`_UNQUALIFIED_SENDERS_', `R< NONE > $*		$@ < OK >', `# no domain: only from this host, or where the listener says M=u
R< NONE > $*		$: < NONE > < $&{client_addr} > $| $&{daemon_flags}
R< NONE > < > $| $*	$@ < OK >
R< NONE > < $* > $| $* u $*	$@ < OK >
R< NONE > $*		$#error $@ 5.5.4 $: "553 Domain name required for sender address " $&f')
ifdef(`_UNRESOLVABLE_DOMAINS_', `', `R< $={ResOk} > $*	$: < OKR > $2
R< TEMP > $*		$#error $@ 4.1.8 $: "451 Domain of sender address " $&f " does not resolve"
R< PERM > $*		$#error $@ 5.1.8 $: "553 Domain of sender address " $&f " does not exist"
')dnl
undivert(_SECTION_LATE_MAIL_)dnl
R$*			$@ < OK >
