// Cross-entropy: from the logits of rows to their gradient, in place.
#pragma once
#include "engine.h"
#include "floats.h"
#include "product.h"

namespace RIPPLECARRY_ISA {

class CrossEntropy {
public:
    explicit CrossEntropy(int num_outputs)
        : width_(padded(num_outputs)), is_output_(width_), one_hot_(int64_t{num_outputs} * width_) {
        std::fill_n(is_output_.data(), num_outputs, 1.0f);
        for (int i = 0; i < num_outputs; ++i) one_hot_.data()[int64_t{i} * width_ + i] = 1;
    }

    // Adds a row's loss; its gradient is that of the sum of losses times `scale`. Padding has logits of -3e38 from
    // its bias, hence powers that `is_output_` makes zero.
    void to_gradient(float* row, int answer, float scale, ripplecarry::LossSum& loss) const {
        const float right = row[answer];
        Vector largest = load(row);
        for (int i = kWidth; i < width_; i += kWidth) largest = greater(largest, load(row + i));
        const float most = largest_of(largest);
        Vector sums{};
        for (int i = 0; i < width_; i += kWidth) {
            const Vector power = exponential(load(row + i) - most) * load(is_output_.data() + i);
            store(row + i, power);
            sums += power;
        }
        const float sum = sum_of(sums);
        loss.add(sum, most, right);
        const float factor = scale / sum;
        const float* one_hot = one_hot_.data() + int64_t{answer} * width_;
        for (int i = 0; i < width_; i += kWidth)
            store(row + i, load(row + i) * factor - load(one_hot + i) * scale);
    }

private:
    const int width_;
    Floats is_output_, one_hot_;
};

}  // namespace RIPPLECARRY_ISA
