// What the doctor found, as text and as JSON ("kvplan/doctor/1").
// The server's part is there when a running kvd was asked or looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planner/doctor.hpp"
#include "planner/running.hpp"
#include "planner/savings.hpp"

namespace kv {

struct DoctorReport {
  const Allocation* allocation = nullptr;
  std::vector<Finding> findings;  ///< of the host, then of the server
  std::optional<ServerReport> server;
  std::optional<Residence> residence;
  std::vector<Saving> savings;  ///< when there is a server
  Saving all_savings = {};
};

/// What is wrong with a server, held against the plan: other figures mean another config.
std::vector<Finding> examine_server(const DoctorReport& report);

std::string doctor_text(const DoctorReport& report, bool color);
std::string doctor_json(const DoctorReport& report);

}  // namespace kv
