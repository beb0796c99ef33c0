// Reading requests: from received bytes to the argument slices of one command.
//
// Nothing is copied: slices point into the receive buffer. Lengths are read and skipped over,
// never searched for, so values may hold any byte. A frame that is not complete leaves its
// progress in the connection record, and no byte of it is scanned twice; a frame beyond a
// limit is consumed as it arrives, without being kept, and refused at its end.
//
// Source: RESP specification; inline commands and limits as in Redis 7 (networking.c).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kvcore/memory/scratch.hpp"
#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/records.hpp"
#include "server/reply.hpp"

namespace kv {

/// What a request broke.
enum class Limit : uint8_t {
  none,
  key_bytes,      ///< key_size_max
  value_bytes,    ///< val_size_max
  arguments,      ///< command_args_max
  request_bytes,  ///< the largest request that the limits permit
};

struct Parse {
  enum class Status : uint8_t {
    complete,    ///< the scratch holds the arguments; none for an empty line or array
    incomplete,  ///< more bytes are needed; `consumed` of these can be dropped already
    refused,     ///< a frame beyond a limit ended; see record.refused_limit and refused_value
    broken,      ///< not the protocol: reply with `error`, then close
  };

  Status status;
  uint64_t consumed;       ///< bytes of the input that are done with
  uint64_t needs;          ///< incomplete: bytes that the input must hold in all, at least;
                           ///< always more than it holds now
  std::string_view error;  ///< broken: the text behind "-ERR " (a literal)
};

/// Whether the client's input begins in the middle of a frame, or with what is known of it.
inline bool is_inside_frame(const ConnectionRecord& record) {
  return record.frame_needs > 0 || record.discard_bytes > 0 || record.discard_args > 0;
}

/// A request that parse_plain() has read; 0 bytes where there is none.
struct PlainRequest {
  uint64_t bytes = 0;
  uint64_t arguments = 0;
  bool lacks_room = false;  ///< it has more arguments than there was room for
};

class RequestParser {
 public:
  /// Limits come from the resolved config and its terms.
  explicit RequestParser(const Allocation& allocation);

  /// Parses one frame at the start of `input`. `record` holds the progress of a frame that
  /// was incomplete before; `input` then begins at the same frame, with more bytes.
  /// On `complete` the slices are in `scratch`, which is reset first; the same frame may then
  /// be parsed again. Inline arguments with quotes are unquoted into the end of `scratch`.
  Parse parse(std::string_view input, ConnectionRecord& record, Scratch& scratch) const;

  /// Parses the usual frame: a whole array of one argument or more, within every limit, of a
  /// client that may send any. Its arguments go to the front of `room`. Everything else is for
  /// parse().
  PlainRequest parse_plain(std::string_view input, std::span<Slice> room) const;

 private:
  Parse parse_array(std::string_view input, ConnectionRecord& record, Scratch& scratch) const;
  Parse parse_inline(std::string_view input, ConnectionRecord& record, Scratch& scratch) const;
  Parse begin_discard(std::string_view input, uint64_t at, ConnectionRecord& record) const;

  uint64_t argument_bytes_max_;  ///< no argument of any command may be longer
  uint64_t arguments_max_;
  uint64_t request_bytes_max_;
  uint64_t inline_bytes_max_;
};

/// The reply to a refused frame, from record.refused_limit and refused_value.
void write_refusal(ReplyWriter& reply, const ConnectionRecord& record,
                   const Allocation& allocation);

}  // namespace kv
