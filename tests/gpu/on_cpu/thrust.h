// Stands in for Thrust.
#pragma once
#include "cuda_runtime.h"

namespace thrust {
template <typename T>
using host_vector = std::vector<T>;
template <typename T>
using device_vector = std::vector<T>;
template <typename T>
T* raw_pointer_cast(T* pointer) {
    return pointer;
}
}  // namespace thrust
