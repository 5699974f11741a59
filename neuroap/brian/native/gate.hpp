// Where a program is in its cycle of ticks, and whether an object acts there.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <vector>

namespace neuroap {

// The tick of the cycle at hand; -1 between runs, when every gate is shut.
inline int& position() {
    static int now = -1;
    return now;
}

// Whether matrix products act alone, so that one may see what they cost.
inline bool& products_only() {
    static bool only = false;
    return only;
}

class Gate {
  public:
    Gate() = default;  // without ticks: of an area that nothing reaches, never open
    Gate(std::initializer_list<int> ticks) {
        for (int tick : ticks) {
            if (tick >= static_cast<int>(ticks_.size())) ticks_.resize(tick + 1, 0);
            ticks_[tick] = 1;
        }
    }
    bool open() const {
        const int now = position();
        return now >= 0 && now < static_cast<int>(ticks_.size()) && ticks_[now];
    }

  private:
    std::vector<char> ticks_;
};

// The gate of what is no matrix product.
class BesideGate : public Gate {
  public:
    using Gate::Gate;
    bool open() const { return !products_only() && Gate::open(); }
};

}  // namespace neuroap
