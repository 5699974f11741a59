// Memory of the device that runs the network: here, that of this process.
#pragma once
#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#include <cstring>
#include <unistd.h>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace neuroap {

// Numbers below 1e-38 become zero: averages of Adam that fade away would cost a hundred times as much as others.
inline void flush_denormals() {
#if defined(__SSE__)
    _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__)
    uint64_t state;
    asm volatile("mrs %0, fpcr" : "=r"(state));
    asm volatile("msr fpcr, %0" : : "r"(state | (1u << 24)));
#endif
}

inline void to_device(void* device, const void* host, size_t bytes) { std::memcpy(device, host, bytes); }
inline void to_host(void* host, const void* device, size_t bytes) { std::memcpy(host, device, bytes); }
inline void within_device(void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }
inline void finish() {}

template <typename T>
void set_value(T* device, T value) {
    *device = value;
}

// Values on the device.
template <typename T>
class DeviceBuffer {
  public:
    void zeros(size_t size) { values_.assign(size, T(0)); }
    void upload(std::vector<T> values) { values_ = std::move(values); }
    const std::vector<T>& fetched() const { return values_; }
    T* data() { return values_.data(); }
    const T* data() const { return values_.data(); }
    bool empty() const { return values_.empty(); }

  private:
    std::vector<T> values_;
};

// The stimuli of a task, row by row. They stay in the file: the page cache of the system keeps them, and
// a batch needs few rows.
class Rows {
  public:
    Rows(int file, size_t row_bytes) : file_(file), row_bytes_(row_bytes) {}
    ~Rows() { ::close(file_); }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    // rates[k, :] = columns [from, from + width) of row order[k], for k < count; zero for count <= k < rows.
    template <typename Real>
    void show(Real* rates, const int64_t* order, size_t count, size_t rows, size_t from, size_t width) const {
        for (size_t k = 0; k < count; ++k)
            read(rates + k * width, order[k] * row_bytes_ + from * sizeof(Real), width * sizeof(Real));
        std::memset(rates + count * width, 0, (rows - count) * width * sizeof(Real));
    }

  private:
    void read(void* to, size_t offset, size_t bytes) const {
        char* end = static_cast<char*>(to);
        while (bytes > 0) {
            const ssize_t got = ::pread(file_, end, bytes, static_cast<off_t>(offset));
            if (got <= 0) throw std::runtime_error("the stimuli cannot be read");
            end += got, offset += got, bytes -= got;
        }
    }
    int file_;
    size_t row_bytes_;
};

// target[k, labels[order[k]]] = 1 for k < count, all else 0.
template <typename Real>
void set_targets(Real* target, const int32_t* labels, const int64_t* order, size_t count, size_t rows, size_t nodes) {
    std::memset(target, 0, rows * nodes * sizeof(Real));
    for (size_t k = 0; k < count; ++k) target[k * nodes + labels[order[k]]] = Real(1);
}

}  // namespace neuroap
