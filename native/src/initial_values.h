// Initial weights, the very ones of ripplecarry.networks.initial_values.
#pragma once
#include "engine.h"
#include "memory.h"
#include "operands.h"
#include "wide.h"

namespace RIPPLECARRY_ISA {

// All parameters in their order; each takes its words from a step of its own. False where memory is refused.
class InitialValues {
public:
    InitialValues(uint64_t seed, const ripplecarry::Shape& shape, float* to)
        : seed_(seed), to_(to), bound_(1 / __builtin_sqrt(static_cast<double>(shape.hidden))) {
        normal(int64_t{shape.base} * shape.embedding);
        for (int layer = 0; layer < shape.layers; ++layer) {
            const int64_t rows = int64_t{shape.size().gates} * shape.hidden;
            uniform(rows * (layer ? shape.hidden : shape.operands * shape.embedding));
            if (shape.size().is_recurrent) uniform(rows * shape.hidden);
            uniform(rows);
            if (shape.size().is_recurrent) uniform(rows);
        }
        uniform(int64_t{shape.outputs} * shape.hidden);
        uniform(shape.outputs);
    }

    bool had_memory() const { return !memory_.was_refused; }

private:
    // By Box and Muller, each rounded from the exact value.
    void normal(int64_t count) {
        const double* unit = draw(count + count % 2);
        for (int64_t i = 0; unit && i < count; i += 2) {
            const Wide radius = square_root(Wide{-2, 0} * wide_logarithm(unit[i]));
            Wide sine, cosine;
            sine_and_cosine(2 * 0x1.921fb54442d18p+1 * unit[i + 1], sine, cosine);
            to_[i] = rounded(radius * cosine);
            if (i + 1 < count) to_[i + 1] = rounded(radius * sine);
        }
        to_ += count;
    }

    void uniform(int64_t count) {
        const double* unit = draw(count);
        for (int64_t i = 0; unit && i < count; ++i) to_[i] = static_cast<float>((2 * unit[i] - 1) * bound_);
        to_ += count;
    }

    // Numbers between 0 and 1, neither of which is reached.
    const double* draw(int64_t count) {
        constexpr uint32_t kInitialValues = 0;
        const int blocks = static_cast<int>((count + 3) / 4);
        words_.grow(memory_, 4 * (int64_t{blocks} + kLanes));
        units_.grow(memory_, count);
        if (memory_.was_refused) return nullptr;
        philox(seed_, number_++, kInitialValues, 1, blocks, words_.data());
        for (int64_t i = 0; i < count; ++i) units_.data()[i] = (words_.data()[i] + 0.5) / 4294967296.0;
        return units_.data();
    }

    const uint64_t seed_;
    float* to_;
    const double bound_;
    uint32_t number_ = 0;
    Memory memory_;
    Array<uint32_t> words_;
    Array<double> units_;
};

}  // namespace RIPPLECARRY_ISA
