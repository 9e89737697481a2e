#pragma once
#include <string>

namespace tariff {
/** What a weight costs, in cents, by the table in a JSON file. Throws std::runtime_error. */
long price(const std::string &table, double kilograms);
}
