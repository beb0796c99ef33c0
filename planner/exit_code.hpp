// What kvplan tells its caller: the only numbers that it exits with.
// A check that did not run must never look like one that passed, nor like one that failed.
#pragma once

namespace kv {

enum class ExitCode : int {
  fits = 0,             ///< it fits
  does_not_fit = 1,     ///< the verdict is no: invalid or over budget
  could_not_judge = 2,  ///< usage, a file that cannot be read or written
};

}  // namespace kv
