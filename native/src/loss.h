// Cross-entropy: from the logits of rows to their gradient, in place.
#pragma once
#include "logarithm.h"
#include "memory.h"
#include "product.h"

namespace RIPPLECARRY_ISA {

// A sum of log(sum of powers) + largest - right, one logarithm for many rows: the sums, each from 1 to the
// number of outputs, are multiplied up in double precision first.
class LossSum {
public:
    void add(float sum, float largest, float right) {
        linear_ += static_cast<double>(largest) - right;
        product_ *= sum;
        if (!(product_ < 1e250)) flush();
    }
    double total() {
        flush();
        return linear_;
    }

private:
    void flush() {
        linear_ += logarithm(product_);
        product_ = 1;
    }
    double linear_ = 0, product_ = 1;
};

// Works on as many rows at once as a vector has lanes, one a lane: no sum or maximum goes across a vector, and
// padding costs no power.
class CrossEntropy {
public:
    CrossEntropy(Memory& memory, int num_outputs)
        : outputs_(num_outputs), width_(padded(num_outputs)), columns_(memory, int64_t{num_outputs} * kWidth) {}

    // Adds the losses; the gradient is that of their sum times `scale`.
    template <class AnswerOf>
    void to_gradient(float* logits, int rows, float scale, const AnswerOf& answer_of, LossSum& loss) {
        for (int row = 0; row < rows; row += kWidth)
            some_to_gradient(logits + int64_t{row} * width_, std::min(kWidth, rows - row), scale,
                             [&](int lane) { return answer_of(row + lane); }, loss);
    }

private:
    template <class AnswerOf>
    void some_to_gradient(float* logits, int rows, float scale, const AnswerOf& answer_of, LossSum& loss) {
        float* columns = columns_.data();
        for (int row = 0; row < rows; ++row)
            for (int i = 0; i < outputs_; ++i) columns[i * kWidth + row] = logits[row * width_ + i];
        Vector largest = load(columns), sum{};
        for (int i = 1; i < outputs_; ++i) largest = greater(largest, load(columns + i * kWidth));
        for (int i = 0; i < outputs_; ++i) {
            const Vector power = exponential(load(columns + i * kWidth) - largest);
            store(columns + i * kWidth, power);
            sum += power;
        }
        const Vector factor = scale / sum;
        for (int i = 0; i < outputs_; ++i) store(columns + i * kWidth, load(columns + i * kWidth) * factor);
        for (int row = 0; row < rows; ++row) {
            float* mine = logits + row * width_;
            const int answer = answer_of(row);
            loss.add(sum[row], largest[row], mine[answer]);
            for (int i = 0; i < outputs_; ++i) mine[i] = columns[i * kWidth + row];
            mine[answer] -= scale;
        }
    }

    const int outputs_, width_;
    Floats columns_;
};

}  // namespace RIPPLECARRY_ISA
