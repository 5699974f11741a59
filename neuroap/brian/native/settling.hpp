// Whether the rates of an area changed in the last step.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>

namespace neuroap {

// Whether |r - last| < tolerance in the first `count` of `trials` trials of every copy; NaN never settles.
template <typename Real>
bool settled(const Real* r, const Real* last, size_t copies, size_t trials, size_t count, size_t size, Real tolerance) {
    const size_t portion = 4096;  // of the values that are compared before looking at the result
    for (size_t c = 0; c < copies; ++c) {
        const size_t begin = c * trials * size, end = begin + count * size;
        for (size_t from = begin; from < end; from += portion) {
            int moved = 0;
            for (size_t i = from; i < std::min(from + portion, end); ++i) moved |= !(std::fabs(r[i] - last[i]) < tolerance);
            if (moved) return false;
        }
    }
    return true;
}

}  // namespace neuroap
