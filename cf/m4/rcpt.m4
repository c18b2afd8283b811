divert(-1)
dnl rcpt.m4 -- check_rcpt: may this recipient be served, and for this client?
dnl _DENIED_ is the refusal of a client that may not relay
define(`_DENIED_', `ifdef(`confRELAY_MSG', `confRELAY_MSG', `"550 Relaying denied'_AUTH_HINT_`"')')
define(`_WITH_DOMAINS_', `ifdef(`_RELAY_HOSTS_ONLY_', `$1', `$2')')
define(`_AUTH_HINT_', `ifdef(`_TRUST_AUTH_', `. Proper authentication required.')')
divert(0)dnl
_TITLE_(`check_rcpt: a recipient of a message')

SLocal_check_rcpt
ifdef(`_DELAY_CHECKS_', `Scheckrcpt', `Scheck_rcpt')
R$*			$: $1 $| $>"Local_check_rcpt" $1
R$* $| $#$*		$#$2
R$* $| $*		$@ $>"Basic_check_rcpt" $1

SBasic_check_rcpt
R$@			$#error $@ nouser $: "553 User address required"
R< >			$#error $@ nouser $: "553 User address required"
undivert(_SECTION_BEFORE_RCPT_)dnl
# a recipient that anybody may write to?
R$*			$: $1 $| $>"Rcpt_ok" $1
R$* $| $#TEMP $*	$: $1 $| ? $2
R$* $| $#$*		$#$2
R$* $| RELAY		$@ RELAY
# a client that may write to anybody?
R$* $| $*		$: < $2 > $| $>"Relay_ok" $1
R< $* > $| $#TEMP $*	$#error $2
R< $* > $| $#$*		$#$2
R< $* > $| RELAY	$@ RELAY
R< $* > $| < TEMP > $*	$#error $@ 4.4.0 $: "450 Relaying temporarily denied. Cannot resolve PTR record for " $&{client_addr}
R< $* > $| < FORGED > $*	$#error $@ 5.7.1 $: "550 Relaying denied. IP name possibly forged " $&{client_name}
R< $* > $| < FAIL > $*	$#error $@ 5.7.1 $: "550 Relaying denied. IP name lookup failed " $&{client_name}
R< ? $* > $| $*		$#error $1
R$*			$#error $@ 5.7.1 $: _DENIED_

_TITLE_(`Rcpt_ok: RELAY if the recipient is local or one that we relay to')

SRcpt_ok
ifdef(`_LOOSE_RELAY_CHECK_', `R$*			$: $>CanonAddr $1
R$* < @ $* . >		$: $1 < @ $2 >', `R$*			$: $>ParseRecipient $1')
ifdef(`_NO_UUCP_', `ifelse(_NO_UUCP_, `r', `_FROM_(`nouucp')
R$* ! $* < @ $* >	$: < REMOTE > $2 < @ BANG_PATH >
R$* ! $*		$: < REMOTE > $2 < @ BANG_PATH >
#<
')')dnl
ifdef(`_NO_PERCENTHACK_', `ifelse(_NO_PERCENTHACK_, `r', `_FROM_(`nopercenthack')
R$* % $* < @ $* >	$: < REMOTE > $1 < @ PERCENT_HACK >
R$* % $*		$: < REMOTE > $1 < @ PERCENT_HACK >
#<
')')dnl
ifdef(`_BLOCKLIST_RCPT_', `_FROM_(`blocklist_recipients')
R$*			$: < ? > $1
R< ? > $+ < @ $=w >	$: < > $1 < @ $2 > $| < F:$1@$2 > < U:$1@ > < D:$2 >
R< ? > $+ < @ $* >	$: < > $1 < @ $2 > $| < F:$1@$2 > < D:$2 >
R< ? > $+		$: < > $1 $| < U:$1@ >
R< > $* $| $+		$: < @ > $1 $| $>SearchList < + To > $| $2 < >
R< @ > $* $| < ? >	$: $1
R< @ > $* $| < $={Accept} >	$: $1
R< @ > $* $| < REJECT >	$#error $@ 5.2.1 $: ifdef(`confRCPTREJ_MSG', `confRCPTREJ_MSG', `"550 Mailbox disabled for this recipient"')
R< @ > $* $| < SKIP >	$: $1
R< @ > $* $| < $+ >	$@ $>Verdict < $2 >
R< ? > $*		$: $1
#<
')dnl
undivert(_SECTION_RCPT_OK_)dnl
ifdef(`_PROMISCUOUS_RELAY_', `_FROM_(`promiscuous_relay')
R$*			$@ RELAY
#<
', `ifdef(`_ACCESS_TABLE_', `# a client with a certificate that we know
R$*			$: $1 $| $>RelayTLS $&{verify}
R$* $| $*		$: $1 $| < $2 >
R$* $| < RELAY >	$@ RELAY
R$* $| < $* <TMPF> >	$#TEMP $@ 4.3.0 $: _TEMP_TEXT_
R$* $| < $* >		$: $1
')dnl
# a client that authenticated with a mechanism that we trust
R$*			$: $1 $| $&{auth_type}
R$* $| $+		$: $1 $| < $2 > $| $>"Local_Relay_Auth" $2
R$* $| < $* > $| $#$*	$#$3
R$* $| < $* > $| NO	$: $1
R$* $| < $={TrustAuthMech} > $| $*	$#RELAY
R$* $| < $* > $| $*	$: $1
R$* $|			$: $1
# what we are, and what we relay to
R$+ < @ $=w >		$@ RELAY
_WITH_DOMAINS_(`R$+ < @ $=R >		$@ RELAY', `R$+ < @ $* $=R >	$@ RELAY')
ifdef(`_RELAY_ENTIRE_DOMAIN_', `R$+ < @ $* $=m >	$@ RELAY
')dnl
ifdef(`_ACCESS_TABLE_', `ifdef(`_RELAY_FULL_ADDR_', `R$+ < @ $+ >		$: $1 < @ $2 > $| $>SearchList < + To > $| < F:$1@$2 > _WITH_DOMAINS_(`< H:$2 >', `< D:$2 > < F:$1@$2 > < D:$2 >') < >
R$+ < @ $+ > $| < RELAY >	$@ RELAY
R$+ < @ $+ > $| < $* <TMPF> >	$#TEMP $@ 4.3.0 $: _TEMP_TEXT_
R$+ < @ $+ > $| $*	$: $1 < @ $2 >', `_WITH_DOMAINS_(`R$+ < @ $+ >		$: < $(access To:$2 $: ? $) > < $1 < @ $2 > >
R< ? > < $+ < @ $+ > >	$: < $(access $2 $: ? $) > < $1 < @ $2 > >', `R$+ < @ $+ >		$: $>D < $2 > < ? > < + To > < $1 < @ $2 > >')
R< RELAY > $*		$@ RELAY
R< $* <TMPF> > $*	$#TEMP $@ 4.3.0 $: _TEMP_TEXT_
R< $* > < $* >		$: $2')
')dnl
ifdef(`_BESTMX_', `_FROM_(`bestmx_is_local')
ifelse(len(X`'_BESTMX_DOMAINS_), `1', `R$+ < @ $+ >		$: < : $(bestmx $2 $) : > < $1 < @ $2 > >', `R$+ < @ $* $=B >	$: < : $(bestmx $2 $3 $) : > < $1 < @ $2 $3 > >')
R< : $=w : > $*		$@ RELAY
R< : $=w . : > $*	$@ RELAY
R< : $* : > < $* >	$: $2
#<
')dnl
ifdef(`_RELAY_MX_', `_FROM_(`relay_based_on_MX')
R$+ < @ $+ >		$: < : $(mxserver $2 $) : > < $1 < @ $2 > >
R< : $* <TEMP> : > < $* < @ $+ > >	$#TEMP $@ 4.4.0 $: "450 Can not check MX records for recipient host " $3
R< $* : $=w . : $* > < $* >	$@ RELAY
R< : $* : > < $* >	$: $2
#<
')dnl
# names without a host are local
R$* < REMOTE > $*	$@ $1 < REMOTE > $2
R$-			$@ RELAY
R$+ < @ $* >		$@ $1 < @ $2 >
R$+ $=O $+		$@ $1 $2 $3
R$+			$@ RELAY
')dnl

_TITLE_(`Relay_ok: RELAY if the client may use us for anything')

SRelay_ok
# mail that arose here, and mail from the host itself
R$*			$: $&{client_addr}
R$@			$@ RELAY
R0			$@ RELAY
R127.0.0.1		$@ RELAY
RIPv6:0:0:0:0:0:0:0:1	$@ RELAY
RIPv6:::1		$@ RELAY
R$=R $*			$@ RELAY
ifdef(`_ACCESS_TABLE_', `R$+			$: $>A < $1 > < ? > < + Connect > < $1 >
R< RELAY > $*		$@ RELAY
R< $* <TMPF> > $*	$#TEMP $@ 4.3.0 $: _TEMP_TEXT_
R< $* > < $* >		$: $2
')dnl
R$*			$: [ $1 ]
R$=w			$@ RELAY
ifdef(`_RELAY_LOCAL_FROM_', `_FROM_(`relay_local_from')
R$*			$: $1 $| $>CanonAddr $&f
R$* $| $+ < @ $=w . >	$@ RELAY
R$* $| $*		$: $1
#<
')dnl
ifdef(`_RELAY_MAIL_FROM_', `_FROM_(`relay_mail_from')
R$*			$: < $&{mail_addr} > $>CanonAddr $&f
R< $* > $+ < @ $+ . >	$: < $1 > $2 < @ $3 >
R< $* > $+ < @ $+ >	$: $>SearchList < ! From > $| < F:$2@$3 > ifdef(`_RELAY_MAIL_FROM_DOMAIN_', `< D:$3 >') < >
R< RELAY >		$@ RELAY
R< $* <TMPF> >		$#TEMP $@ 4.3.0 $: _TEMP_TEXT_
#<
')dnl
undivert(_SECTION_RELAY_OK_)dnl
# the name of the client counts only if its address confirms it
R$*			$: < $&{client_resolve} >
R< TEMP >		$@ < TEMP > $&{client_addr}
R< FORGED >		$@ < FORGED > $&{client_name}
R< FAIL >		$@ < FAIL > $&{client_name}
R$*			$: < @ $&{client_name} >
R< @ >			$@ RELAY
R< @ $=w >		$@ RELAY
_WITH_DOMAINS_(`R< @ $=R >		$@ RELAY', `R< @ $* $=R >		$@ RELAY')
ifdef(`_RELAY_ENTIRE_DOMAIN_', `R< @ $* $=m >		$@ RELAY
')dnl
R< @ $* >		$: $1
ifdef(`_ACCESS_TABLE_', `_WITH_DOMAINS_(`R$+			$: < $(access Connect:$1 $: ? $) > < $1 >
R< ? > < $+ >		$: < $(access $1 $: ? $) > < $1 >', `R$+			$: $>D < $1 > < ? > < + Connect > < $1 >')
R< RELAY > $*		$@ RELAY
R< $* <TMPF> > $*	$#TEMP $@ 4.3.0 $: _TEMP_TEXT_
R< $* > < $* >		$: $2
')dnl

ifdef(`_DELAY_CHECKS_', `_TITLE_(`FEATURE(delay_checks): all checks when there is a recipient')
_FROM_(`delay_checks')

Scheck_rcpt
R$*			$: $1 $| $>checkrcpt $1
R$* $| $#$*		$#$2
# an authenticated client has passed
R$* $| $*		$: $1 $| $2 $| < $&{auth_type} >
R$* $| $* $| < $={TrustAuthMech} >	$@ OK
R$* $| $* $| < $* >	$: $1
ifdef(`_DELAY_WHO_', `# who does, or does not, want the other checks: Spam: in the access table
R$*			$: < ? > $>FullAddr $>CanonAddr $1
R< ? > $+ < @ $=w >	$: $| < F:$1@$2 > < D:$2 > < U:$1@ >
R< ? > $+ < @ $+ >	$: $| < F:$1@$2 > < D:$2 >
R< ? > $+		$: $| < U:$1@ >
R$| $+			$: $>SearchList < ! Spam > $| $1 < >
ifelse(_DELAY_WHO_, `FRIEND', `R< FRIEND >		$@ SPAMFRIEND', `R< HATER >		$: HATER
R< $+ >			$@ NOSPAMHATER')
')dnl
R$*			$: $>checkmail ifdef(`_FFR_MAIL_MACRO', `$&{mail_from}', `< $&f >')
R$#$*			$#$1
ifdef(`_ACCESS_TABLE_', `R$={Accept}		$@ $1
')dnl
R$*			$: $>checkrelay $&{client_name} $| $&{client_addr}
ifdef(`_BLOCK_BAD_HELO_', `_FROM_(`block_bad_helo')
R$#$*			$#$1
R$*			$: < $&{client_addr} > $| $&{auth_type} $| $&s
R< $=R $* > $| $*	$@ OK
R< > $| $*		$@ OK
R< $* > $| $+ $| $*	$@ OK
R< $* > $| $| $*	$: < $1 > $| $2
R< $* > $| $=w		$#error $@ 5.7.1 $: "550 bogus HELO name used: " $&s
R< $* > $| [ $+ ]	$@ OK
R< $* > $| $- . $+	$@ OK
R$*			$#error $@ 5.7.1 $: "550 bogus HELO name used: " $&s
#<
')dnl
#<

SFullAddr
R$* < @ $+ . >		$1 < @ $2 >
')dnl
undivert(_SECTION_RULESETS_)dnl
