#include "kvcore/memory/scratch.hpp"

namespace kv {

Scratch Scratch::carve(Arena& arena, const Config& config) {
  return Scratch(
      arena.take<Slice>(Part::slices, config.command_args_max, part_info(Part::slices).align));
}

}  // namespace kv
