// The host side of a compiled network: it takes commands, counts ticks and batches, shows stimuli, keeps outputs.
//
// The network stays in memory between runs. Python writes one command per line into a pipe and reads one reply
// per line from another; arrays travel through a file that both processes map into memory.
//
//   set I J ...                    copy arrays I, J ... from the shared file into the network
//   get I J ...                    copy them from the network into the shared file
//   stream T FILE WIDTH LABELS ORDER OUTPUTS
//                                  what task T shows in the next run ("-": no labels, no learning)
//   forget FILE                    the stimuli in FILE are not needed any more
//   seed N                         seed the random numbers
//   trace FILE I J ...             keep these arrays at the end of every tick of the next run
//   only products|all              what acts in the next runs; with products alone nothing is shown or kept
//   run CYCLES LENGTH TOTAL UPDATES
//   quit
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "native/gate.hpp"
#if defined(__CUDACC__)
#include "native/cuda_memory.hpp"
#else
#include "native/memory.hpp"
#endif

namespace neuroap {

// Values of the batch at hand that the network's code reads; host and device may each have their own.
struct Counters {
    int32_t* count;
    double* k;
    int32_t* device_count;
    double* device_k;
};

struct Array {
    void* data;
    size_t bytes;
    size_t offset;
};

template <typename Real>
struct Input {
    Real* rates;
    size_t size, columns;
    std::vector<int> frames;  // that the ticks of a cycle begin; -1: none

    int frame_at(int tick) const { return tick < static_cast<int>(frames.size()) ? frames[tick] : -1; }
};

template <typename Real>
struct Task {
    std::vector<Input<Real>> inputs;
    Real* target;
    const Real* output;
    size_t nodes;
    // Of the run at hand.
    std::shared_ptr<Rows> rows;
    DeviceBuffer<int32_t> labels;
    DeviceBuffer<int64_t> order;
    DeviceBuffer<Real> outputs;
    std::string results;
};

template <typename Real>
class Program {
  public:
    size_t copies = 1, trials = 1;
    Counters counters;
    std::vector<Array> arrays;
    std::vector<Task<Real>> tasks;
    std::function<void(unsigned long)> reseed;

    // Runs first in every tick.
    void begin_tick() {
        if (!commands_) open();
        if (++position() >= length_) {
            position() = 0;
            if (++index_ >= cycles_) {
                if (cycles_ > 0) finish_run();
                wait_for_run();
                index_ = 0;
            }
        }
        begun_ = position();
        if (begun_ == 0) begin_cycle();
        if (!products_only()) show_stimuli();
        ++steps_;
    }

    // Runs last in every tick.
    void end_tick() {
        if (trace_ >= 0) {
            off_t at = static_cast<off_t>(begun_) * static_cast<off_t>(trace_bytes_);
            for (size_t i : traced_) {
                write_all(trace_, from_device(arrays[i].data, arrays[i].bytes), arrays[i].bytes, at);
                at += static_cast<off_t>(arrays[i].bytes);
            }
        }
        if (position() + 1 >= length_ && !products_only()) read_outputs();
    }

  private:
    // -- the cycle ----------------------------------------------------------------------------
    void begin_cycle() {
        const size_t start = static_cast<size_t>(index_) * trials;
        count_ = std::min(trials, total_ - start);
        *counters.count = static_cast<int32_t>(count_);
        *counters.k = static_cast<double>(updates_ + index_ + 1);
        if (counters.device_count != counters.count) {
            set_value(counters.device_count, *counters.count);
            set_value(counters.device_k, *counters.k);
        }
        report();
    }

