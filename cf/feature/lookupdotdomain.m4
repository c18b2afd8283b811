divert(-1)
dnl FEATURE(lookupdotdomain) -- the access table may have .domain keys.
ifdef(`_ACCESS_TABLE_', `define(`_LOOKUPDOTDOMAIN_')', `_SAY_(`*** ERROR: FEATURE(`lookupdotdomain') requires FEATURE(`access_db')')')
