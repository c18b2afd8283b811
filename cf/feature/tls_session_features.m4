divert(-1)
dnl FEATURE(tls_session_features) -- TLS settings for one host or net from the access table.
define(`_TLS_SESSION_FEATURES_')
