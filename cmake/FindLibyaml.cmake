# libyaml comes without a CMake package; the static library keeps kvplan self-contained.
find_path(LIBYAML_INCLUDE_DIR yaml.h)
find_library(LIBYAML_LIBRARY NAMES libyaml.a yaml)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libyaml DEFAULT_MSG LIBYAML_LIBRARY LIBYAML_INCLUDE_DIR)
if(Libyaml_FOUND AND NOT TARGET Libyaml::Libyaml)
  add_library(Libyaml::Libyaml UNKNOWN IMPORTED)
  set_target_properties(Libyaml::Libyaml PROPERTIES
    IMPORTED_LOCATION "${LIBYAML_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LIBYAML_INCLUDE_DIR}")
endif()
