divert(-1)
dnl FEATURE(limited_masquerade) -- only class M is masqueraded, not our own names.
define(`_LIMITED_MASQUERADE_')
