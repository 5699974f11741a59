// Memory of the device that runs the network: here, that of a GPU.
//
// Everything goes in order through the default stream, as Brian2CUDA's kernels do. Only what returns numbers to the
// host waits for the GPU.
#pragma once
#include <cuda_runtime.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace neuroap {

// Ends the program with the reason as its last words: no CUDA call works after most failures.
inline void check(cudaError_t status) {
    if (status == cudaSuccess) return;
    std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(status));
    std::_Exit(1);
}

inline void check_launch() { check(cudaGetLastError()); }

// A GPU takes no longer for numbers below 1e-38 than for others.
inline void flush_denormals() {}

inline void to_device(void* device, const void* host, size_t bytes) {
    check(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice));
}
inline void to_host(void* host, const void* device, size_t bytes) {
    check(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost));
}
inline void within_device(void* to, const void* from, size_t bytes) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice));
}
inline void finish() { check(cudaDeviceSynchronize()); }

template <typename T>
__global__ void write_value(T* to, T value) {
    *to = value;
}

// One number; it travels with the launch, so the host needs neither wait nor keep it.
template <typename T>
void set_value(T* device, T value) {
    write_value<<<1, 1>>>(device, value);
    check_launch();
}

// Values on the device.
template <typename T>
class DeviceBuffer {
  public:
    DeviceBuffer() = default;
    ~DeviceBuffer() { cudaFree(data_); }
    DeviceBuffer(const DeviceBuffer&) = delete;
    DeviceBuffer& operator=(const DeviceBuffer&) = delete;
    DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
        swap(other);
        return *this;
    }

    void zeros(size_t size) {
        reserve(size);
        if (size > 0) check(cudaMemsetAsync(data_, 0, size * sizeof(T)));
    }
    void upload(const std::vector<T>& values) {
        reserve(values.size());
        if (!values.empty()) to_device(data_, values.data(), values.size() * sizeof(T));
    }
    std::vector<T> fetched() const {
        std::vector<T> values(size_);
        if (size_ > 0) to_host(values.data(), data_, size_ * sizeof(T));
        return values;
    }
    T* data() { return data_; }
    const T* data() const { return data_; }
    bool empty() const { return size_ == 0; }

  private:
    void reserve(size_t size) {
        if (size > room_) {
            check(cudaFree(data_));
            data_ = nullptr;
            check(cudaMalloc(&data_, size * sizeof(T)));
            room_ = size;
        }
        size_ = size;
    }
    void swap(DeviceBuffer& other) {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(room_, other.room_);
    }
    T* data_ = nullptr;
    size_t size_ = 0, room_ = 0;
};

// rates[k, :] = columns [from, from + width) of row order[k], for k < count; zero for count <= k. One block per row.
template <typename Real>
__global__ void gather_rows(Real* rates, const Real* all, const int64_t* order, size_t count, size_t stride, size_t from,
                            size_t width) {
    const size_t k = blockIdx.x;
    const Real* row = k < count ? all + order[k] * stride + from : nullptr;
    for (size_t j = threadIdx.x; j < width; j += blockDim.x) rates[k * width + j] = row ? row[j] : Real(0);
}

// target[k, labels[order[k]]] = 1 for k < count, all else 0. One block per row.
template <typename Real>
__global__ void one_hot(Real* target, const int32_t* labels, const int64_t* order, size_t count, size_t nodes) {
    const size_t k = blockIdx.x;
    const int64_t label = k < count ? labels[order[k]] : -1;
    for (size_t j = threadIdx.x; j < nodes; j += blockDim.x)
        target[k * nodes + j] = static_cast<int64_t>(j) == label ? Real(1) : Real(0);
}

// The stimuli of a task, row by row: all of them go to the GPU once, where a batch takes its rows from.
class Rows {
  public:
    Rows(int file, size_t row_bytes) : row_bytes_(row_bytes) {
        struct stat about;
        if (::fstat(file, &about) != 0) throw std::runtime_error("the stimuli cannot be read");
        const size_t bytes = static_cast<size_t>(about.st_size);
        check(cudaMalloc(&data_, std::max<size_t>(bytes, 1)));
        read(file, bytes);
        ::close(file);
    }
    ~Rows() { cudaFree(data_); }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    template <typename Real>
    void show(Real* rates, const int64_t* order, size_t count, size_t rows, size_t from, size_t width) const {
        gather_rows<<<static_cast<unsigned>(rows), 256>>>(rates, reinterpret_cast<const Real*>(data_), order, count,
                                                          row_bytes_ / sizeof(Real), from, width);
        check_launch();
    }

  private:
    // By portions through memory that the GPU reads directly.
    void read(int file, size_t bytes) {
        const size_t portion = size_t(32) << 20;
        char* host = nullptr;
        check(cudaMallocHost(&host, std::min(std::max<size_t>(bytes, 1), portion)));
        for (size_t done = 0; done < bytes;) {
            const ssize_t got = ::pread(file, host, std::min(portion, bytes - done), static_cast<off_t>(done));
            if (got <= 0) throw std::runtime_error("the stimuli cannot be read");
            to_device(data_ + done, host, static_cast<size_t>(got));
            done += static_cast<size_t>(got);
        }
        check(cudaFreeHost(host));
    }
    char* data_ = nullptr;
    size_t row_bytes_;
};

template <typename Real>
void set_targets(Real* target, const int32_t* labels, const int64_t* order, size_t count, size_t rows, size_t nodes) {
    one_hot<<<static_cast<unsigned>(rows), 32>>>(target, labels, order, count, nodes);
    check_launch();
}

}  // namespace neuroap
