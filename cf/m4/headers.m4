divert(-1)
dnl headers.m4 -- queue groups, precedences, trusted users, the headers that mail gets.
_DEFIFNOT(`confFROM_HEADER', `ifdef(`_NULL_CLIENT_', `<$g>', `$?x$x <$g>$|$g$.')')
_DEFIFNOT(`confMESSAGEID_HEADER', `<$t.$i@$j>')
_DEFIFNOT(`confRECEIVED_HEADER', `$?sfrom $s $.$?_($?s$|from $.$_)
	$.$?{auth_type}(authenticated$?{auth_ssf} bits=${auth_ssf}$.)
	$.by $j ($v/$Z)$?r with $r$. id $i$?{tls_version}
	(version=${tls_version} cipher=${cipher} bits=${cipher_bits} verify=${verify})$.$?u
	for $u; $|;
	$.$b')
divert(0)dnl
_TITLE_(`queue groups')
undivert(_SECTION_QGROUP_)dnl
_TITLE_(`values of a Precedence: header')
Pfirst-class=0
Pspecial-delivery=100
Plist=-30
Pbulk=-60
Pjunk=-100
_TITLE_(`users who may set the sender address')
ifdef(`_USE_CT_FILE_', `_FROM_(`use_ct_file')
F{t}confCT_FILE
#<
')dnl
Troot
Tdaemon
ifdef(`_NO_UUCP_', `', `Tuucp
')dnl
_OPTINS(`confTRUSTED_USERS', `T', `
')dnl
_TITLE_(`headers that are added where a message has none')
H?P?Return-Path: <$g>
HReceived: confRECEIVED_HEADER
H?D?Resent-Date: $a
H?D?Date: $a
H?F?Resent-From: confFROM_HEADER
H?F?From: confFROM_HEADER
H?x?Full-Name: $x
H?M?Resent-Message-Id: confMESSAGEID_HEADER
H?M?Message-Id: confMESSAGEID_HEADER
