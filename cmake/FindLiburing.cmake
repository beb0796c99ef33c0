# liburing for the io of kvd.
include(FindStatic)
kv_find_static(Liburing liburing.h uring)
