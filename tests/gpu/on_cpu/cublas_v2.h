// Stands in for cuBLAS: the same matrices, column by column, and the same complaints about leading dimensions.
#pragma once
#include "cuda_runtime.h"

typedef struct cublasContext* cublasHandle_t;
enum cublasStatus_t { CUBLAS_STATUS_SUCCESS, CUBLAS_STATUS_ALLOC_FAILED, CUBLAS_STATUS_INVALID_VALUE };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasMath_t { CUBLAS_DEFAULT_MATH, CUBLAS_TF32_TENSOR_OP_MATH };
inline cublasStatus_t cublasCreate(cublasHandle_t*) { return CUBLAS_STATUS_SUCCESS; }
inline cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return CUBLAS_STATUS_SUCCESS; }
inline const char* cublasGetStatusString(cublasStatus_t) { return "a wrong dimension"; }

template <typename Real>
cublasStatus_t product(cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, const Real* alpha, const Real* a,
                       int la, long long sa, const Real* b, int lb, long long sb, const Real* beta, Real* c, int lc,
                       long long sc, int count) {
    if (la < (ta == CUBLAS_OP_N ? m : k) || lb < (tb == CUBLAS_OP_N ? k : n) || lc < m) return CUBLAS_STATUS_INVALID_VALUE;
    for (int q = 0; q < count; ++q, a += sa, b += sb, c += sc)
        for (int j = 0; j < n; ++j)
            for (int i = 0; i < m; ++i) {
                Real sum = 0;
                for (int l = 0; l < k; ++l)
                    sum += (ta == CUBLAS_OP_N ? a[i + l * size_t(la)] : a[l + i * size_t(la)]) *
                           (tb == CUBLAS_OP_N ? b[l + j * size_t(lb)] : b[j + l * size_t(lb)]);
                Real& to = c[i + j * size_t(lc)];
                to = *alpha * sum + (*beta == 0 ? Real(0) : *beta * to);
            }
    return CUBLAS_STATUS_SUCCESS;
}
template <typename... Rest>
cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t, Rest... rest) {
    return product<float>(rest...);
}
template <typename... Rest>
cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t, Rest... rest) {
    return product<double>(rest...);
}
