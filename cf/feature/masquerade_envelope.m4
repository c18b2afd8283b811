divert(-1)
dnl FEATURE(masquerade_envelope) -- envelope senders are masqueraded too.
define(`_MASQUERADE_ENVELOPE_')
