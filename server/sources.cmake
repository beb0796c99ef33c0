# The server without its connections and start-up: what the tests drive directly.
set(KVD_CORE_SOURCES
  request.cpp
  reply.cpp
  store.cpp
  commands/config.cpp
  commands/connection.cpp
  commands/describe.cpp
  commands/dispatch.cpp
  commands/generic.cpp
  commands/info.cpp
  commands/list.cpp
  commands/lookup.cpp
  commands/string.cpp
  commands/text.cpp
)
