// Expire times in requests: from a number of seconds or milliseconds, relative to now or since
// 1970, to a deadline of the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/call.hpp"

namespace kv {

/// How a number says when a key expires: EX, PX, EXAT, PXAT.
struct ExpireUnit {
  bool seconds = false;
  bool since_1970 = false;
};

/// The deadline that the number of a SET or GETEX means. Where it means none, replies with the
/// error that names `command` (in lower case). Source: getExpireMillisecondsOrReply() of Redis 7.
std::optional<uint64_t> parse_deadline(Call& call, std::string_view text, ExpireUnit unit,
                                       std::string_view command);

}  // namespace kv
