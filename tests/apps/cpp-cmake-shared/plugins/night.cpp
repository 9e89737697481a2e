extern "C" double factor() { return 1.5; }
