// Matrix products of projections on a GPU, all copies of the network in one call; the counterpart of algebra.hpp.
//
// cuBLAS reads matrices column by column. A row-major x[a, b] is to it the transposed x', with b rows, so that
// z = x @ w becomes z' = w' @ x': operands change places, and the width of a row is the leading dimension.
#pragma once
#include <cublas_v2.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "native/cuda_memory.hpp"

namespace neuroap {

inline void check(cublasStatus_t status) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    const bool full = status == CUBLAS_STATUS_ALLOC_FAILED;
    std::fprintf(stderr, "cuBLAS: %s\n", full ? "out of memory" : cublasGetStatusString(status));
    std::_Exit(1);
}

// One handle for all products; it works on the default stream.
inline cublasHandle_t cublas() {
    static const cublasHandle_t handle = [] {
        cublasHandle_t made;
        check(cublasCreate(&made));
#if defined(NEUROAP_TF32)
        check(cublasSetMathMode(made, CUBLAS_TF32_TENSOR_OP_MATH));
#else
        check(cublasSetMathMode(made, CUBLAS_DEFAULT_MATH));  // single precision stays what it is
#endif
        return made;
    }();
    return handle;
}

inline void gemm(cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, float alpha, const float* a, int la,
                 long long sa, const float* b, int lb, long long sb, float beta, float* c, int lc, long long sc, int copies) {
    check(cublasSgemmStridedBatched(cublas(), ta, tb, m, n, k, &alpha, a, la, sa, b, lb, sb, &beta, c, lc, sc, copies));
}
inline void gemm(cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, double alpha, const double* a, int la,
                 long long sa, const double* b, int lb, long long sb, double beta, double* c, int lc, long long sc, int copies) {
    check(cublasDgemmStridedBatched(cublas(), ta, tb, m, n, k, &alpha, a, la, sa, b, lb, sb, &beta, c, lc, sc, copies));
}

// Columns [start, start + size) of the rates of a node, which has `width` of them per trial.
struct Columns {
    int start, size, width;
    // Values from one copy of the network to the next.
    long long stride(int trials) const { return static_cast<long long>(trials) * width; }
};

// y[trials, target] = x[trials, source] @ w[source, target], or += if `add`.
template <typename Real>
void drive(int copies, int trials, const Real* x, Columns source, const Real* w, Real* y, Columns target, bool add) {
    gemm(CUBLAS_OP_N, CUBLAS_OP_N, target.size, trials, source.size, Real(1),                          //
         w, target.size, static_cast<long long>(source.size) * target.size,                            //
         x + source.start, source.width, source.stride(trials),                                        //
         add ? Real(1) : Real(0), y + target.start, target.width, target.stride(trials), copies);
}

// g[source, target] = x[count, source].T @ y[count, target] / count
template <typename Real>
void correlate(int copies, int trials, int count, const Real* x, Columns source, const Real* y, Columns target, Real* g) {
    gemm(CUBLAS_OP_N, CUBLAS_OP_T, target.size, source.size, count, Real(1) / count,                   //
         y + target.start, target.width, target.stride(trials),                                        //
         x + source.start, source.width, source.stride(trials),                                        //
         Real(0), g, target.size, static_cast<long long>(source.size) * target.size, copies);
}

// g[source, target] = mean of y[count, target], the same for every source. A block per copy (y) and 32 nodes (x);
// its 8 rows of threads share the trials.
template <typename Real>
__global__ void average_columns(int trials, int count, int sources, const Real* y, Columns target, Real* g) {
    __shared__ Real sums[8][33];
    const int j = blockIdx.x * 32 + threadIdx.x;
    const size_t copy = blockIdx.y;
    const Real* post = y + copy * trials * target.width + target.start;
    Real sum = 0;
    if (j < target.size)
        for (int b = threadIdx.y; b < count; b += 8) sum += post[static_cast<size_t>(b) * target.width + j];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (j >= target.size) return;
    sum = 0;
    for (int part = 0; part < 8; ++part) sum += sums[part][threadIdx.x];
    Real* out = g + copy * sources * target.size;
    for (int i = threadIdx.y; i < sources; i += 8) out[static_cast<size_t>(i) * target.size + j] = sum / count;
}

template <typename Real>
void average(int copies, int trials, int count, int sources, const Real* y, Columns target, Real* g) {
    const dim3 blocks((target.size + 31) / 32, copies), threads(32, 8);
    average_columns<<<blocks, threads>>>(trials, count, sources, y, target, g);
    check_launch();
}

// One block per trial.
template <typename Real>
__global__ void repeat_row(int trials, const Real* w, Real* y, Columns target) {
    const size_t row = blockIdx.x;
    const Real* from = w + row / trials * target.size;
    Real* to = y + row * target.width + target.start;
    for (int j = threadIdx.x; j < target.size; j += blockDim.x) to[j] = from[j];
}

// y[trials, target] = w[1, target]
template <typename Real>
void broadcast(int copies, int trials, const Real* w, Real* y, Columns target) {
    repeat_row<<<copies * trials, 256>>>(trials, w, y, target);
    check_launch();
}

// -- softmax ----------------------------------------------------------------------------------

__device__ inline float exponential(float x) { return expf(x); }
__device__ inline double exponential(double x) { return exp(x); }

template <typename Real>
__device__ Real largest_in_warp(Real value) {
    for (int far = 16; far > 0; far /= 2) {
        const Real other = __shfl_xor_sync(0xffffffffu, value, far);
        value = other > value ? other : value;
    }
    return value;
}

template <typename Real>
__device__ Real sum_in_warp(Real value) {
    for (int far = 16; far > 0; far /= 2) value += __shfl_xor_sync(0xffffffffu, value, far);
    return value;
}

// r = softmax(u + b) in each row. One warp per row; the largest entry becomes exp(0), so nothing overflows.
template <typename Real>
__global__ void softmax_rows(int rows, int nodes, const Real* u, const Real* b, Real* r) {
    const int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    const size_t at = static_cast<size_t>(row) * nodes;
    Real most = u[at] + b[at];
    for (int j = threadIdx.x; j < nodes; j += 32) {
        const Real value = u[at + j] + b[at + j];
        most = value > most ? value : most;
    }
    most = largest_in_warp(most);
    Real sum = 0;
    for (int j = threadIdx.x; j < nodes; j += 32) sum += r[at + j] = exponential(u[at + j] + b[at + j] - most);
    sum = sum_in_warp(sum);
    for (int j = threadIdx.x; j < nodes; j += 32) r[at + j] /= sum;
}

template <typename Real>
void softmax(int rows, int nodes, const Real* u, const Real* b, Real* r) {
    const dim3 threads(32, 4);
    softmax_rows<<<(rows + 3) / 4, threads>>>(rows, nodes, u, b, r);
    check_launch();
}

}  // namespace neuroap
