divert(-1)
dnl CS.Berkeley.EDU.m4 -- a sample of a domain file, named after the first one of them.
DOMAIN(`Berkeley.EDU')
define(`confUSERDB_SPEC', ``/usr/sww/share/lib/users.cs.db,/usr/sww/share/lib/users.eecs.db'')
