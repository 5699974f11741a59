// Matrix products of projections, one per copy of the network; matrices are row-major and may be columns of a wider one.
#pragma once
#include <cstddef>

extern "C" {
// OpenBLAS as packed by scipy-openblas32, whose symbols carry a prefix.
void scipy_cblas_sgemm(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*, int);
void scipy_cblas_dgemm(int, int, int, int, int, int, double, const double*, int, const double*, int, double, double*, int);
void scipy_cblas_sgemv(int, int, int, int, float, const float*, int, const float*, int, float, float*, int);
void scipy_cblas_dgemv(int, int, int, int, double, const double*, int, const double*, int, double, double*, int);
}

namespace neuroap {

enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };

inline void gemm(int tx, int m, int n, int k, float a, const float* x, int lx, const float* y, int ly, float b, float* z, int lz) {
    scipy_cblas_sgemm(ROW_MAJOR, tx, PLAIN, m, n, k, a, x, lx, y, ly, b, z, lz);
}
inline void gemm(int tx, int m, int n, int k, double a, const double* x, int lx, const double* y, int ly, double b, double* z, int lz) {
    scipy_cblas_dgemm(ROW_MAJOR, tx, PLAIN, m, n, k, a, x, lx, y, ly, b, z, lz);
}
inline void gemv(int m, int n, const float* w, const float* x, float b, float* y) {
    scipy_cblas_sgemv(ROW_MAJOR, TRANSPOSED, m, n, 1.0f, w, n, x, 1, b, y, 1);
}
inline void gemv(int m, int n, const double* w, const double* x, double b, double* y) {
    scipy_cblas_dgemv(ROW_MAJOR, TRANSPOSED, m, n, 1.0, w, n, x, 1, b, y, 1);
}

// Columns [start, start + size) of the rates of a node, which has `width` of them per trial.
struct Columns {
    int start, size, width;
};

// y[trials, target] = x[trials, source] @ w[source, target], or += if `add`.
template <typename Real>
void drive(int copies, int trials, const Real* x, Columns source, const Real* w, Real* y, Columns target, bool add) {
    const Real keep = add ? Real(1) : Real(0);
    for (int c = 0; c < copies; ++c) {
        const size_t row = static_cast<size_t>(c) * trials;
        const Real* from = x + row * source.width + source.start;
        Real* to = y + row * target.width + target.start;
        const Real* weights = w + static_cast<size_t>(c) * source.size * target.size;
        if (trials == 1)
            gemv(source.size, target.size, weights, from, keep, to);
        else
            gemm(PLAIN, trials, target.size, source.size, Real(1), from, source.width, weights, target.size, keep, to, target.width);
    }
}

// g[source, target] = x[count, source].T @ y[count, target] / count
template <typename Real>
void correlate(int copies, int trials, int count, const Real* x, Columns source, const Real* y, Columns target, Real* g) {
    for (int c = 0; c < copies; ++c) {
        const size_t row = static_cast<size_t>(c) * trials;
        const Real* pre = x + row * source.width + source.start;
        const Real* post = y + row * target.width + target.start;
        Real* out = g + static_cast<size_t>(c) * source.size * target.size;
        if (count > 1) {
            gemm(TRANSPOSED, source.size, target.size, count, Real(1) / count, pre, source.width, post, target.width, Real(0), out, target.size);
            continue;
        }
        for (int i = 0; i < source.size; ++i)
            for (int j = 0; j < target.size; ++j) out[static_cast<size_t>(i) * target.size + j] = pre[i] * post[j];
    }
}

// g[source, target] = mean of y[count, target], the same for every source
template <typename Real>
void average(int copies, int trials, int count, int sources, const Real* y, Columns target, Real* g) {
    for (int c = 0; c < copies; ++c) {
        const Real* post = y + static_cast<size_t>(c) * trials * target.width + target.start;
        Real* out = g + static_cast<size_t>(c) * sources * target.size;
        for (int j = 0; j < target.size; ++j) {
            Real sum = 0;
            for (int b = 0; b < count; ++b) sum += post[static_cast<size_t>(b) * target.width + j];
            for (int i = 0; i < sources; ++i) out[static_cast<size_t>(i) * target.size + j] = sum / count;
        }
    }
}

// y[trials, target] = w[1, target]
template <typename Real>
void broadcast(int copies, int trials, const Real* w, Real* y, Columns target) {
    for (int c = 0; c < copies; ++c)
        for (int b = 0; b < trials; ++b) {
            Real* to = y + (static_cast<size_t>(c) * trials + b) * target.width + target.start;
            for (int j = 0; j < target.size; ++j) to[j] = w[static_cast<size_t>(c) * target.size + j];
        }
}

}  // namespace neuroap
