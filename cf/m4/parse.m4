divert(-1)
dnl parse.m4 -- rule set 0: from an address to mailer, host and user.

define(`_LOCAL_MAILER_', `confLOCAL_MAILER')
define(`_SMTP_MAILER_', `confSMTP_MAILER')
define(`_UUCP_MAILER_', `confUUCP_MAILER')
define(`_RELAY_MAILER_', `confRELAY_MAILER')
ifdef(`LUSER_RELAY', `define(`_LOCAL_RELAYS_')')ifdef(`MAIL_HUB', `define(`_LOCAL_RELAYS_')')ifdef(`LOCAL_RELAY', `define(`_LOCAL_RELAYS_')')
divert(0)dnl
_TITLE_(`rule set 0: which mailer, which host, which user')

Sparse=0
R$*			$: $>Parse0 $1		refuse what cannot be, undo %-hack and quotes for us
R< @ >			$#_LOCAL_MAILER_ $: < @ >	the null address
R$*			$: $>ParseLocal $1	rules of LOCAL_RULE_0
R$*			$: $>Parse1 $1		everything else

SParse0
R< @ >			$@ < @ >
R$* : $* ; < @ >	$#error $@ 5.1.3 $: "553 List:; syntax illegal for recipient addresses"
R< @ $+ >		$#error $@ 5.1.3 $: "553 User address required"
R@ < @ $* > $*		$#error $@ 5.1.3 $: "553 User address required"
R$+ < @ >		$#error $@ 5.1.3 $: "553 Hostname required"
# a colon belongs into an address in brackets only
R$*			$: < > $1
R< > $* < @ [ $* ] : $+ > $*	$1 < @ [ $2 ] : $3 > $4
R< > $* < @ [ $* ] , $+ > $*	$1 < @ [ $2 ] , $3 > $4
R< > $* < @ [ $* ] $+ > $*	$#error $@ 5.1.2 $: "553 Invalid address"
R< > $* < @ [ $+ ] > $*	$1 < @ [ $2 ] > $3
R< > $* < $* : $* > $*	$#error $@ 5.1.3 $: "553 Colon illegal in host name part"
R< > $*			$1
R$* < @ . $* > $*	$#error $@ 5.1.2 $: "553 Invalid host name"
R$* < @ $* .. $* > $*	$#error $@ 5.1.2 $: "553 Invalid host name"
R$* < @ $* @ > $*	$#error $@ 5.1.2 $: "553 Invalid route address"
R$* @ $* < @ $* > $*	$#error $@ 5.1.3 $: "553 Invalid route address"
R$* , $~O $*		$#error $@ 5.1.3 $: "553 Invalid route address"
# for a host of ours the local part counts: it may be quoted, it may route on
R$* < @ $=w . >		$: $1 $| $1 < @ $2 . >
R$-			$: $1 $| $1
R$- $| $*		$: $(dequote $1 $) $| $2
R$* $=O $* $| $*	$@ $>Parse0 $>canonify $1 $2 $3
R$* $| $* < @ $+ >	$@ $1 < @ $3 >
R$* $| $*		$@ $1

SParseLocal=98
undivert(3)_SECTION_END_(3)dnl
ifdef(`_REDIRECT_', `_FROM_(`redirect')
R$* < @ $+ .REDIRECT. >			$: $1 < @ $2 .REDIRECT. > < ${opMode} >
R$* < @ $+ .REDIRECT. > < i >		$: $1 < @ $2 .REDIRECT. >
R$* < @ $+ .REDIRECT. > < $- >		$#error $@ 5.1.1 $: "551 User has moved; please try " < $1@$2 >
#<
')dnl

SParse1
undivert(_SECTION_ADDRTYPE_)dnl
ifdef(`_VIRTUSER_TABLE_', `_FROM_(`virtusertable')
include(_CF_DIR_`'m4/virtuser.m4)#<
')dnl
ifdef(`_LDAP_ROUTING_', `_FROM_(`ldap_routing')
include(_CF_DIR_`'m4/ldaproute.m4)#<
')dnl
ifdef(`_STICKY_HOST_', `ifdef(`MAIL_HUB', `_FROM_(`stickyhost')
# with MAIL_HUB: user@this.host goes to the hub as it is
R$+ < @ $=w . >		$@ $>MailerToTriple < $H > $1 < @ $2 . >
#<', `# names in class L, and with FEATURE(stickyhost) all with a host, pass no further rule set
R$=L < @ $=w . >	$#_LOCAL_MAILER_ $: @ $1
R$+ + $* < @ $=w . >	$#_LOCAL_MAILER_ $: $1 + $2
R$+ < @ $=w . >		$#_LOCAL_MAILER_ $: @ $1')', `# names in class L stay here whatever relays there are
R$=L < @ $=w . >	$#_LOCAL_MAILER_ $: @ $1
R$+ < @ $=w . >		$#_LOCAL_MAILER_ $: $1')
ifdef(`_MAILER_smtp_', `# an address in brackets; a smart host takes it without a further look
R$* < @ [ $+ ] > $*	$: $1 < @ [ $2 ] : $S > $3
R$* < @ [ $+ ] : > $*	$#_SMTP_MAILER_ $@ [ $2 ] $: $1 < @ [ $2 ] > $3
R$* < @ [ $+ ] : $- : $* > $*	$#$3 $@ $4 $: $1 < @ [ $2 ] > $5
R$* < @ [ $+ ] : $+ > $*	$#_SMTP_MAILER_ $@ $3 $: $1 < @ [ $2 ] > $4
')dnl
ifdef(`_MAILER_TABLE_', `_FROM_(`mailertable')
# the host alone is looked up
R$* < @ $+ > $*		$: < $2 > $1 < @ $2 > $3
R< $+ . > $*		$: < $1 > $2
R< $+ > $*		$: < $(mailertable $1 $: ? $) > $2
R< ? > $* < @ $+ . > $*	$: $>Mailertable < $2 > $1 < @ $2 . > $3
R< ? > $* < @ $+ > $*	$: $>Mailertable < $2 > $1 < @ $2 > $3
R< $- : $* > $*		$@ $>MailerToTriple < $1 : $2 > $3
R< > $*			$: $1
# a value without a mailer is a host to look for once more
R< $+ > $*		$: $>Mailertable < $1 > $2
R< $- : $* > $*		$@ $>MailerToTriple < $1 : $2 > $3
R< $* > $*		$: $2
#<
')dnl
undivert(4)_SECTION_END_(4)dnl
ifdef(`_NO_UUCP_', `', `# hosts that UUCP reaches
ifdef(`_CLASS_V_', `R$* < @ $=V . UUCP . > $*	$@ $>MailerToTriple < $V > $1 < @ $2 . UUCP . > $3
')dnl
ifdef(`_CLASS_W_', `R$* < @ $=W . UUCP . > $*	$@ $>MailerToTriple < $W > $1 < @ $2 . UUCP . > $3
')dnl
ifdef(`_CLASS_X_', `R$* < @ $=X . UUCP . > $*	$@ $>MailerToTriple < $X > $1 < @ $2 . UUCP . > $3
')dnl
undivert(_SECTION_UUCP_)dnl
ifdef(`UUCP_RELAY', `R$* < @ $+ . UUCP . > $*	$@ $>MailerToTriple < $Y > $1 < @ $2 . UUCP . > $3
', `ifdef(`_MAILER_uucp_', `R$* < @ $+ . UUCP . > $*	$#_UUCP_MAILER_ $@ $2 $: $1 < @ $2 .UUCP. > $3
')')')dnl
ifdef(`BITNET_RELAY', `R$* < @ $+ . BITNET . > $*	$@ $>MailerToTriple < $B > $1 < @ $2 . BITNET . > $3
')dnl
ifdef(`_MAILER_mail11_', `R$* < @ $+ .DECNET. >	$#mail11 $@ $2 $: $1
')dnl
ifdef(`DECNET_RELAY', `R$* < @ $+ . DECNET . > $*	$@ $>MailerToTriple < $C > $1 < @ $2 . DECNET . > $3
')dnl
ifdef(`_MAILER_pop_', `R$+ < @ POP. >		$#pop $: $1
')dnl
ifdef(`_MAILER_fax_', `R$+ < @ $+ .FAX. >	$#fax $@ $2 $: $1
', `ifdef(`FAX_RELAY', `R$* < @ $+ . FAX . > $*	$@ $>MailerToTriple < $F > $1 < @ $2 . FAX . > $3
')')dnl
ifdef(`_LOCAL_NET_CONFIG_', `# LOCAL_NET_CONFIG
undivert(1)_SECTION_END_(1)')dnl
ifdef(`_BESTMX_', `_FROM_(`bestmx_is_local')
ifelse(len(X`'_BESTMX_DOMAINS_), `1', `R$* < @ $+ > $*	$: < : $(bestmx $2 $) : > < $1 < @ $2 > $3 >', `R$* < @ $* $=B . > $*	$: < : $(bestmx $2 $3 . $) : > < $1 < @ $2 $3 . > $4 >
R$* < @ $* $=B > $*	$: < : $(bestmx $2 $3 $) : > < $1 < @ $2 $3 > $4 >')
R< : $=w : > < $* < @ $* > $* >	$@ $>CanonLocal < $2 >
R< : $=w . : > < $* < @ $* > $* >	$@ $>CanonLocal < $2 >
R< : $* : > < $* >	$: $2
#<
')dnl
# the smart host takes the rest of the world
ifdef(`SMART_HOST', `_FROM_WORD_(`SMART_HOST')
')dnl
R$* < @ $* > $*		$: $>MailerToTriple < $S > $1 < @ $2 > $3
ifdef(`SMART_HOST', `#<
')dnl
ifdef(`_MAILER_smtp_', `R$* < @ $* > $*		$#_SMTP_MAILER_ $@ $2 $: $1 < @ $2 > $3', `R$* < @ $* > $*		$#error $@ 5.1.2 $: "553 Unrecognized host name " $2')
# names without a host
ifdef(`_MAILER_usenet_', `R$+ . USENET		$#usenet $@ usenet $: $1
')dnl
R$=L			$#_LOCAL_MAILER_ $: @ $1
R$+			$#_LOCAL_MAILER_ $: $1

_TITLE_(`rule set 5: names of this host that no alias knows')

ifdef(`_MSP_', `', `SLocal_localaddr
')dnl
Slocaladdr=5
# a site may have rules of its own
R$*			$: $1 $| $>"Local_localaddr" $1
R$* $| $#ok		$@ $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1
ifdef(`_PRESERVE_LUSER_HOST_', `_FROM_(`preserve_luser_host')
# the host that came with the name; h holds it, or a detail with its plus sign
R$*			$: $&h $| $1
R+ $* $| $*		$: $2
R$+ $| $*		$: $(macro {Host} $@ @ $1 $) $2
R$| $*			$: $1
#<
')dnl
ifdef(`_PRESERVE_PLUS_', `', `# user+detail: first as user+*, then as user
R$+ + *			$#_LOCAL_MAILER_ $@ $&h $: $1
R$+ + $*		$#_LOCAL_MAILER_ $@ + $2 $: $1 + *')
ifdef(`LUSER_RELAY', `_FROM_WORD_(`LUSER_RELAY')
# LUSER_RELAY: who is no user of this host; <> is the mark of one who is
ifdef(`_PRESERVE_PLUS_', `R$+ + $*		$: $1 + $2 $| $(user $1 $)
')dnl
R$+			$: $1 $| $(user $1 $)
R$+ $| $* $| $*		$: $1 $| $2
R$+ $| $+ <>		$: $1
R$+ $| $*		$: < $L > $1 ifdef(`_PRESERVE_LUSER_HOST_', `$&{Host}')
R< $+ > $*		$@ $>LocalRelay < $1 > $2
R< > $*			$: $1
#<
')dnl
ifdef(`MAIL_HUB', `_FROM_WORD_(`MAIL_HUB')
R$+			$@ $>LocalRelay < $H > $1
#<', `ifdef(`LOCAL_RELAY', `_FROM_WORD_(`LOCAL_RELAY')
R$+			$@ $>LocalRelay < $R > $1
#<', `ifdef(`_PRESERVE_PLUS_', `dnl', `# user, and h says what the detail was: it goes to the mailer as the host
R$+			$: $&h $| $1
R+ $* $| $+		$#_LOCAL_MAILER_ $@ $1 $: @ $2
R$* $| $+		$: $2')')')

ifdef(`_LOCAL_RELAYS_', `SLocalRelay
ifdef(`_PRESERVE_PLUS_', `', `# the detail is put back
R< $* > $*		$: $&h $| < $1 > $2
ifdef(`_PRESERVE_LUSER_HOST_', `R+ $* $| < $* > $* @ $*	$: < $2 > $3 + $1 @ $4
')dnl
R+ $* $| < $* > $*	$: < $2 > $3 + $1
R$* $| < $* > $*	$: < $2 > $3
')dnl
R< > $*			$@ $1
R< local : $* > $*	$@ $>MailerToTriple < local : $1 > $2
ifdef(`_PRESERVE_LUSER_HOST_', `R< $+ > $+ @ $+		$@ $>MailerToTriple < $1 > $2 < @ $3 >
')dnl
R< $- : $+ > $+		$@ $>MailerToTriple < $1 : $2 > $3 < @ $2 >
R< $+ > $+		$@ $>MailerToTriple < $1 > $2 < @ $1 >

')dnl
ifdef(`_MSP_', `_TITLE_(`FEATURE(msp): all mail goes to the MTA')

SLocal_localaddr
R$+			$: $>ParseRecipient $1
R$* < @ $+ > $*		$#_RELAY_MAILER_ $@ _MSP_HOST_ $: $1 < @ $2 > $3
R$+			$#_RELAY_MAILER_ $@ _MSP_HOST_ $: $1 < @ $j >

')dnl
_TITLE_(`rule set 95: "mailer:host" and an address into mailer, host and user')

SMailerToTriple=95
R< > $*				$@ $1
R< error : $- . $- . $- : $+ > $*	$#error $@ $1.$2.$3 $: $4
R< error : $- : $+ > $*		$#error $@ $1 $: $2
R< error : $+ > $*		$#error $: $1
R< local : $* > $*		$>CanonLocal < $1 > $2
R< $~[ : $+ @ $+ > $* < $* > $*	$# $1 $@ $3 $: $2 < @ $3 >
R< $~[ : $+ > $*		$# $1 $@ $2 $: $3
R< $=w > $*			$@ $2
R< $+ > $*			$#_RELAY_MAILER_ $@ $1 $: $2

_TITLE_(`local:user, and local: for the user that the address has')

SCanonLocal
# what the local part routes on to
R< $* > $* $=O $* < @ $* >	< $1 > $>canonify $2 $3 $4
# the host that goes along is the address as it was
R< $* > $* < @ $+ . >		$: < $1 > $2 @ $3
R< $* > $* < @ $+ >		$: < $1 > $2 @ $3
R< > $* @ $*			$#_LOCAL_MAILER_ $@ $1 @ $2 $: $1
R< > $+				$#_LOCAL_MAILER_ $@ $1 $: $1
R< $+ @ $* > $* @ $*		$#_LOCAL_MAILER_ $@ $3 @ $4 $: $1
R< $+ > $*			$#_LOCAL_MAILER_ $@ $2 $: $1
