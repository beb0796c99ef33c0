// Memory quantities as deployment files write them, each by its own rules, to whole bytes.
//
//   Kubernetes   128974848, 129e6, 129M, 123Mi, 1.5Gi, 128974848000m; rounded up to a byte.
//                Source: k8s.io/apimachinery/pkg/api/resource, "Quantity".
//   Compose      b, k or kb, m or mb, g or gb, all powers of 1024. Source: the Compose
//                specification, "Specifying byte values".
//   systemd      K, M, G, T, all powers of 1024. Source: systemd.resource-control(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kv {

enum class QuantityRules : uint8_t { kubernetes, compose, systemd };

/// Nothing where `text` is no quantity; UINT64_MAX where it exceeds 63 bits, which is as good
/// as no limit, and for systemd's "infinity".
std::optional<uint64_t> parse_quantity(std::string_view text, QuantityRules rules);

}  // namespace kv
