divert(-1)
dnl tls.m4 -- rule sets around STARTTLS and AUTH: who must use it how well, and what we offer to whom.
dnl Rules that several sets share are in files, since a rule is full of what m4 takes for its own in a definition:
dnl _LOCAL_TLS_(name) puts the rules of a site in front, _ASK_HOST_(client or server, tag, result of a failing table)
dnl puts behind the workspace what the access table says of a host; < ? > if nothing.
define(`_LOCAL_TLS_', `ifdef(`_LOCAL_$1_', `define(`_SET_NAME_', `Local_$1')include(_CF_DIR_`'m4/localtls.m4)')')
define(`_ASK_HOST_', `define(`_ASK_WHO_', `$1')define(`_ASK_TAG_', `$2')define(`_ASK_FAILED_', `$3')include(_CF_DIR_`'m4/askhost.m4)')
dnl the reply to a failed TLS demand without TEMP+ or PERM+
define(`_TLS_CODE_', `ifdef(`TLS_PERM_ERR', `5.7.0', `4.7.0')')
define(`_TLS_REPLY_', `ifdef(`TLS_PERM_ERR', `554', `454')')
define(`_CERT_NAME_', `ifdef(`_CERT_REGEX_$2_', `$(regexp_$1 $&{cert_$1} $: $&{cert_$1} $)', `$&{cert_$1}')')
divert(0)dnl
_TITLE_(`trust_auth: is a client allowed to act as somebody else (AUTH= of MAIL)?')

SLocal_trust_auth
Strust_auth
R$*			$: $&{auth_type} $| $1
R$| $*			$#error $@ 5.7.1 $: "550 not authenticated"
R$* $| $&{auth_authen}	$@ identical
R$* $| < $&{auth_authen} >	$@ identical
R$* $| $*		$: $1 $| $>"Local_trust_auth" $2
R$* $| $#$*		$#$2
R$*			$#error $@ 5.7.1 $: "550 " $&{auth_authen} " not allowed to act as " $&{auth_author}

_TITLE_(`Local_Relay_Auth: a place for rules of a site; asked with the AUTH mechanism')

SLocal_Relay_Auth

_TITLE_(`srv_features, clt_features, try_tls: what we offer to whom')

Ssrv_features
_LOCAL_TLS_(`srv_features')dnl
ifdef(`_ACCESS_TABLE_', `_ASK_HOST_(`client', `Srv_Features', `TEMP')dnl
R$* $| < ? > $*		$@ OK
R$* $| < $* > $*	$#$2
')dnl

Sclt_features
_LOCAL_TLS_(`clt_features')dnl
ifdef(`_ACCESS_TABLE_', `_ASK_HOST_(`server', `Clt_Features', `TEMP')dnl
R$* $| < ? > $*		$@ OK
R$* $| < $* > $*	$#$2
')dnl

Stry_tls
_LOCAL_TLS_(`try_tls')dnl
ifdef(`_ACCESS_TABLE_', `_ASK_HOST_(`server', `Try_TLS', `error')dnl
R$* $| < NO > $*	$#error $@ 5.7.1 $: "550 do not try TLS with " $&{server_name} " ["$&{server_addr}"]"
R$*			$@ OK
')dnl

ifdef(`_TLS_SESSION_FEATURES_', `_TITLE_(`FEATURE(tls_session_features): settings of one TLS session')

Stls_srv_features
R$* $| $*		$: $>D < $1 > < ? > < ! "TLS_Srv_Features" > < $2 >
R< ? > < $* >		$: $>A < $1 > < ? > < ! "TLS_Srv_Features" > < >
R< ? > $*		$: < $(access TLS_Srv_Features: $: ? $) >
R< ? > $*		$@ ""
R< $+ > $*		$@ $1

Stls_clt_features
R$* $| $*		$: $>D < $1 > < ? > < ! "TLS_Clt_Features" > < $2 >
R< ? > < $* >		$: $>A < $1 > < ? > < ! "TLS_Clt_Features" > < >
R< ? > $*		$: < $(access TLS_Clt_Features: $: ? $) >
R< ? > $*		$@ ""
R< $+ > $*		$@ $1
')dnl
_TITLE_(`tls_client, tls_server, tls_rcpt: is the session good enough?')

# a client of ours, after STARTTLS and at MAIL
Stls_client
_LOCAL_TLS_(`tls_client')dnl
ifdef(`_ACCESS_TABLE_', `R$* $| $*		$: $1
R$*			$: $(macro {TLS_Name} $@ $&{client_name} $) $1
_ASK_HOST_(`client', `TLS_Clt', `OK')dnl
R$*			$@ $>"TLS_connection" $1', `R$* $| $*		$@ $>"TLS_connection" $1')

# a server that we send to
Stls_server
_LOCAL_TLS_(`tls_server')dnl
ifdef(`_ACCESS_TABLE_', `R$*			$: $(macro {TLS_Name} $@ $&{server_name} $) $1
_ASK_HOST_(`server', `TLS_Srv', `OK')dnl
R$*			$@ $>"TLS_connection" $1', `R$*			$@ $>"TLS_connection" $1')

# a recipient that we send to
Stls_rcpt
_LOCAL_TLS_(`tls_rcpt')dnl
ifdef(`_ACCESS_TABLE_', `R$*			$: $>CanonAddr $1
R$+ < @ $+ . >		$: $1 < @ $2 >
R$+ < @ $+ >		$: $1 @ $2 $| < F:$1@$2 > < U:$1@ > < D:$2 > < E: >
R$-			$: $1 $| < U:$1@ > < E: >
R$* $| $+		$: $1 $| $>SearchList < ! "TLS_Rcpt" > $| $2 < >
R$* $| < ? >		$@ OK
R$* $| < $* <TMPF> >	$#error $@ 4.3.0 $: _TEMP_TEXT_
R$* $| < $+ >		$@ $>"TLS_connection" $&{verify} $| < $2 >
')dnl

# < demand > is [TEMP+|PERM+]VERIFY[:bits] or ENCR:bits, then +CN, +CN:name, +CS:, +CI:, +CITag: joined by ++
STLS_connection
ifdef(`_ACCESS_TABLE_', `R$* $| < $* > $*	$: $1 $| < $2 >
R$* $| < TEMP + $* >	$: $1 $| < 403:4.7.0 > $2
R$* $| < PERM + $* >	$: $1 $| < 503:5.7.0 > $2
R$* $| < $* >		$: $1 $| < _TLS_REPLY_:_TLS_CODE_ > $2
R$* $| < $* > VERIFY	$: $1 $| < $2 > < VERIFY:0 > < >
R$* $| < $* > VERIFY + $+	$: $1 $| < $2 > < VERIFY:0 > < $3 >
R$* $| < $* > $={TLSDemand} : $- + $+	$: $1 $| < $2 > < $3:$4 > < $5 >
R$* $| < $* > $={TLSDemand} : $-	$: $1 $| < $2 > < $3:$4 > < >
# sessions that failed
RPROTOCOL $| < $- : $+ > < $* > $*	$#error $@ $2 $: $1 " STARTTLS failed."
RSOFTWARE $| < $- : $+ > < $* > $*	$#error $@ $2 $: $1 " TLS handshake failed."
RCONFIG $| < $- : $+ > < $* > $*	$#error $@ $2 $: $1 " STARTTLS temporarily not possible."
# the certificate
ROK $| < $- : $+ > < VERIFY : $+ > < $* >	$: < $1:$2 > < $3 > < $4 >
RTRUSTED $| < $- : $+ > < VERIFY : $+ > < $* >	$: < $1:$2 > < $3 > < $4 >
R$* $| < $- : $+ > < ENCR : $+ > < $* >	$: < $2:$3 > < $4 > < $5 >
RNO $| < $- : $+ > < $* > < $* >	$#error $@ $2 $: $1 " not authenticated"
RNOT $| < $- : $+ > < $* > < $* >	$#error $@ $2 $: $1 " no authentication requested"
RFAIL $| < $- : $+ > < $* > < $* >	$#error $@ $2 $: $1 " authentication failed"
RNONE $| < $- : $+ > < $* > < $* >	$#error $@ $2 $: $1 " other side does not support STARTTLS"
RCLEAR $| < $- : $+ > < $* > < $* >	$#error $@ $2 $: $1 " STARTTLS disabled locally"
R$| < $- : $+ > < $* > $*	$#error $@ $2 $: $1 " authentication required"
R$+ $| < $- : $+ > < $* > < $* >	$#error $@ $3 $: $2 " authentication failure " $5
# the strength of the cipher, or of the layer that AUTH put on
R< $- : $+ > < $+ > < $* >	$: < $1:$2 > < $3 > < $4 > $| $>max $&{cipher_bits} : $&{auth_ssf}
R< $- : $+ > < $+ > < $* > $| $-	$: $(arith l $@ $5 $@ $3 $) $| < $1:$2 > < $3 > < $4 > $| $5
RTRUE $| < $- : $+ > < $+ > < $* > $| $-	$#error $@ $2 $: $1 " encryption too weak " $5 " less than " $3
RFALSE $| < $- : $+ > < $+ > < $* > $| $-	$@ $>TLS_extensions < $1:$2 > < $4 >
# no demand
R$* $| $*		$: OK $| $1
ROK $| PROTOCOL		$#error $@ _TLS_CODE_ $: "_TLS_REPLY_ STARTTLS failed."
ifdef(`_STS_', `', `ROK $| SOFTWARE		$#error $@ _TLS_CODE_ $: "_TLS_REPLY_ TLS handshake failed."
')dnl
ROK $| CONFIG		$#error $@ _TLS_CODE_ $: "_TLS_REPLY_ STARTTLS temporarily not possible."
ROK $| $*		$@ OK
')dnl
RPROTOCOL		$#error $@ _TLS_CODE_ $: "_TLS_REPLY_ STARTTLS failed."
ifdef(`_STS_', `', `RSOFTWARE		$#error $@ _TLS_CODE_ $: "_TLS_REPLY_ TLS handshake failed."
')dnl
RCONFIG			$#error $@ _TLS_CODE_ $: "_TLS_REPLY_ STARTTLS temporarily not possible."

ifdef(`_ACCESS_TABLE_', `# the names in the certificate, one demand after the other
STLS_extensions
R< $+ > < >		$@ OK
R< $+ > < $+ + + $* >	$: < $1 > $| $2 $| $3
R< $+ > < $+ >		$: < $1 > $| $2 $|
R< $+ > $| CN $| $*	$: < $1 > $| CN : $&{TLS_Name} $| $2
R< $+ > $| CN : $&{cn_subject} $| $*	$@ $>TLS_extensions < $1 > < $2 >
R< $+ > $| CS : $&{cert_subject} $| $*	$@ $>TLS_extensions < $1 > < $2 >
R< $+ > $| CI : $&{cert_issuer} $| $*	$@ $>TLS_extensions < $1 > < $2 >
R< $+ > $| CITag : $+ $| $*	$: < $1 > $| CITag : $(access $2:$&{cert_issuer} $: ? $) $| $3
R< $+ > $| CITag : OK $| $*	$@ $>TLS_extensions < $1 > < $2 >
R< $- : $+ > $| CN : $* $| $*	$#error $@ $2 $: $1 " CN " $&{cn_subject} " does not match " $3
R< $- : $+ > $| CS : $* $| $*	$#error $@ $2 $: $1 " Cert Subject " $&{cert_subject} " does not match " $3
R< $- : $+ > $| CI : $* $| $*	$#error $@ $2 $: $1 " Cert Issuer " $&{cert_issuer} " does not match " $3
R< $- : $+ > $| CITag : $* $| $*	$#error $@ $2 $: $1 " Cert Issuer " $&{cert_issuer} " not acceptable"
R$*			$@ OK

# the larger of two numbers
Smax
R:			$: 0
R: $-			$: $1
R$- :			$: $1
R$- : $-		$: $(arith l $@ $1 $@ $2 $) : $1 : $2
RTRUE : $- : $-		$: $2
R$- : $- : $-		$: $2

_TITLE_(`RelayTLS: RELAY for a client whose certificate the access table knows')

SRelayTLS
ROK			$: < $(access CERTISSUER:_CERT_NAME_(`issuer', `ISSUER') $: ? $) >
R< SUBJECT >		$: < $(access CERTSUBJECT:_CERT_NAME_(`subject', `SUBJECT') $: ? $) >
R< RELAY >		$@ RELAY
R< $* <TMPF> >		$@ < $1 <TMPF> >
R$*			$@ NO
')dnl

_TITLE_(`authinfo: what we say to a server that wants AUTH')

Sauthinfo
ifdef(`_AUTHINFO_TABLE_', `R$*			$: < $(authinfo AuthInfo:$&{server_name} $: ? $) >
R< ? >			$: < $(authinfo AuthInfo:$&{server_addr} $: ? $) >
R< ? >			$: < $(authinfo AuthInfo: $: ? $) >
R< ? >			$@ no
R< $* >			$#$1
', `ifdef(`_ACCESS_TABLE_', `R$*			$: $1 $| $>D < $&{server_name} > < ? > < ! AuthInfo > < >
R$* $| < ? > $*		$: $1 $| $>A < $&{server_addr} > < ? > < ! AuthInfo > < >
R$* $| < ? > $*		$: $1 $| < $(access AuthInfo: $: ? $) >
R$* $| < ? > $*		$@ no
R$* $| < $* <TMPF> > $*	$# <TMPF>
R$* $| < $* > $*	$#$2
')')dnl
