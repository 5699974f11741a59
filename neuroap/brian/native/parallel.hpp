// Elementwise loops over large arrays, on as many threads as the matrix products have.
#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace neuroap {

// Threads that sleep until there is a loop to share. They do not spin: that would keep the cores from the products.
class Pool {
  public:
    explicit Pool(int threads) {
        for (int k = 1; k < threads; ++k) std::thread([this, k, threads] { work(k, threads); }).detach();
        others_ = std::max(threads - 1, 0);
    }

    // Calls body(begin, end) for parts of [0, size) that together are all of it.
    template <typename Body>
    void share(size_t size, const Body& body) {
        call_ = [](const void* loop, size_t begin, size_t end) { (*static_cast<const Body*>(loop))(begin, end); };
        loop_ = &body;
        size_ = size;
        left_.store(others_, std::memory_order_relaxed);
        {
            std::lock_guard<std::mutex> hold(mutex_);
            ++round_;
        }
        wake_.notify_all();
        part(0, others_ + 1);
        while (left_.load(std::memory_order_acquire) > 0) std::this_thread::yield();
    }

  private:
    void work(int k, int threads) {
        for (unsigned long seen = 0;;) {
            {
                std::unique_lock<std::mutex> hold(mutex_);
                wake_.wait(hold, [&] { return round_ != seen; });
                seen = round_;
            }
            part(k, threads);
            left_.fetch_sub(1, std::memory_order_release);
        }
    }

    // Whole cache lines for each, so that no two threads write to one.
    void part(int k, int threads) {
        const size_t each = (size_ / threads + 63) / 64 * 64;
        const size_t begin = std::min(size_, k * each), end = std::min(size_, k + 1 == threads ? size_ : begin + each);
        if (begin < end) call_(loop_, begin, end);
    }

    int others_ = 0;
    size_t size_ = 0;
    const void* loop_ = nullptr;
    void (*call_)(const void*, size_t, size_t) = nullptr;
    std::mutex mutex_;
    std::condition_variable wake_;
    unsigned long round_ = 0;
    std::atomic<int> left_{0};
};

// body(begin, end) over [0, size): at once where the array is small, else shared among threads.
template <typename Body>
void loop(size_t size, const Body& body) {
    static const int threads = [] {
        const char* text = std::getenv("OPENBLAS_NUM_THREADS");
        return text ? std::max(std::atoi(text), 1) : 1;
    }();
    if (threads == 1 || size < 100000) return body(0, size);
    static Pool* const pool = new Pool(threads);  // its threads live as long as the program
    pool->share(size, body);
}

}  // namespace neuroap
