// The first layer's input product: a sum of one row an operand of small tables, which are embedding times weights.
#pragma once
#include "layout.h"
#include "memory.h"

namespace RIPPLECARRY_ISA {

template <class Cell>
class Table {
public:
    Table(Memory& memory, const Layout<Cell>& layout)
        : layout_(layout),
          entries_(memory, int64_t{num_entries()} * layout.sums),
          gradient_(memory, int64_t{num_entries()} * layout.drive),
          weights_(memory, int64_t{layout.features(0)} * layout.sums),
          zeros_(memory, layout.sums) {}

    // `bias` is of sums and goes into the first operand's entries; the others are kept for the gradient.
    void fill(const float* embedding, const float* input, const float* bias) {
        const int features = layout_.features(0), size = layout_.shape.embedding, base = layout_.shape.base;
        embedding_ = embedding;
        input_ = input;
        for (int row = 0; row < layout_.gate_rows(); ++row)
            for (int k = 0; k < features; ++k)
                weights_.data()[int64_t{k} * layout_.sums + layout_.sum_place(row)] = input[int64_t{row} * features + k];
        for (int operand = 0; operand < layout_.shape.operands; ++operand) {
            const Product product{embedding, size, weights_.data() + int64_t{operand} * size * layout_.sums, layout_.sums, size};
            multiply<kVectors>(base, layout_.sums / kWidth, product, operand ? zeros_.data() : bias, 0,
                                      entries_.data() + int64_t{operand} * base * layout_.sums, layout_.sums);
        }
    }

    // The sum of the entries of one position's digits, one of each operand.
    void look_up(const uint8_t* digits, float* sums) const {
        const int operands = layout_.shape.operands, size = layout_.sums;
        const float* first = entry(0, digits[0]);
        const float* second = operands > 1 ? entry(1, digits[1]) : nullptr;
        for (int i = 0; i < size; i += kWidth) store(sums + i, second ? load(first + i) + load(second + i) : load(first + i));
        for (int operand = 2; operand < operands; ++operand) {
            const float* more = entry(operand, digits[operand]);
            for (int i = 0; i < size; i += kWidth) store(sums + i, load(sums + i) + load(more + i));
        }
    }

    void zero_gradient() { gradient_.zero(); }

    // Adds the gradient of one position's drives.
    void add_gradient(const uint8_t* digits, const float* drive) {
        for (int operand = 0; operand < layout_.shape.operands; ++operand) {
            float* sum = gradient_entry(operand, digits[operand]);
            for (int i = 0; i < layout_.drive; i += kWidth) store(sum + i, load(sum + i) + load(drive + i));
        }
    }

    // The gradients of the embedding, of the input weights and of the drives' bias.
    void collect(float* embedding, float* input, float* bias) {
        const int features = layout_.features(0), size = layout_.shape.embedding, base = layout_.shape.base;
        std::fill_n(embedding, int64_t{base} * size, 0.0f);
        std::fill_n(input, int64_t{layout_.gate_rows()} * features, 0.0f);
        for (int operand = 0; operand < layout_.shape.operands; ++operand)
            for (int digit = 0; digit < base; ++digit) {
                const float* entry = gradient_entry(operand, digit);
                if (!operand)
                    for (int i = 0; i < layout_.drive; ++i) bias[i] += entry[i];
                for (int row = 0; row < layout_.gate_rows(); ++row) {
                    const float value = entry[layout_.drive_place(row)];
                    const int64_t start = int64_t{row} * features + operand * size;
                    for (int k = 0; k < size; ++k) {
                        input[start + k] += value * embedding_[digit * size + k];
                        embedding[digit * size + k] += value * input_[start + k];
                    }
                }
            }
    }

private:
    int num_entries() const { return layout_.shape.operands * layout_.shape.base; }
    const float* entry(int operand, int digit) const {
        return entries_.data() + (int64_t{operand} * layout_.shape.base + digit) * layout_.sums;
    }
    float* gradient_entry(int operand, int digit) {
        return gradient_.data() + (int64_t{operand} * layout_.shape.base + digit) * layout_.drive;
    }

    const Layout<Cell>& layout_;
    Floats entries_, gradient_, weights_, zeros_;
    const float* embedding_ = nullptr;
    const float* input_ = nullptr;
};

}  // namespace RIPPLECARRY_ISA
