// Random numbers of a run from its seed alone. Brian2CUDA draws them ahead for many ticks, into one buffer per object.
#pragma once
#include "native/cuda_memory.hpp"
#include "native/random_buffers.hpp"
#include "objects.h"
#include "rand.h"

namespace neuroap {

// The buffers of a fresh owner are filled anew, all at once. That of the tick at hand was filled before its first
// object, which is where this is called, and so it is filled again.
inline void restart_random_numbers(unsigned long seed) {
    free_random_buffers();
    brian::random_number_buffer = RandomNumberBuffer();
    brian::random_number_buffer.set_seed(seed);
    brian::random_number_buffer.next_time_step();
}

}  // namespace neuroap
