# Read by CMake as llama.cpp's project begins (see Makefile): llama-cpp-python forces its "common" library on, and
# nothing here uses it. A plain variable wins over that option.
set(LLAMA_BUILD_COMMON OFF)

# Without the matrix tiles of newer Xeons (AMX): the compiler drops what llama.cpp configures them with, and the first
# prompt ends in a segmentation fault (https://github.com/ggml-org/llama.cpp/pull/26954).
if(NOT MSVC)
  add_compile_options(-U__AMX_INT8__)
endif()
