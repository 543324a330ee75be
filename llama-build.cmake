# Read by CMake as llama.cpp's project begins (see Makefile): llama-cpp-python forces its "common" library on, and
# nothing here uses it. A plain variable wins over that option.
set(LLAMA_BUILD_COMMON OFF)
