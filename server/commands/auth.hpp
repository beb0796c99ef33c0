// Who a client is: the one user `default` and its password. Whether a client has given it is
// in its record; nothing is kept beside that.
#pragma once

#include <string_view>

#include "server/call.hpp"

namespace kv {

/// Whether user and password are right. The time it takes tells nothing of the password.
bool is_right(const ServerView& server, std::string_view user, std::string_view password);

/// Overwrites a password in the request that it came with.
void wipe(std::string_view password);

/// The client as it was when it connected: whether it has to authenticate.
void forget_authentication(Call& call);

}  // namespace kv
