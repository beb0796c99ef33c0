# cmake --install: the programs and their manual pages, the libraries, their headers, and a
# package for find_package(kvcore) with the targets kvcore::plan, kvcore::load, kvcore::memory.
include(CMakePackageConfigHelpers)

install(TARGETS kvplan kvd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/man/kvplan.1 docs/man/kvd.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(TARGETS kvcore_plan kvcore_load kvcore_data kvcore_memory EXPORT kvcore
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY kvcore DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.def")
install(EXPORT kvcore NAMESPACE kvcore:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kvcore
  FILE kvcoreTargets.cmake)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/kvcoreConfig.cmake.in
  ${PROJECT_BINARY_DIR}/kvcoreConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kvcore)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kvcoreConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kvcoreConfig.cmake
  ${PROJECT_BINARY_DIR}/kvcoreConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kvcore)
