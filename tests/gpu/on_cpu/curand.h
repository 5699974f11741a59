// Stands in for cuRAND: normal and uniform numbers of the standard library.
#pragma once
#define CURAND_H_
#include <random>

#include "cuda_runtime.h"

enum curandStatus_t {
    CURAND_STATUS_SUCCESS, CURAND_STATUS_VERSION_MISMATCH, CURAND_STATUS_NOT_INITIALIZED, CURAND_STATUS_ALLOCATION_FAILED,
    CURAND_STATUS_TYPE_ERROR, CURAND_STATUS_OUT_OF_RANGE, CURAND_STATUS_LENGTH_NOT_MULTIPLE,
    CURAND_STATUS_DOUBLE_PRECISION_REQUIRED, CURAND_STATUS_LAUNCH_FAILURE, CURAND_STATUS_PREEXISTING_FAILURE,
    CURAND_STATUS_INITIALIZATION_FAILED, CURAND_STATUS_ARCH_MISMATCH, CURAND_STATUS_INTERNAL_ERROR
};
enum { CURAND_RNG_PSEUDO_DEFAULT };
typedef std::mt19937* curandGenerator_t;

inline curandStatus_t curandCreateGenerator(curandGenerator_t* made, int) {
    *made = new std::mt19937;
    return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandDestroyGenerator(curandGenerator_t) { return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandSetPseudoRandomGeneratorSeed(curandGenerator_t generator, unsigned long long seed) {
    generator->seed(seed);
    return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandSetGeneratorOffset(curandGenerator_t, unsigned long long) { return CURAND_STATUS_SUCCESS; }

template <typename Distribution, typename Real>
curandStatus_t drawn(curandGenerator_t generator, Real* to, size_t count) {
    Distribution distribution;
    for (size_t i = 0; i < count; ++i) to[i] = distribution(*generator);
    return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandGenerateNormal(curandGenerator_t generator, float* to, size_t count, float, float) {
    return count % 2 ? CURAND_STATUS_LENGTH_NOT_MULTIPLE : drawn<std::normal_distribution<float>>(generator, to, count);
}
inline curandStatus_t curandGenerateNormalDouble(curandGenerator_t generator, double* to, size_t count, double, double) {
    return count % 2 ? CURAND_STATUS_LENGTH_NOT_MULTIPLE : drawn<std::normal_distribution<double>>(generator, to, count);
}
inline curandStatus_t curandGenerateUniform(curandGenerator_t generator, float* to, size_t count) {
    return drawn<std::uniform_real_distribution<float>>(generator, to, count);
}
inline curandStatus_t curandGenerateUniformDouble(curandGenerator_t generator, double* to, size_t count) {
    return drawn<std::uniform_real_distribution<double>>(generator, to, count);
}
inline curandStatus_t curandGeneratePoisson(curandGenerator_t, unsigned*, size_t, double) { std::abort(); }
