// The records of clients: their connections, what they watch, wait for and queue, and what is
// counted and noted of their commands.
//
// Like those of the store they refer to one another by 32-bit index, never by pointer, so a sizeof
// here is the bytes that the plan counts.
#pragma once

#include <cstdint>

namespace kv {

/// A link of an intrusive doubly linked queue of connections.
struct QueueLink {
  uint32_t previous;
  uint32_t next;
};
static_assert(sizeof(QueueLink) == 8);

/// One end of a connection. An IPv4 address is mapped into IPv6 (::ffff:127.0.0.1).
struct SocketName {
  enum class Family : uint8_t { unknown, v4, v6, unix_socket };

  uint8_t address[16];
  uint16_t port;
  Family family;
  uint8_t reserved;
};
static_assert(sizeof(SocketName) == 20 && alignof(SocketName) == 2);

/// What was counted of one command.
struct CommandStatistics {
  uint64_t calls;
  uint64_t microseconds;
  uint64_t rejected;  ///< refused before it ran: arity, limits, AUTH
  uint64_t failed;    ///< ran, and answered with an error
};
static_assert(sizeof(CommandStatistics) == 32 && alignof(CommandStatistics) == 8);

/// A command in the slow log. `text` holds the arguments, each behind its length in a byte.
struct SlowCommand {
  uint64_t id;
  uint64_t unix_s;
  uint64_t microseconds;
  SocketName peer;
  uint16_t arguments;   ///< that are in `text`
  uint16_t text_bytes;  ///< of `text` in use
  char client_name[48];
  char text[288];
};
static_assert(sizeof(SlowCommand) == 384 && alignof(SlowCommand) == 8);

/// A key that clients watch or wait for, by its hash. Free ones are chained through `next`.
struct WatchedKey {
  uint32_t hash_high;   ///< upper half of the key's hash
  uint32_t entry;       ///< where the key is in the map, or index_none
  uint32_t next;        ///< in the chain of the hash
  uint32_t first_wait;  ///< of the clients that wait for elements, the longest first
  uint32_t last_wait;
  uint32_t first_watch;  ///< of the clients that watch
  uint32_t next_ready;   ///< in the queue of those that waiting clients may find elements under
  bool ready;
  uint8_t unused[3];
};
static_assert(sizeof(WatchedKey) == 32 && alignof(WatchedKey) == 4);

/// That one client watches or waits for one key. Free ones are chained through `next`.
struct KeyWatch {
  uint32_t key;
  uint32_t client;
  uint32_t previous;  ///< of the same key and kind
  uint32_t next;
  uint32_t next_of_client;
};
static_assert(sizeof(KeyWatch) == 20 && alignof(KeyWatch) == 4);

/// What a client watches and waits for.
struct ClientWatches {
  uint32_t waits;    ///< first of its KeyWatch records, or index_none
  uint32_t watches;  ///< likewise
  bool changed;      ///< a key that it watches was changed
  uint8_t unused[3];
};
static_assert(sizeof(ClientWatches) == 12 && alignof(ClientWatches) == 4);

/// A client in a blocking command.
struct BlockedClient {
  uint64_t deadline_ms;  ///< when it gives up, or UINT64_MAX
  QueueLink link;        ///< in the list of blocked clients, or of those that go on
  uint8_t state;
  bool timed_out;
  uint8_t unused[6];
};
static_assert(sizeof(BlockedClient) == 24 && alignof(BlockedClient) == 8);

/// A client between MULTI and EXEC.
struct TransactionState {
  uint32_t slot;  ///< that holds the queue, or index_none
  uint32_t bytes;
  uint32_t commands;
  bool open;
  bool aborted;  ///< a command was refused; EXEC will say so
  bool writes;   ///< one of the commands may change keys
  uint8_t unused[1];
};
static_assert(sizeof(TransactionState) == 16 && alignof(TransactionState) == 4);

/// A client. Free records are chained through `waiting.next`.
///
///     request window                       reply window
///     held buffer: [ … begin ▒▒▒▒ end … ]  held buffer: [ … sent ▒▒▒▒ filled … ]
struct alignas(64) ConnectionRecord {
  uint64_t client_id;
  uint64_t connected_ms;  ///< when it was accepted, on the server's clock
  uint64_t active_ms;     ///< when it last sent a command
  uint64_t progress_ms;   ///< when bytes last moved to or from it

  int32_t socket;       ///< file descriptor, or -1
  uint32_t generation;  ///< grows when the record is reused; part of a completion's identity

  uint32_t request_buffer;  ///< index of the receive buffer held, or index_none
  uint32_t large_request;   ///< index of the large request slot held, or index_none
  uint32_t request_begin;   ///< first byte that is not executed yet
  uint32_t request_end;     ///< end of what was received

  uint32_t reply_buffer;  ///< index of the send buffer held, or index_none
  uint32_t large_reply;   ///< index of the large reply slot held, or index_none
  uint32_t reply_sent;    ///< bytes that the kernel has taken
  uint32_t reply_filled;  ///< bytes encoded

  // Progress in a frame that is not complete, so that no byte is scanned twice.
  uint32_t frame_scanned;    ///< bytes of the frame that were scanned
  uint32_t frame_args_left;  ///< arguments still to be scanned
  uint32_t frame_args;       ///< arguments in the frame
  uint32_t frame_needs;      ///< bytes that the frame is known to need, at least

  // A frame beyond a limit is consumed without being kept.
  uint64_t discard_bytes;  ///< of the current argument, its CRLF included
  uint32_t discard_args;   ///< arguments after it
  uint32_t reply_needs;    ///< bytes that the waiting command wants in its reply buffer
  uint64_t refused_value;  ///< the number that was beyond the limit
  uint8_t refused_limit;   ///< which limit it was, 0 for none

  uint8_t waiting_for;  ///< the resource in whose queue `waiting` is linked
  uint8_t flags;        ///< operations in flight, closing
  uint8_t protocol;     ///< RESP version, 2 or 3
  uint32_t reserved;

  QueueLink waiting;  ///< in the queue for a buffer or slot

  char name[48];         ///< CLIENT SETNAME, NUL-terminated unless full
  char lib_name[32];     ///< CLIENT SETINFO lib-name
  char lib_version[16];  ///< CLIENT SETINFO lib-ver

  uint64_t request_since_ms;  ///< when the first byte of an unfinished request came, or 0
  SocketName peer;
  SocketName local;
  uint16_t traits;       ///< what the client asked to be; see client_trait
  uint8_t last_command;  ///< Command of the last one that was executed
  uint8_t listener;      ///< which socket accepted it
};
static_assert(sizeof(ConnectionRecord) == 320 && alignof(ConnectionRecord) == 64);

}  // namespace kv
