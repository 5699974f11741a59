// Whether the rates of areas changed in the last step; the counterpart of settling.hpp.
#pragma once
#include <cmath>
#include <cstddef>

#include "native/cuda_memory.hpp"

namespace neuroap {

// Sets `moved` unless |r - last| < tolerance in the first `count` of `trials` trials of every copy (y); NaN never
// settles.
template <typename Real>
__global__ void look_for_change(const Real* r, const Real* last, size_t copy_size, size_t shown, Real tolerance, int* moved) {
    const size_t begin = blockIdx.y * copy_size;
    const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
    for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < shown; i += step) {
        if (fabs(r[begin + i] - last[begin + i]) < tolerance) continue;
        *moved = 1;  // of all that write, any will do
        return;
    }
}

// Looks at one area after the other; only the answer waits for the GPU.
class Stillness {
  public:
    Stillness() : moved_(flag()) { check(cudaMemsetAsync(moved_, 0, sizeof(int))); }

    template <typename Real>
    void look(const Real* r, const Real* last, size_t copies, size_t trials, size_t count, size_t size, Real tolerance) {
        const size_t shown = count * size, blocks = std::min<size_t>((shown + 255) / 256, 1024);
        look_for_change<<<dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(copies)), 256>>>(
            r, last, trials * size, shown, tolerance, moved_);
        check_launch();
    }
    bool settled() const {
        int moved = 1;
        to_host(&moved, moved_, sizeof(int));
        return moved == 0;
    }

  private:
    static int* flag() {
        static int* const only = [] {
            int* made = nullptr;
            check(cudaMalloc(&made, sizeof(int)));
            return made;
        }();
        return only;
    }
    int* moved_;
};

}  // namespace neuroap
