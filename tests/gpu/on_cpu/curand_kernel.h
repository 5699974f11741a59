// Stands in for cuRAND's part that kernels call, which no kernel of ours does.
#pragma once
#include "curand.h"

struct curandState {};
inline void curand_init(unsigned long long, int, int, curandState*) { std::abort(); }
inline unsigned curand_poisson(curandState*, double) { std::abort(); }
inline float curand_uniform(curandState*) { std::abort(); }
inline double curand_uniform_double(curandState*) { std::abort(); }
inline float curand_normal(curandState*) { std::abort(); }
inline double curand_normal_double(curandState*) { std::abort(); }
