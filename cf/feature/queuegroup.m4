divert(-1)
dnl FEATURE(queuegroup, default) -- the queue group of a recipient: QGRP: in the access table.
ifdef(`_ACCESS_TABLE_', `', `_SAY_(`*** ERROR: FEATURE(`queuegroup') requires FEATURE(`access_db')')')
PUSHDIVERT(_SECTION_RULESETS_)dnl
_TITLE_(`queuegroup: where a recipient waits')

Squeuegroup
R< $+ >			$: $1
R$+ @ $+		$: $>SearchList < ! QGRP > $| < F:$1@$2 > < D:$2 > < >
R< ? >			ifelse(defn(`_ARG_'), `', `$@', `$# _ARG_')
R< $+ >			$# $1
POPDIVERT
