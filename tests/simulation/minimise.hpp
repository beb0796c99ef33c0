// The shortest failing script: what is left when no line can be taken out any more without the
// script passing. Delta debugging, first over runs of lines, then over single ones.
#pragma once

#include "failure.hpp"
#include "script.hpp"

namespace kv::sim {

/// REQUIRES: the script fails. `result` becomes that of the script that is returned.
/// Source: ddmin of Zeller and Hildebrandt, with complements only.
Script minimise(Script script, RunResult& result);

}  // namespace kv::sim
