# libedit for the prompt of kvd, with what it needs of a terminal.
include(FindStatic)
kv_find_static(Libedit histedit.h edit tinfo bsd md)
