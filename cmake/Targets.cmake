# How every target of the project is compiled.
#
#   kv_library(name SOURCE...)      a static library with the project's warnings
#   kv_executable(name SOURCE...)   a program, static where KV_STATIC asks for it

add_library(kv_flags INTERFACE)
target_compile_options(kv_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wno-sign-conversion -fno-omit-frame-pointer)
if(KV_WERROR)
  target_compile_options(kv_flags INTERFACE -Werror)
endif()
if(KV_SANITIZE)
  target_compile_options(kv_flags INTERFACE -fsanitize=${KV_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(kv_flags INTERFACE -fsanitize=${KV_SANITIZE})
  set(KV_STATIC OFF)
endif()

if(KV_FUZZ)
  # Coverage for all code, so that the fuzzers see where their inputs lead.
  target_compile_options(kv_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(kv_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(kv_library name)
  add_library(${name} STATIC ${ARGN})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:kv_flags>)
endfunction()

function(kv_executable name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:kv_flags>)
  if(KV_STATIC)
    target_link_options(${name} PRIVATE -static)
  endif()
endfunction()
