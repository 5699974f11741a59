// Stands in for CUDA on a computer without a GPU: memory of the device is ordinary memory, kernels are called thread by
// thread. Memory starts out full of NaN, so that what was never written shows.
#pragma once
#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using std::max;
using std::min;
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
inline thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

// -- functions of the runtime -----------------------------------------------------------------

typedef int cudaError_t;
typedef int cudaError;
enum { cudaSuccess, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice, cudaLimitMallocHeapSize };
struct cudaDeviceProp {
    int multiProcessorCount = 4, maxThreadsPerBlock = 1024, maxThreadsPerMultiProcessor = 2048, warpSize = 32;
    size_t sharedMemPerBlock = 49152;
};
struct cudaFuncAttributes {
    int numRegs = 8, maxThreadsPerBlock = 1024;
    size_t sharedSizeBytes = 0, localSizeBytes = 0, constSizeBytes = 0;
};
inline const char* cudaGetErrorString(int) { return "an error that cannot be"; }
inline int cudaGetLastError() { return cudaSuccess; }
inline int cudaDeviceSynchronize() { return cudaSuccess; }
inline int cudaSetDevice(int) { return cudaSuccess; }
inline int cudaDeviceSetLimit(int, size_t) { return cudaSuccess; }
inline int cudaProfilerStop() { return cudaSuccess; }
inline int cudaGetDeviceProperties(cudaDeviceProp* found, int) {
    *found = cudaDeviceProp();
    return cudaSuccess;
}
inline int cudaMemGetInfo(size_t* available, size_t* total) {
    *available = *total = size_t(8) << 30;
    return cudaSuccess;
}
template <typename T>
int cudaMalloc(T** made, size_t bytes) {
    *made = static_cast<T*>(std::malloc(std::max<size_t>(bytes, 1)));
    std::memset(static_cast<void*>(*made), 0xff, bytes);
    return cudaSuccess;
}
template <typename T>
int cudaMallocHost(T** made, size_t bytes) {
    return cudaMalloc(made, bytes);
}
inline int cudaFree(const void* data) {
    std::free(const_cast<void*>(data));
    return cudaSuccess;
}
inline int cudaFreeHost(void* data) { return cudaFree(data); }
inline int cudaMemcpy(void* to, const void* from, size_t bytes, int) {
    std::memcpy(to, from, bytes);
    return cudaSuccess;
}
inline int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int how) { return cudaMemcpy(to, from, bytes, how); }
inline int cudaMemset(void* to, int value, size_t bytes) {
    std::memset(to, value, bytes);
    return cudaSuccess;
}
inline int cudaMemsetAsync(void* to, int value, size_t bytes) { return cudaMemset(to, value, bytes); }
template <typename T>
int cudaMemcpyToSymbol(T& symbol, const void* from, size_t bytes) {
    return cudaMemcpy(&symbol, from, bytes, cudaMemcpyHostToDevice);
}
template <typename Kernel>
int cudaOccupancyMaxPotentialBlockSize(int* blocks, int* threads, Kernel, int, int) {
    *blocks = 1, *threads = 256;
    return cudaSuccess;
}
template <typename Kernel>
int cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Kernel, int, size_t) {
    *blocks = 8;
    return cudaSuccess;
}
template <typename Kernel>
int cudaFuncGetAttributes(cudaFuncAttributes* found, Kernel) {
    *found = cudaFuncAttributes();
    return cudaSuccess;
}

// -- kernels ----------------------------------------------------------------------------------

namespace on_cpu {

inline std::barrier<>* whole_block = nullptr;
inline std::vector<std::unique_ptr<std::barrier<>>> warps;
inline double exchanged[1024];
inline thread_local unsigned thread = 0;

// Calls a kernel for every block and thread; `together` if threads of a block wait for one another.
class Launch {
  public:
    Launch(bool together, dim3 grid, dim3 block) : together_(together), grid_(grid), block_(block) {
        const unsigned threads = block.x * block.y * block.z;
        if (grid.x * grid.y * grid.z > 0 && threads > 0 && threads <= 1024 && grid.y <= 65535) return;
        std::fprintf(stderr, "a launch that a GPU refuses\n");
        std::abort();
    }
    template <typename Call>
    void operator<<(Call call) const {
        for (unsigned y = 0; y < grid_.y; ++y)
            for (unsigned x = 0; x < grid_.x; ++x) together_ ? at_once(dim3(x, y), call) : in_turn(dim3(x, y), call);
    }

  private:
    template <typename Call>
    void one(dim3 block, unsigned number, Call& call) const {
        gridDim = grid_, blockDim = block_, blockIdx = block, thread = number;
        threadIdx = dim3(number % block_.x, number / block_.x, 0);
        call();
    }
    template <typename Call>
    void in_turn(dim3 block, Call& call) const {
        for (unsigned k = 0; k < block_.x * block_.y; ++k) one(block, k, call);
    }
    template <typename Call>
    void at_once(dim3 block, Call& call) const {
        const unsigned count = block_.x * block_.y;
        std::barrier<> all(count);
        whole_block = &all;
        warps.clear();
        for (unsigned k = 0; k < count; k += 32) warps.emplace_back(new std::barrier<>(32));
        std::vector<std::thread> threads;
        for (unsigned k = 0; k < count; ++k)
            threads.emplace_back([&, k] {
                one(block, k, call);
                all.arrive_and_drop();
            });
        for (auto& each : threads) each.join();
    }
    bool together_;
    dim3 grid_, block_;
};

}  // namespace on_cpu

inline void __syncthreads() { on_cpu::whole_block->arrive_and_wait(); }
inline void __threadfence() {}
template <typename T>
T __shfl_xor_sync(unsigned, T value, int far) {
    auto& warp = *on_cpu::warps[on_cpu::thread / 32];
    on_cpu::exchanged[on_cpu::thread] = value;
    warp.arrive_and_wait();
    const T other = static_cast<T>(on_cpu::exchanged[on_cpu::thread ^ far]);
    warp.arrive_and_wait();
    return other;
}

// Brian2CUDA defines atomic operations of its own with these, which nothing here uses.
template <typename T, typename A, typename B>
T atomicCAS(T*, A, B) {
    std::abort();
}
template <typename T, typename A>
T atomicAdd(T*, A) {
    std::abort();
}
inline int __float_as_int(float) { std::abort(); }
inline float __int_as_float(int) { std::abort(); }
inline long long __double_as_longlong(double) { std::abort(); }
inline double __longlong_as_double(long long) { std::abort(); }
