#include "server/commands/client_text.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "kvcore/memory/assert.hpp"
#include "server/commands/text.hpp"
#include "server/connection_flags.hpp"
#include "server/connections.hpp"

namespace kv {

namespace {

template <uint64_t capacity, class... Args>
void append(HeldText<capacity>& out, fmt::format_string<Args...> format, Args&&... args) {
  const auto end = fmt::format_to_n(out.text + out.bytes, capacity - out.bytes, format,
                                    std::forward<Args>(args)...);
  KV_ASSERT(end.size <= capacity - out.bytes);
  out.bytes += end.size;
}

/// The record's index, by which blocking and transactions know the client.
uint32_t index_of(const ConnectionRecord& client, const ServerView& server) {
  return static_cast<uint32_t>(&client - server.records.data());
}

bool in_transaction(const ConnectionRecord& client) {
  return client_trait::has(client, client_trait::in_transaction);
}

/// How many commands are queued, or -1.
int64_t queued_count(const ConnectionRecord& client, const ServerView& server) {
  if (!in_transaction(client)) return -1;
  return static_cast<int64_t>(server.transactions->command_count(index_of(client, server)));
}

HeldText<8> flags_text(const ConnectionRecord& client, const ServerView& server) {
  HeldText<8> out;
  const auto add = [&](bool has, char letter) {
    if (has) out.text[out.bytes++] = letter;
  };
  add(in_transaction(client), 'x');
  add(server.blocking->is_blocked(index_of(client, server)), 'b');
  add(connection_flag::has(client, connection_flag::ending), 'c');
  add(client_trait::has(client, client_trait::killed), 'A');
  add(client.peer.family == SocketName::Family::unix_socket, 'U');
  add(client_trait::has(client, client_trait::no_evict), 'e');
  add(client_trait::has(client, client_trait::no_touch), 'T');
  add(out.bytes == 0, 'N');
  return out;
}

HeldText<32> command_text(uint8_t command) {
  HeldText<32> out;
  if (command >= command_count) {
    append(out, "NULL");
    return out;
  }
  const std::string_view name = command_info(static_cast<Command>(command)).name;
  out.bytes = name.size();
  std::transform(name.begin(), name.end(), out.text, lower_case);
  return out;
}

uint64_t request_room(const ConnectionRecord& client, const Terms& planned) {
  if (client.large_request != index_none) return planned.request_bytes_max;
  return client.request_buffer != index_none ? planned.request_unit_bytes : 0;
}

uint64_t reply_room(const ConnectionRecord& client, const Terms& planned) {
  if (client.large_reply != index_none) return planned.reply_bytes_max;
  return client.reply_buffer != index_none ? planned.reply_unit_bytes : 0;
}

}  // namespace

AddressText address_text(const SocketName& name, const Config& config) {
  AddressText out;
  char numbers[INET6_ADDRSTRLEN] = {};
  switch (name.family) {
    case SocketName::Family::v4:
      inet_ntop(AF_INET, name.address + 12, numbers, sizeof numbers);
      append(out, "{}:{}", static_cast<const char*>(numbers), name.port);
      break;
    case SocketName::Family::v6:
      inet_ntop(AF_INET6, name.address, numbers, sizeof numbers);
      append(out, "[{}]:{}", static_cast<const char*>(numbers), name.port);
      break;
    case SocketName::Family::unix_socket:
      append(out, "{}:0", config.server_unix_socket.view());
      break;
    case SocketName::Family::unknown:
      append(out, "?:0");
      break;
  }
  return out;
}

ClientLine client_line(const ConnectionRecord& client, const ServerView& server) {
  const Terms& planned = server.allocation->terms;
  const Config& config = server.allocation->config;
  const uint64_t input = client.request_end - client.request_begin;
  const uint64_t request_bytes = request_room(client, planned);
  const uint64_t reply_bytes = reply_room(client, planned);
  const uint64_t unsent = client.reply_filled - client.reply_sent;
  ClientLine out;
  append(out, "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db=0 ",
         client.client_id, address_text(client.peer, config).view(),
         address_text(client.local, config).view(), client.socket, held_name(client.name),
         (server.clock_ms - client.connected_ms) / 1000,
         (server.clock_ms - client.active_ms) / 1000, flags_text(client, server).view());
  append(out, "sub=0 psub=0 ssub=0 multi={} qbuf={} qbuf-free={} argv-mem=0 multi-mem=0 ",
         queued_count(client, server), input, request_bytes > input ? request_bytes - input : 0);
  append(out, "rbs={} rbp=0 obl={} oll=0 omem=0 tot-mem={} events={} cmd={} user=default ",
         reply_bytes, unsent, sizeof client + request_bytes + reply_bytes, unsent > 0 ? "rw" : "r",
         command_text(client.last_command).view());
  append(out, "redir=-1 resp={} lib-name={} lib-ver={}\n", client.protocol,
         held_name(client.lib_name), held_name(client.lib_version));
  return out;
}

}  // namespace kv