    void show_stimuli() {
        for (auto& task : tasks) {
            for (size_t copy = 0; copy < copies; ++copy) {
                const int64_t* order = task.order.data() + copy * total_ + static_cast<size_t>(index_) * trials;
                size_t from = 0;
                for (auto& input : task.inputs) {
                    if (const int frame = input.frame_at(begun_); frame >= 0)
                        task.rows->show(input.rates + copy * trials * input.size, order, count_, trials,
                                        from + frame * input.size, input.size);
                    from += input.columns;
                }
                if (begun_ == 0 && !task.labels.empty())
                    set_targets(task.target + copy * trials * task.nodes, task.labels.data(), order, count_, trials,
                                task.nodes);
            }
        }
    }

    void read_outputs() {
        const size_t start = static_cast<size_t>(index_) * trials;
        for (auto& task : tasks)
            for (size_t copy = 0; copy < copies; ++copy)
                within_device(task.outputs.data() + (copy * total_ + start) * task.nodes,
                              task.output + copy * trials * task.nodes, count_ * task.nodes * sizeof(Real));
    }

    // A line at most every 50 ms: enough for a progress bar, nothing for the network.
    void report() {
        const auto now = std::chrono::steady_clock::now();
        if (now - reported_ < std::chrono::milliseconds(50)) return;
        reported_ = now;
        finish();
        reply("at " + std::to_string(index_));
    }

    void finish_run() {
        finish();
        for (auto& task : tasks) {
            const auto& outputs = task.outputs.fetched();
            save(task.results, outputs.data(), outputs.size() * sizeof(Real));
        }
        if (trace_ >= 0) ::close(trace_);
        trace_ = -1;
        reply("done " + std::to_string(steps_));
        cycles_ = 0;
    }

