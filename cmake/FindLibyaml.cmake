# libyaml for the deployment files that kvplan reads.
include(FindStatic)
kv_find_static(Libyaml yaml.h yaml)
