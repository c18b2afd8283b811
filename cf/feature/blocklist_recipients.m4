divert(-1)
dnl FEATURE(blocklist_recipients) -- recipients that the access table refuses.
ifdef(`_ACCESS_TABLE_', `define(`_BLOCKLIST_RCPT_')', `_SAY_(`*** ERROR: FEATURE(blocklist_recipients) requires FEATURE(access_db)')')
