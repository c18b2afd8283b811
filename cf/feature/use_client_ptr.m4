divert(-1)
dnl FEATURE(use_client_ptr) -- check_relay sees the name of the PTR record, verified or not.
define(`_USE_CLIENT_PTR_')
