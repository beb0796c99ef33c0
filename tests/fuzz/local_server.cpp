#include "local_server.hpp"

#include <cstdio>
#include <cstdlib>

#include "server/repl/reply_text.hpp"
#include "tests/simulation/script.hpp"

namespace kv::fuzz {

void require(bool holds, std::string_view what, std::string_view detail) {
  if (holds) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

Config small_config() {
  Config config;
  config.connections_max = 3;
  config.key_count = 12;
  config.key_size_max = 40;
  config.val_size_max = 200;
  config.list_length_max = 5;
  config.block_bytes = 32;
  config.store_bytes = uint64_t{60} * 32;
  config.command_args_max = 64;
  config.request_buffers = 2;
  config.reply_buffers = 2;
  config.request_buffer_bytes = 1024;
  config.reply_buffer_bytes = 1024;
  config.large_request_slots = 1;
  config.large_reply_slots = 1;
  return config;
}

LocalServer::LocalServer(const Config& config) {
  const std::string wrong = whole_.carve(config);
  require(wrong.empty(), wrong);
  io_.emplace(whole_.instance.connections.request_area(), LocalIo::Clock::simulated);
  whole_.start(*io_);
}

std::string LocalServer::command(int client, const std::vector<std::string>& words,
                                 uint64_t turns) {
  io_->write(client, sim::frame(words));
  std::string reply;
  for (uint64_t i = 0; i < turns && !io_->closed(client); ++i) {
    turn();
    reply += io_->take_replies(client);
    if (reply_bytes(reply) > 0) break;
  }
  return reply;
}

void LocalServer::end_and_check(int clients) {
  for (int client = 0; client < clients; ++client) io_->hang_up(client);
  for (int i = 0; i < 10000; ++i) {
    bool all_closed = true;
    for (int client = 0; client < clients; ++client) all_closed &= io_->closed(client);
    if (all_closed) break;
    turn();
  }
  for (int client = 0; client < clients; ++client) {
    require(io_->closed(client), "a client that hung up is still connected");
  }
  require(whole_.instance.connections.count() == 0, "a connection record is left in use");
  for (const Part part : {Part::connection_records, Part::request_buffers, Part::reply_buffers,
                          Part::large_requests, Part::large_replies}) {
    require(whole_.view.use[static_cast<uint64_t>(part)].used == 0, "left in use",
            part_info(part).id_text);
  }
}

}  // namespace kv::fuzz
