divert(-1)
dnl FEATURE(accept_unqualified_senders) -- a sender address needs no domain.
define(`_UNQUALIFIED_SENDERS_')
