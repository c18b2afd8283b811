divert(-1)
dnl FEATURE(block_bad_helo) -- clients whose HELO is no name, or one of ours; needs FEATURE(delay_checks).
define(`_BLOCK_BAD_HELO_')
RELAY_DOMAIN(`127.0.0.1 IPv6:0:0:0:0:0:0:0:1 IPv6:::1')
LOCAL_DOMAIN(`[127.0.0.1] [IPv6:0:0:0:0:0:0:0:1] [IPv6:::1]')
