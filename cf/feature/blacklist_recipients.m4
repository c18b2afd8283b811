divert(-1)
dnl FEATURE(blacklist_recipients) -- the old name of blocklist_recipients.
_SAY_(`WARNING: FEATURE(blacklist_recipients) is deprecated; use FEATURE(blocklist_recipients.m4).')
FEATURE(`blocklist_recipients')
