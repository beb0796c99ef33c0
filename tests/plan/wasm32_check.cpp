// Compiled for wasm32 and never run: the planner's numbers are the same where a pointer has
// 32 bits, so a plan that a browser shows is the plan that the server carves.
#include "kvcore/plan/allocation.hpp"
#include "kvcore/plan/amount.hpp"
#include "kvcore/plan/commands.hpp"
#include "kvcore/plan/config.hpp"
#include "kvcore/plan/option_id.hpp"
#include "kvcore/plan/options.hpp"
#include "kvcore/plan/records.hpp"
#include "kvcore/plan/size.hpp"
#include "kvcore/plan/text.hpp"
#include "kvcore/plan/units.hpp"
#include "kvcore/plan/validate.hpp"

namespace kv {

static_assert(sizeof(void*) == 4, "this file is for a 32-bit target");

constexpr PlanResult defaults = plan(Config());
static_assert(defaults.ok);
static_assert(defaults.allocation.terms.request_bytes_max == 206'300);
static_assert(defaults.allocation.terms.list_reply_bytes_max == 205'255);
static_assert(defaults.allocation[Component::connections] == 39'693'680);
static_assert(defaults.allocation[Component::fba] == 16'384);
static_assert(defaults.allocation[Component::map] == 38'720);
static_assert(defaults.allocation[Component::blocks] == 218'880'000);
static_assert(defaults.allocation[Component::list_pool] == 800'000);
static_assert(defaults.allocation[Component::expiry] == 22'816);
static_assert(defaults.allocation[Component::sessions] == 1'212'832);
static_assert(defaults.allocation[Component::ring] == 155'648);
static_assert(defaults.allocation[Component::epoll] == 49'416);
static_assert(defaults.allocation[Component::statistics] == 53'248);
static_assert(defaults.allocation[Component::padding] == 4'744);
static_assert(defaults.allocation.arena_bytes == 260'927'488);
static_assert(validate(Config()).empty());
static_assert(parse_size("4GiB").value == 4'294'967'296);

// More than 32 bits of bytes are no different.
constexpr Config large = [] {
  Config config;
  config.key_count = 1'000'000;
  return config;
}();
static_assert(plan(large).allocation[Component::blocks] == 218'880'000'000);

}  // namespace kv
