// Words for messages: numbers, sizes and foreign text as a diagnostic shows them.
//
// A namespace of its own, as programs have numbers to print in other ways.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kv::words {

/// "did you mean 'word'?", or empty for an empty word.
std::string did_you_mean(std::string_view word);

/// The text with control characters and invalid UTF-8 escaped: what a library says of a file.
std::string printable(std::string_view text);

/// The text in single quotes, fit for a terminal: control characters and invalid UTF-8 are
/// escaped, a long text is cut.
std::string in_quotes(std::string_view text);

/// The text as it is when it is a plain word of ASCII, such as "-5" or "99TiB", else in quotes.
std::string plain_or_quoted(std::string_view text);

/// Bytes of the valid UTF-8 sequence at the start of `text`, or 0 when there is none.
uint64_t sequence_bytes(std::string_view text);

/// Bytes of a sequence that a terminal may be sent as it is, or 0: not UTF-8, or a control
/// character (C0, DEL, or C1, which some terminals obey).
uint64_t printable_bytes(std::string_view text);

/// 1234567 as "1,234,567".
std::string grouped(uint64_t value);

/// "1 key", "1,000 keys".
std::string counted(uint64_t count, std::string_view noun);

/// The same number with the largest binary unit that divides it: 65536 as "64KiB", 1000 as
/// "1000". parse_size() reads it back.
std::string exact_size(uint64_t bytes);

/// The same time with the largest unit that divides it: 30000 as "30s", 100 as "100ms".
std::string exact_time(uint64_t milliseconds);

/// The least size that is at least `bytes` and reads well, a multiple of the largest unit that
/// is at most a hundredth of it: 259506176 as "248MiB".
std::string round_size(uint64_t bytes);

}  // namespace kv::words
