divert(-1)
dnl connect.m4 -- check_relay: may this client talk to us at all? What the access table, DNS lists and limits say.

dnl With FEATURE(delay_checks) check_relay and check_mail wait until there is a recipient: they get other names, and
dnl check_rcpt calls them.
define(`_CHECK_', `ifdef(`_DELAY_CHECKS_', `check$1', `check_$1')')
define(`_TEMP_TEXT_', `"451 Temporary system failure. Please try again later."')
divert(0)dnl
ifdef(`_ACCESS_TABLE_', `_TITLE_(`what a value of the access table means')

SVerdict
R< $={Accept} >		$@ $1
R< REJECT >		$#error ifdef(`confREJECT_MSG', `$: confREJECT_MSG', `$@ 5.7.1 $: "550 Access denied"')
R< DISCARD >		$#discard $: discard
R< QUARANTINE : $+ >	$#error $@ quarantine $: $1
R< ERROR : $- . $- . $- : $+ >	$#error $@ $1.$2.$3 $: $4
R< ERROR : $+ >		$#error $: $1
R< $* <TMPF> >		$#error $@ 4.3.0 $: _TEMP_TEXT_
R< $+ >			$#error $: $1
')dnl

_TITLE_(`check_relay: a client connects; its name and address')

SLocal_check_relay
S`'_CHECK_(`relay')
ifdef(`_USE_CLIENT_PTR_', `_FROM_(`use_client_ptr')
# the name that the PTR record says, verified or not
R$* $| $*		$: $&{client_ptr} $| $2
#<
')dnl
R$*			$: $1 $| $>"Local_check_relay" $1
R$* $| $* $| $#$*	$#$3
R$* $| $* $| $*		$@ $>"Basic_check_relay" $1 $| $2

SBasic_check_relay
R$* $| $*		$: $1 $| $2
ifdef(`_ACCESS_TABLE_', `# by name, then by address
R$+ $| $*		$: $>D < $1 > < ? > < + Connect > < $2 >
R$| $+			$: $>A < $1 > < ? > < + Connect > < >
R< ? > < $+ >		$: $>A < $1 > < ? > < + Connect > < >
R< ? > < $* >		$: OK
R< $={Accept} > < $* >	$@ $1
R< $+ > < $* >		$@ $>Verdict < $1 >
')dnl
undivert(_SECTION_CONNECT_)dnl
undivert(8)_SECTION_END_(8)dnl
undivert(_SECTION_LIMITS_)dnl

ifdef(`_LIMITS_AT_ONCE_', `_TITLE_(`limits that do not wait for a recipient')

Scheck_relay
undivert(_SECTION_LIMITS_NOW_)')dnl
