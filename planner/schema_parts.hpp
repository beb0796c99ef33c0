// The pieces that the JSON Schemas of kvplan's documents are made of (draft 7).
//
// Each document has a schema in docs/, written by kvplan-docs from the same tables as the
// document itself; a test validates what kvplan prints against it.
#pragma once

#include "planner/json_parts.hpp"

namespace kv {

Json integer(uint64_t minimum);

/// A value of this type, or null.
Json nullable(std::string_view type);

/// An object with exactly these properties.
Json closed_object(Json properties);

Json list_of(Json items);

/// An array whose items are these, in this order.
Json tuple(Json items);

/// The resolved values of all options, by name.
Json config_schema();

/// The member `errors`.
Json errors_schema();

/// A whole schema: a document has all of `properties`, or errors, or both. `optional` ones may
/// stand beside either.
Json document_schema(std::string_view title, std::string_view description, Json properties,
                     Json optional = Json::object());

}  // namespace kv
