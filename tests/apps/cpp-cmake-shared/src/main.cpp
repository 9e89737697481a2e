// tariffd: answers each line (a weight) with a price; the plug-in is found when it runs.
#include "tariff/tariff.hpp"
#include <dlfcn.h>
#include <cstdlib>
#include <iostream>
#include <locale>

int main(int argc, char **argv)
{
    std::locale::global(std::locale(""));
    double factor = 1;
    if (const char *name = std::getenv("TARIFF_PLUGIN")) {
        void *plugin = dlopen(("/usr/local/lib/tariff/" + std::string(name) + ".so").c_str(), RTLD_NOW);
        if (!plugin) {
            std::cerr << dlerror() << "\n";
            return 3;
        }
        factor = reinterpret_cast<double (*)()>(dlsym(plugin, "factor"))();
    }
    double kilograms;
    std::cout << "locale " << std::locale().name() << "\n";
    while (std::cin >> kilograms)
        std::cout << "price " << static_cast<long>(tariff::price("/usr/local/share/tariff/tariff.json", kilograms) * factor) << std::endl;
    return 0;
}
