divert(-1)
dnl EECS.Berkeley.EDU.m4 -- a sample of a domain file, named after the first one of them.
DOMAIN(`Berkeley.EDU')
MASQUERADE_AS(`EECS.Berkeley.EDU')
