// What kvplan tells its caller. A check that did not run must never look like one that passed.
#pragma once

namespace kv {

enum class ExitCode : int {
  fits = 0,             ///< it fits
  does_not_fit = 1,     ///< the verdict is no: invalid or over budget
  could_not_judge = 2,  ///< usage, a file that cannot be read or written
};

}  // namespace kv
