define(`f', `<$1|$2|$#|$*|$@|$10>')dnl
f
f()
f(a, b)
f(`a, b', (c, d),  ` e ')
f(1,2,3,4,5,6,7,8,9,ten)
changequote([,])dnl
f([a`b], [[c]])
changequote(<<,>>)f(<<a, <<b>> >>)
changequote
`a`b'c' # f(x) is not expanded here
changecom(`/*', `*/')/* f(x)
f */ # f(x)
changecom# f(y)
changequote(`',`')`f(z)'
