#include "server/privileges.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kvcore/load/flags.hpp"
#include "kvcore/plan/options.hpp"

namespace kv {

namespace {

Failure refused(std::string_view what) {
  return fmt::format("cannot {}: {}", what, std::strerror(errno));
}

}  // namespace

Failure drop_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("forbid new privileges");
  // Without CAP_SETPCAP the bounding set stays as it is. It bounds what programs give, which give
  // nothing any more.
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;
  }
  // Kernels before 4.3 have no ambient set.
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
    return refused("clear the ambient capabilities");
  }
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capset, &header, none) != 0) return refused("drop the capabilities");
  return {};
}

Failure forbid_dumps(const Config& config) {
  if (config.server_core_dumps != 0) return {};
  const rlimit none = {};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return refused("forbid core dumps");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refused("forbid core dumps");
  return {};
}

void wipe_secrets(int argc, char** argv) {
  for (const OptionInfo& option : options) {
    if (!option.is_secret()) continue;
    const std::string flag = flag_name(option);
    for (int i = 1; i < argc; ++i) {
      const std::string_view word = argv[i];
      if (word == flag && i + 1 < argc) {
        ++i;
        explicit_bzero(argv[i], std::strlen(argv[i]));
      } else if (word.size() > flag.size() && word.starts_with(flag) && word[flag.size()] == '=') {
        explicit_bzero(argv[i] + flag.size() + 1, word.size() - flag.size() - 1);
      }
    }
  }
}

void wipe_secrets(Config& config) {
  for (const OptionInfo& option : options) {
    if (option.is_secret()) explicit_bzero(&(config.*option.text), sizeof(Text));
  }
}

void wipe_stack() {
  // Deeper than parsing a config goes; what is there is nobody's any more.
  char below[128 * 1024];
  explicit_bzero(below, sizeof below);
}

}  // namespace kv
