// kvd: parse, plan, allocate, verify, listen, seal, serve.

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "kvcore/memory/seal.hpp"
#include "kvcore/plan/options.hpp"
#include "server/backend.hpp"
#include "server/command_line.hpp"
#include "server/instance.hpp"
#include "server/listener.hpp"
#include "server/privileges.hpp"
#include "server/repl/repl.hpp"
#include "server/room.hpp"
#include "server/sandbox.hpp"
#include "server/seal_hooks.hpp"
#include "server/server.hpp"
#include "server/serving.hpp"
#include "server/signals.hpp"
#include "server/snapshot_start.hpp"
#include "server/start_report.hpp"

namespace {

using kv::KvdExit;

KvdExit fail(KvdExit code, const std::string& message) {
  fmt::print(stderr, "kvd: error: {}\n", message);
  return code;
}

/// Takes every byte that the plan names, and shows that it is what was planned.
/// Not inlined, so that wipe_stack() finds its copies of the config.
[[gnu::noinline]] KvdExit allocate(kv::Instance& instance, const kv::Config& config,
                                   bool with_report) {
  const kv::PlanResult planned = kv::plan(config);
  if (kv::Failure failure = kv::check_room(config, planned.allocation)) {
    return fail(KvdExit::os_error, *failure);
  }
  if (kv::Failure failure = kv::raise_file_limit(config)) {
    return fail(KvdExit::os_error, *failure);
  }
  if (kv::Failure failure = instance.carve(planned.allocation)) {
    return fail(KvdExit::os_error, *failure);
  }
  if (with_report) {
    fmt::print("{}", kv::start_report(instance.allocation, instance.verification));
  }
  std::fflush(stdout);
  if (!instance.verification.equal()) {
    fmt::print(stderr, "{}", kv::difference_report(instance.verification));
    return fail(KvdExit::config, "what was allocated is not what was planned; this is a bug");
  }
  if (kv::Failure failure = instance.back()) return fail(KvdExit::os_error, *failure);
  return KvdExit::ok;
}

/// The last steps before serving: nothing of them can be taken back.
KvdExit seal_process(const kv::SandboxTerms& given, const kv::Config& config,
                     const kv::SnapshotFiles& files) {
  if (given.mode != kv::SandboxMode::off) {
    if (kv::Failure failure = kv::drop_privileges()) return fail(KvdExit::os_error, *failure);
  }
  if (config.snapshot_enabled != 0) {
    if (kv::Failure failure = kv::try_exchange(config, files)) return fail(KvdExit::data, *failure);
  }
  if (kv::Failure failure = kv::enter_sandbox(given)) return fail(KvdExit::os_error, *failure);
  kv::seal();
  return KvdExit::ok;
}

/// Opens the files and loads what is in them, before anybody can connect.
kv::Failure load(kv::Instance& instance, kv::SnapshotStart& start) {
  if (instance.allocation.config.snapshot_enabled == 0) return {};
  if (kv::Failure failure = kv::open_snapshots(instance, start)) return failure;
  fmt::print("{}", start.report);
  return {};
}

/// What the sandbox permits of the files.
void permit_files(const kv::SnapshotFiles& files, kv::SandboxTerms& sandbox) {
  sandbox.data_directory = files.directory;
  sandbox.data_files[0] = files.current;
  sandbox.data_files[1] = files.next;
  sandbox.data_names[0] = kv::next_snapshot_name;
  sandbox.data_names[1] = kv::snapshot_name;
}

KvdExit serve(kv::Instance& instance) {
  kv::Config& config = instance.allocation.config;
  kv::Listeners listeners;
  kv::Backend backend;
  kv::SnapshotStart start;
  if (kv::Failure failure = load(instance, start)) return fail(KvdExit::data, *failure);
  if (kv::Failure failure = listeners.open(config)) return fail(KvdExit::os_error, *failure);
  if (kv::Failure failure = backend.start(instance)) return fail(KvdExit::os_error, *failure);
  if (!backend.refusal().empty()) {
    fmt::print("io_uring is refused ({}): serving with epoll\n", backend.refusal());
  }
  kv::SandboxTerms sandbox;
  sandbox.mode = static_cast<kv::SandboxMode>(config.server_sandbox);
  sandbox.io = backend.serves_epoll() ? kv::IoKind::epoll : kv::IoKind::io_uring;
  kv::SocketIo& io = backend.io();
  if (kv::Failure failure = io.listen_on(listeners.sockets(), kv::block_stop_signals())) {
    return fail(KvdExit::os_error, *failure);
  }

  static kv::ServerView view;
  view = kv::view_of(instance);
  view.port = listeners.port();
  view.io = backend.name();
  view.ring_memory = backend.ring_memory();
  view.sandbox =
      kv::choice_word(kv::option_info(kv::Option::server_sandbox), config.server_sandbox);
  view.resident_file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  kv::Snapshots snapshots(instance.allocation, instance.store, instance.snapshot_writer, io,
                          start.files);
  kv::Server server(kv::parts_of(instance, io, view,
                                 static_cast<uint32_t>(listeners.sockets().size()),
                                 config.snapshot_enabled != 0 ? &snapshots : nullptr));
  server.start();
  // The server has a copy of its own, which is the one that changes.
  kv::wipe_secrets(config);
  fmt::print("{}", kv::seal_report(config, sandbox.io));
  std::fflush(stdout);
  const std::string ready = fmt::format("ready on {} ({}, sandbox {})\n", listeners.address(),
                                        backend.description(), view.sandbox);

  sandbox.resident_file = view.resident_file;
  sandbox.socket_file = listeners.unix_path();
  permit_files(start.files, sandbox);
  kv::wipe_stack();
  if (const KvdExit exit = seal_process(sandbox, config, start.files); exit != KvdExit::ok) {
    return exit;
  }
  std::fputs(ready.c_str(), stdout);
  std::fflush(stdout);
  while (!server.stopped()) {
    server.turn();
    if (kv::stop_requested() && !server.stopping()) server.stop();
  }
  listeners.close();
  const KvdExit result = snapshots.final_failed() ? KvdExit::save : KvdExit::ok;
  // What destructors do, such as unmapping the arena, is not permitted any more.
  if (sandbox.mode != kv::SandboxMode::off) _exit(static_cast<int>(result));
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  kv::install_seal_hooks();
  static kv::CommandLine command_line;
  if (const auto exit = kv::parse_command_line(argc, argv, command_line)) {
    return static_cast<int>(*exit);
  }
  kv::wipe_secrets(argc, argv);
  if (kv::Failure failure = kv::forbid_dumps(command_line.config)) {
    return static_cast<int>(fail(KvdExit::os_error, *failure));
  }
  static kv::Instance instance;
  KvdExit result = allocate(instance, command_line.config,
                            /*with_report=*/command_line.check_only || !command_line.prompt);
  if (result != KvdExit::ok || command_line.check_only) return static_cast<int>(result);
  kv::wipe_secrets(command_line.config);
  if (command_line.prompt) {
    kv::run_repl(instance, command_line.history_file);
  } else {
    result = serve(instance);
  }
  return static_cast<int>(result);
}
