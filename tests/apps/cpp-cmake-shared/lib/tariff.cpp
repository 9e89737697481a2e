#include "tariff/tariff.hpp"
#include <fstream>
#include <json/json.h>
#include <stdexcept>

long tariff::price(const std::string &table, double kilograms)
{
    std::ifstream file(table);
    Json::Value rows;
    if (!file)
        throw std::runtime_error("cannot read " + table);
    file >> rows;
    for (const auto &row : rows)
        if (kilograms <= row["upto"].asDouble())
            return row["cents"].asInt64();
    throw std::runtime_error("too heavy");
}
