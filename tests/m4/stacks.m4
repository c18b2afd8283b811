define(`a', `one')pushdef(`a', `two')a popdef(`a')a popdef(`a')a
define(`mylen', defn(`len'))mylen(abc) undefine(`len')len(abc) mylen(abc)
define(`rev', `ifelse($#, 0, , $#, 1, ``$1'', `rev(shift($@)), `$1'')')rev(a, `b, c', d)
define(`for', `pushdef(`$1', `$2')_for(`$1', `$3', `$4')popdef(`$1')')dnl
define(`_for', `$3`'ifelse($1, `$2', , `define(`$1', incr($1))_for(`$1', `$2', `$3')')')dnl
for(`i', 1, 5, `i ')
indir(`define', `odd name', `v$1')indir(`odd name', 3) builtin(`incr', 7) ifdef(`odd name', yes, no)
ifelse(a, b, 1, c, c, 2, 3) ifelse(x) ifelse(a, b, c) ifelse(a, b, c, d, e)
dumpdef(`mylen', `a')dnl
define(`a', `x')dumpdef(`a', `define')
