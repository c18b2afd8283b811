eval(2 ** 3 ** 2) eval(-7 / 2) eval(-7 % 2) eval(1 << 33) eval(~0 >> 1) eval(0x1F + 017 + 0b11 + 0r3:12) eval(255, 16, 6) eval(-5, 2) eval(3, 1, 5)
eval(1 || 1 / 0) eval(0 && 1 / 0) eval(!0 + !5) eval(5 & 3 | 4 ^ 1) eval(1 < 2 == 1) eval(2147483647 + 1)
substr(`abcdef', 2) substr(`abcdef', 2, 2) substr(`abcdef', -1) index(`abcdef', `cd') index(`a', `b')
translit(`hello', `a-y', `b-z') translit(`hello', `lo') translit(`abc', `c-a', `1-3') translit(`a-b', `-', `+')
format(`%5d|%-5s|%05.1f|%x|%c|%s|%%|%+d|%e|%g|%a', 42, `ab', 3.14159, 255, 65, `s', 7, 12345.678, 1e-10, 1.5)
regexp(`GNUs not Unix', `\<[a-z]\w+') regexp(`GNUs not Unix', `\w\(\w+\)$', `*** \& *** \1 ***') regexp(`abc', `z')
patsubst(`GNUs not Unix', `^', `OBS: ') patsubst(`GNUs not Unix', `\w+', `(\&)') patsubst(`abc', `', `-') patsubst(`a.b', `\.')
esyscmd(`echo from the shell; exit 3')sysval syscmd(`exit 4')sysval
