# libseccomp for the sandbox of kvd.
include(FindStatic)
kv_find_static(Libseccomp seccomp.h seccomp)