    // -- commands -----------------------------------------------------------------------------
    void open() {
        commands_ = ::fdopen(number("NEUROAP_COMMANDS"), "r");
        replies_ = ::fdopen(number("NEUROAP_REPLIES"), "w");
        const char* folder = std::getenv("NEUROAP_FOLDER");
        if (!commands_ || !replies_ || !folder) {
            std::fprintf(stderr, "this program is started by neuroap\n");
            std::_Exit(2);
        }
        folder_ = folder;
        flush_denormals();
        size_t bytes = 0;
        for (const auto& a : arrays) bytes = std::max(bytes, a.offset + a.bytes);
        const int file = open_file("arrays", O_RDWR);
        shared_ = static_cast<char*>(::mmap(nullptr, std::max<size_t>(bytes, 1), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
        ::close(file);
        if (shared_ == MAP_FAILED) fail("the shared arrays cannot be mapped");
        reply("ready");
    }

    void wait_for_run() {
        char* line = nullptr;
        size_t room = 0;
        for (bool waiting = true; waiting;) {
            if (::getline(&line, &room, commands_) < 0) std::_Exit(0);  // Python is gone
            std::istringstream words(line);
            std::string command;
            words >> command;
            try {
                waiting = !obey(command, words);
            } catch (const std::exception& error) {
                fail(error.what());
            }
        }
        std::free(line);
    }

    // Returns whether the network is to run.
    bool obey(const std::string& command, std::istringstream& words) {
        size_t i;
        if (command == "set") {
            while (words >> i) to_device(arrays.at(i).data, shared_ + arrays[i].offset, arrays[i].bytes);
        } else if (command == "get") {
            while (words >> i) to_host(shared_ + arrays.at(i).offset, arrays[i].data, arrays[i].bytes);
            reply("got");
        } else if (command == "stream") {
            read_stream(words);
        } else if (command == "forget") {
            std::string file;
            words >> file;
            files_.erase(file);
            for (auto& task : tasks) task.rows.reset();
        } else if (command == "seed") {
            unsigned long seed;
            words >> seed;
            reseed(seed);
        } else if (command == "trace") {
            read_trace(words);
        } else if (command == "only") {
            std::string what;
            words >> what;
            products_only() = what == "products";
        } else if (command == "run") {
            words >> cycles_ >> length_ >> total_ >> updates_;
            for (auto& task : tasks) task.outputs.zeros(copies * total_ * task.nodes);
            steps_ = 0;
            reported_ = std::chrono::steady_clock::now();
            position() = 0;
            return true;
        } else if (command == "quit") {
            std::_Exit(0);
        } else {
            throw std::runtime_error("unknown command " + command);
        }
        return false;
    }

    void read_stream(std::istringstream& words) {
        size_t t, width;
        std::string rows, labels, order, outputs;
        words >> t >> rows >> width >> labels >> order >> outputs;
        Task<Real>& task = tasks.at(t);
        if (!files_.count(rows))
            files_[rows] = std::make_shared<Rows>(open_file(rows, O_RDONLY), width * sizeof(Real));
        task.rows = files_[rows];
        task.order.upload(load<int64_t>(order));
        task.labels.upload(labels == "-" ? std::vector<int32_t>() : load<int32_t>(labels));
        task.results = outputs;
    }

    void read_trace(std::istringstream& words) {
        std::string name;
        words >> name;
        trace_ = open_file(name, O_RDWR);
        traced_.clear();
        trace_bytes_ = 0;
        for (size_t i; words >> i;) {
            traced_.push_back(i);
            trace_bytes_ += arrays.at(i).bytes;
        }
    }

    // -- files --------------------------------------------------------------------------------
    int open_file(const std::string& name, int how) const {
        const int file = ::open((folder_ + "/" + name).c_str(), how, 0600);
        if (file < 0) throw std::runtime_error("cannot open " + name);
        return file;
    }

    template <typename T>
    std::vector<T> load(const std::string& name) const {
        const int file = open_file(name, O_RDONLY);
        struct stat about;
        ::fstat(file, &about);
        std::vector<T> values(static_cast<size_t>(about.st_size) / sizeof(T));
        size_t done = 0;
        while (done < values.size() * sizeof(T)) {
            const ssize_t got = ::read(file, reinterpret_cast<char*>(values.data()) + done, values.size() * sizeof(T) - done);
            if (got <= 0) throw std::runtime_error("cannot read " + name);
            done += got;
        }
        ::close(file);
        return values;
    }

    void save(const std::string& name, const void* data, size_t bytes) const {
        const int file = open_file(name, O_RDWR | O_CREAT | O_TRUNC);
        write_all(file, data, bytes, 0);
        ::close(file);
    }

    static void write_all(int file, const void* data, size_t bytes, off_t at) {
        const char* from = static_cast<const char*>(data);
        while (bytes > 0) {
            const ssize_t put = ::pwrite(file, from, bytes, at);
            if (put <= 0) fail_now("the disk is full");
            from += put, at += put, bytes -= put;
        }
    }

    const void* from_device(const void* data, size_t bytes) {
        staging_.resize(bytes);
        to_host(staging_.data(), data, bytes);
        return staging_.data();
    }

    static int number(const char* name) {
        const char* text = std::getenv(name);
        return text ? std::atoi(text) : -1;
    }

    void reply(const std::string& line) {
        std::fprintf(replies_, "%s\n", line.c_str());
        std::fflush(replies_);
    }

    void fail(const std::string& reason) {
        if (replies_) reply("error " + reason);
        std::_Exit(1);
    }

    static void fail_now(const char* reason) {
        std::fprintf(stderr, "neuroap: %s\n", reason);
        std::_Exit(1);
    }

    std::FILE* commands_ = nullptr;
    std::FILE* replies_ = nullptr;
    std::string folder_;
    char* shared_ = nullptr;
    std::map<std::string, std::shared_ptr<Rows>> files_;
    int length_ = 0;
    long cycles_ = 0, index_ = -1, updates_ = 0, steps_ = 0;
    size_t total_ = 0, count_ = 0;
    int begun_ = 0;
    int trace_ = -1;
    size_t trace_bytes_ = 0;
    std::vector<size_t> traced_;
    std::vector<char> staging_;
    std::chrono::steady_clock::time_point reported_;
};

template <typename Real>
Program<Real>& program() {
    static Program<Real> only;
    return only;
}

}  // namespace neuroap
