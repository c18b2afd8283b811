dnl options: -s
first
divert(2)two divnum
divert(1)one __line__
divert(-1)nothing
divert(0)dnl
zero undivert(2) more
undivert(`included.txt')
include(`included.txt')b
m4wrap(`last __line__
')m4wrap(`before last ')dnl
`quoted
over lines' end
