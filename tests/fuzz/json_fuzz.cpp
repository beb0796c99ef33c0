#include "tests/fuzz/load_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  return kv::fuzz_loader(data, bytes, kv::FileFormat::json);
}
