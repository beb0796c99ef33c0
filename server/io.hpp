// The io interface: the few verbs that the server needs of the outside world.
//
// Verbs only queue work; wait() hands everything queued to the kernel at once and returns
// what has completed. The server knows nothing else of sockets and time, so its core is
// deterministic and can be driven by io_uring, by another backend, or by a simulator.
//
//     accept() receive_any() receive_into() send()  ──►  wait()  ──►  Completion …
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/plan/records.hpp"

namespace kv {

enum class Operation : uint8_t { accept, receive, send, file };

/// The connection that an operation belongs to. The generation tells a reused record apart.
struct Target {
  uint32_t connection;
  uint32_t generation;
  int socket;
};

struct Completion {
  Operation operation;
  uint32_t connection;  ///< accept: the listener; file: nothing
  uint32_t generation;
  int32_t result;   ///< accept: the socket; a file that is on disk: 0; else bytes; 0 for an end of
                    ///< stream; or -errno
  uint32_t buffer;  ///< the receive buffer that receive_any() filled, or index_none
};

class Io {
 public:
  virtual ~Io() = default;

  /// Accepts one client of a listener. At most one accept of each is in flight.
  virtual void accept(uint32_t listener) = 0;

  /// Who is at either end of a socket that was accepted.
  virtual void name(int socket, SocketName& peer, SocketName& local) = 0;

  /// Ends listening: an accept in flight completes with an error, and the port is free.
  virtual void stop_accepting() = 0;

  /// Receives into a shared buffer that is chosen when bytes arrive. Completes with -ENOBUFS
  /// when none is free then.
  virtual void receive_any(Target target) = 0;

  /// Receives into `room`, which stays valid until the completion.
  virtual void receive_into(Target target, std::span<char> room) = 0;

  /// Sends `bytes`, which stay valid until the completion. May send only a part.
  virtual void send(Target target, std::span<const char> bytes) = 0;

  /// Gives a buffer that a completion named back for receive_any().
  virtual void release_buffer(uint32_t buffer) = 0;

  /// Whether the client has closed its side or is gone; asks at once and receives nothing.
  virtual bool has_left(int socket) = 0;

  /// Ends both directions, so that operations in flight complete. The socket stays open.
  virtual void shut_down(int socket) = 0;

  /// Bytes that were sent and are still in the kernel: the client has not taken them. 0 where
  /// nobody will any more.
  virtual uint64_t unsent_bytes(int socket) = 0;

  /// Ends sending: the client gets what is unsent, and behind it the end of the stream.
  virtual void end_sending(int socket) = 0;

  /// What is unsent when the socket is closed is dropped then, and the client is told so. A Unix
  /// socket keeps it: it lies with the client already.
  virtual void drop_unsent(int socket) = 0;

  /// Closes the socket. REQUIRES: none of its operations is in flight.
  virtual void close(int socket) = 0;

  /// Sends `text` as far as that is possible at once, and closes the socket.
  virtual void refuse(int socket, std::string_view text) = 0;

  /// Submits what was queued and waits until something completes or `timeout_ms` have passed
  /// (forever for UINT64_MAX), or a signal arrives. Returns how many of `out` were filled.
  virtual uint64_t wait(std::span<Completion> out, uint64_t timeout_ms) = 0;

  /// A clock that never goes back, in microseconds.
  virtual uint64_t monotonic_us() = 0;
  /// Microseconds since 1970.
  virtual uint64_t unix_us() = 0;
};

/// Which file it is, whatever its name. None where it cannot be looked at.
struct FileId {
  uint64_t device = 0;
  uint64_t inode = 0;

  bool is_known() const { return inode != 0; }
  bool operator==(const FileId&) const = default;
};

/// Files that are open from the start. One operation is in flight at a time; it completes in
/// Io::wait() as an Operation::file.
class FileIo {
 public:
  virtual ~FileIo() = default;

  /// Writes `bytes`, which stay valid until the completion, at `offset`. May write only a part.
  virtual void write_file(int file, uint64_t offset, std::span<const std::byte> bytes) = 0;

  /// Completes when everything that was written to the file, or what is in the directory, is on
  /// disk.
  virtual void sync_file(int file) = 0;

  /// Exchanges two names in a directory, at once and in one step of the file system. Not on disk
  /// before the directory is synced. Returns 0 or an errno, with which both are as they were.
  virtual int exchange_names(int directory, const char* one, const char* other) = 0;

  /// The file of that name.
  virtual FileId file_id(int directory, const char* name) = 0;
};

}  // namespace kv
