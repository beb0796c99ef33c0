// The parser of requests: the same bytes, however they are cut, are the same commands.
//
// The first byte of the input says how it is cut; the rest is what a client sends. Every piece
// that is parsed lies in memory of exactly its size, so that a read behind it is seen.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "kvcore/plan/allocation.hpp"
#include "server/request.hpp"

namespace {

using kv::Allocation;
using kv::Parse;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

Allocation planned() {
  kv::Config config;
  config.connections_max = 2;
  config.key_count = 4;
  config.key_size_max = 40;
  config.val_size_max = 100;
  config.list_length_max = 3;
  config.command_args_max = 8;
  const kv::PlanResult result = kv::plan(config);
  require(result.ok, "the config cannot be planned");
  return result.allocation;
}

/// A connection that receives pieces, as Server does, and notes what it makes of them.
class Receiver {
 public:
  explicit Receiver(const Allocation& allocation)
      : parser_(allocation), slices_(new kv::Slice[8]), scratch_({slices_.get(), 8}) {}

  /// Returns false once the stream is broken.
  bool receive(std::string_view piece) {
    pending_.append(piece);
    while (!pending_.empty()) {
      const auto exact = std::make_unique<char[]>(pending_.size());
      std::memcpy(exact.get(), pending_.data(), pending_.size());
      const Parse parse = parser_.parse({exact.get(), pending_.size()}, record_, scratch_);
      require(parse.consumed <= pending_.size(), "more was consumed than there is");
      note(parse);
      if (parse.status == Parse::Status::broken) return false;
      const bool waits = parse.status == Parse::Status::incomplete;
      require(!waits || parse.needs > pending_.size(), "it waits for bytes that are there");
      require(waits || parse.consumed > 0, "a frame of no bytes");
      pending_.erase(0, parse.consumed);
      if (waits) return true;
    }
    return true;
  }

  const std::string& log() const { return log_; }

 private:
  void note(const Parse& parse) {
    switch (parse.status) {
      case Parse::Status::incomplete:
        return;
      case Parse::Status::broken:
        log_.append("broken ").append(parse.error).append("\n");
        return;
      case Parse::Status::refused:
        log_.append("refused ").append(std::to_string(record_.refused_limit)).append(" ");
        log_.append(std::to_string(record_.refused_value)).append("\n");
        return;
      case Parse::Status::complete:
        break;
    }
    log_ += "command";
    for (const kv::Slice& slice : scratch_.slices()) {
      log_.append(" ").append(std::to_string(slice.bytes)).append(":");
      log_.append(slice.data, slice.bytes);
    }
    log_ += "\n";
  }

  kv::RequestParser parser_;
  std::unique_ptr<kv::Slice[]> slices_;
  kv::Scratch scratch_;
  kv::ConnectionRecord record_ = {};
  std::string pending_;
  std::string log_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Allocation allocation = planned();
  // The server keeps what is not parsed in a buffer as large as the largest request.
  if (size < 2 || size > allocation.terms.request_bytes_max) return 0;
  const uint64_t piece_bytes = data[0] % 16 + 1;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  Receiver whole(allocation);
  whole.receive(stream);
  Receiver cut(allocation);
  for (uint64_t at = 0; at < stream.size(); at += piece_bytes) {
    if (!cut.receive(stream.substr(at, piece_bytes))) break;
  }
  if (whole.log() != cut.log()) {
    std::fprintf(stderr, "whole:\n%s\ncut:\n%s\n", whole.log().c_str(), cut.log().c_str());
  }
  require(whole.log() == cut.log(), "another cut is another meaning");
  return 0;
}
