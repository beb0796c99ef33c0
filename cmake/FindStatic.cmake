# kv_find_static(NAME HEADER LIBRARY...): finds a package that comes without a CMake one, and
# makes the target NAME::NAME of its libraries. Static ones keep the programs self-contained.
include(FindPackageHandleStandardArgs)

macro(kv_find_static name header)
  string(TOUPPER ${name} prefix)
  find_path(${prefix}_INCLUDE_DIR ${header})
  set(kv_required ${prefix}_INCLUDE_DIR)
  set(${prefix}_LIBRARIES "")
  foreach(library ${ARGN})
    find_library(${prefix}_${library}_LIBRARY NAMES lib${library}.a ${library})
    list(APPEND kv_required ${prefix}_${library}_LIBRARY)
    list(APPEND ${prefix}_LIBRARIES ${${prefix}_${library}_LIBRARY})
  endforeach()
  find_package_handle_standard_args(${name} DEFAULT_MSG ${kv_required})
  if(${name}_FOUND AND NOT TARGET ${name}::${name})
    add_library(${name}::${name} INTERFACE IMPORTED)
    set_target_properties(${name}::${name} PROPERTIES
      INTERFACE_LINK_LIBRARIES "${${prefix}_LIBRARIES}"
      INTERFACE_INCLUDE_DIRECTORIES "${${prefix}_INCLUDE_DIR}")
  endif()
endmacro()
