# libedit for the prompt of kvd, as static libraries with what they need of a terminal.
find_path(LIBEDIT_INCLUDE_DIR histedit.h)
set(LIBEDIT_LIBRARIES "")
foreach(part edit tinfo bsd md)
  find_library(LIBEDIT_${part}_LIBRARY NAMES lib${part}.a ${part})
  list(APPEND LIBEDIT_LIBRARIES ${LIBEDIT_${part}_LIBRARY})
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libedit DEFAULT_MSG LIBEDIT_edit_LIBRARY LIBEDIT_tinfo_LIBRARY
  LIBEDIT_bsd_LIBRARY LIBEDIT_md_LIBRARY LIBEDIT_INCLUDE_DIR)
if(Libedit_FOUND AND NOT TARGET Libedit::Libedit)
  add_library(Libedit::Libedit INTERFACE IMPORTED)
  set_target_properties(Libedit::Libedit PROPERTIES
    INTERFACE_LINK_LIBRARIES "${LIBEDIT_LIBRARIES}"
    INTERFACE_INCLUDE_DIRECTORIES "${LIBEDIT_INCLUDE_DIR}")
endif()
