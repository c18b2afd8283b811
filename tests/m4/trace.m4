dnl options: -dV -l 12
define(`f', `len(`$1')')f(abc) f(`a long argument that is cut')
include(`included.txt')
traceon(`f')debugmode(`t')f(x)debugmode(`aeq')f(f(y))
traceoff(`f')f(z)debugmode(`-q')traceon(`f')f(z)
