// A network of one cell: forward and back over a block of rows that stays in cache.
//
// A block of the batch goes through all positions forward, then back; all it saves lies in one piece of
// memory of a few hundred kilobytes. Matrices are row-major, their widths padded to kPad floats; a drive
// has kGates blocks of `width` columns, `width` being the padded hidden size.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

#include "cells.h"
#include "engine.h"
#include "operands.h"
#include "product.h"
#include "update.h"

namespace RIPPLECARRY_ISA {

using ripplecarry::Shape;

// Zeroed floats on a cache line's boundary.
class Floats {
public:
    explicit Floats(int64_t size = 0) : size_(size), data_(allocate(size)) { zero(); }
    float* data() { return data_.get(); }
    const float* data() const { return data_.get(); }
    void zero() { std::fill_n(data_.get(), size_, 0.0f); }
    int64_t size() const { return size_; }

private:
    struct Free {
        void operator()(float* data) const { std::free(data); }
    };
    static float* allocate(int64_t size) {
        const size_t bytes = (static_cast<size_t>(std::max<int64_t>(size, 1)) * 4 + 63) / 64 * 64;
        void* data = std::aligned_alloc(64, bytes);
        if (!data) throw std::bad_alloc();
        return static_cast<float*>(data);
    }
    int64_t size_;
    std::unique_ptr<float, Free> data_;
};

template <class Cell>
class Network final : public ripplecarry::Network {
    static constexpr int kGates = Cell::kGates, kSaved = Cell::kSaved, kStates = Cell::kStates;

public:
    explicit Network(const Shape& shape)
        : shape_(shape),
          width_(padded(shape.hidden)),
          drive_(kGates * width_),
          outputs_(padded(shape.outputs)),
          saved_(kSaved * width_),
          table_(int64_t{shape.operands} * shape.base * drive_),
          table_gradient_(table_.size()),
          first_transposed_(int64_t{shape.operands} * shape.embedding * drive_),
          dense_(int64_t{outputs_} * width_),
          dense_transposed_(int64_t{shape.hidden} * outputs_),
          dense_bias_(outputs_),
          dense_gradient_(dense_.size()),
          dense_bias_gradient_(outputs_),
          is_output_(outputs_),
          one_hot_(int64_t{shape.outputs} * outputs_) {
        for (int i = 0; i < outputs_; ++i) dense_bias_.data()[i] = -3e38f;
        for (int i = 0; i < shape.outputs; ++i) {
            is_output_.data()[i] = 1;
            one_hot_.data()[int64_t{i} * outputs_ + i] = 1;
        }
        for (int layer = 0; layer < shape.layers; ++layer) layers_.emplace_back(shape, width_, drive_, layer > 0);
    }

    void set_parameters(const float* from) override {
        parameters_.assign(from, from + shape_.num_parameters(kGates));
        const float* next = parameters_.data();
        embedding_ = next;
        next += int64_t{shape_.base} * shape_.embedding;
        for (int number = 0; number < shape_.layers; ++number) {
            Layer& layer = layers_[number];
            const int features = number ? shape_.hidden : shape_.operands * shape_.embedding;
            const int rows = kGates * shape_.hidden;
            const float* input = next;
            const float* hidden = input + int64_t{rows} * features;
            const float* input_bias = hidden + int64_t{rows} * shape_.hidden;
            const float* hidden_bias = input_bias + rows;
            next = hidden_bias + rows;
            for (int row = 0; row < rows; ++row) {
                const int place = padded_row(row);
                for (int k = 0; k < shape_.hidden; ++k) {
                    const float weight = hidden[int64_t{row} * shape_.hidden + k];
                    layer.hidden.data()[int64_t{place} * width_ + k] = weight;
                    layer.hidden_transposed.data()[int64_t{k} * drive_ + place] = weight;
                }
                if (number)
                    for (int k = 0; k < features; ++k) {
                        const float weight = input[int64_t{row} * features + k];
                        layer.input.data()[int64_t{place} * width_ + k] = weight;
                        layer.input_transposed.data()[int64_t{k} * drive_ + place] = weight;
                    }
                layer.below_bias.data()[place] = input_bias[row] + (Cell::kSplit ? 0.0f : hidden_bias[row]);
                layer.before_bias.data()[place] = Cell::kSplit ? hidden_bias[row] : 0.0f;
            }
            if (!number) first_input_ = input;
        }
        for (int row = 0; row < shape_.outputs; ++row)
            for (int k = 0; k < shape_.hidden; ++k) {
                const float weight = next[int64_t{row} * shape_.hidden + k];
                dense_.data()[int64_t{row} * width_ + k] = weight;
                dense_transposed_.data()[int64_t{k} * outputs_ + row] = weight;
            }
        next += int64_t{shape_.outputs} * shape_.hidden;
        std::copy_n(next, shape_.outputs, dense_bias_.data());
        fill_table();
    }

    double gradients(const uint8_t* operands, const uint8_t* answers, int batch, int positions,
                     float* gradient) override {
        table_gradient_.zero();
        dense_gradient_.zero();
        dense_bias_gradient_.zero();
        for (Layer& layer : layers_) layer.zero_gradients();
        const int block = rows_per_block(batch, positions, true);
        prepare(block, positions);
        double loss = 0;
        const float scale = 1.0f / (static_cast<float>(batch) * static_cast<float>(positions));
        for (int row = 0; row < batch; row += block) {
            const int rows = std::min(block, batch - row);
            const uint8_t* digits = operands + int64_t{row} * positions * shape_.operands;
            forward(digits, rows, positions, false);
            loss += backward(digits, answers + int64_t{row} * positions, rows, positions, scale);
        }
        collect(gradient);
        return loss / (static_cast<double>(batch) * positions);
    }

    void logits(const uint8_t* operands, int batch, int positions, float* state, float* result) override {
        const int block = state ? batch : rows_per_block(batch, positions, false);
        prepare(block, positions);
        for (int row = 0; row < batch; row += block) {
            const int rows = std::min(block, batch - row);
            if (state) copy_state(state, rows, 0, true);
            forward(operands + int64_t{row} * positions * shape_.operands, rows, positions, state != nullptr);
            for (int position = 0; position < positions; ++position) {
                read_out(rows, position, read_.data());
                for (int r = 0; r < rows; ++r)
                    std::copy_n(read_.data() + int64_t{r} * outputs_, shape_.outputs,
                                result + (int64_t{row + r} * positions + position) * shape_.outputs);
            }
            if (state) copy_state(state, rows, positions, false);
        }
    }

    void draw(const ripplecarry::Draw& how, const ripplecarry::Machine& machine, uint32_t step, uint8_t* operands,
              uint8_t* answers) const override {
        RIPPLECARRY_ISA::draw(how, machine, step, operands, answers);
    }

    void update(int optimiser, double rate, int64_t step, int64_t count, const float* gradient, float* parameters,
                float* first, float* second) const override {
        RIPPLECARRY_ISA::update(optimiser, rate, step, count, gradient, parameters, first, second);
    }

private:
    struct Layer {
        Floats hidden, hidden_transposed, input, input_transposed, below_bias, before_bias;
        Floats hidden_gradient, input_gradient, below_bias_gradient, before_bias_gradient;

        Layer(const Shape& shape, int width, int drive, bool has_input)
            : hidden(int64_t{drive} * width),
              hidden_transposed(int64_t{shape.hidden} * drive),
              input(has_input ? int64_t{drive} * width : 0),
              input_transposed(has_input ? int64_t{shape.hidden} * drive : 0),
              below_bias(drive),
              before_bias(drive),
              hidden_gradient(hidden.size()),
              input_gradient(input.size()),
              below_bias_gradient(drive),
              before_bias_gradient(drive) {}

        void zero_gradients() {
            for (Floats* each : {&hidden_gradient, &input_gradient, &below_bias_gradient, &before_bias_gradient})
                each->zero();
        }
    };

    // The row of a gate's unit once every gate is padded.
    int padded_row(int row) const { return row / shape_.hidden * width_ + row % shape_.hidden; }

    // The first layer's input product is a sum of one row a operand of these tables.
    void fill_table() {
        const int features = shape_.operands * shape_.embedding;
        for (int row = 0; row < kGates * shape_.hidden; ++row)
            for (int k = 0; k < features; ++k)
                first_transposed_.data()[int64_t{k} * drive_ + padded_row(row)] = first_input_[int64_t{row} * features + k];
        for (int operand = 0; operand < shape_.operands; ++operand) {
            float* entries = table_entry(table_, operand, 0);
            for (int digit = 0; digit < shape_.base; ++digit) {
                float* entry = entries + int64_t{digit} * drive_;
                if (operand)
                    std::fill_n(entry, drive_, 0.0f);
                else
                    std::copy_n(layers_[0].below_bias.data(), drive_, entry);
            }
            multiply<true>(shape_.base, drive_, shape_.embedding, embedding_, shape_.embedding,
                           first_transposed_.data() + int64_t{operand} * shape_.embedding * drive_, drive_, entries,
                           drive_);
        }
    }

    float* table_entry(Floats& table, int operand, int digit) {
        return table.data() + (int64_t{operand} * shape_.base + digit) * drive_;
    }

    // Blocks are multiples of 5 rows that keep what is saved near the second-level cache's size; the
    // number depends on shapes alone, so that results do not depend on the machine's caches.
    int rows_per_block(int batch, int positions, bool keeps_all) const {
        const int64_t bytes = int64_t{4} * saved_ * shape_.layers * (positions + 1);
        const int64_t budget = keeps_all ? kBlockBytes : 4 * kBlockBytes;
        const int64_t rows = std::clamp<int64_t>(budget / bytes / 5 * 5, 5, 40);
        return static_cast<int>(std::min<int64_t>(rows, batch));
    }

    void prepare(int rows, int positions) {
        const int64_t needed = int64_t{shape_.layers} * (positions + 1) * rows * saved_;
        if (kept_.size() != needed || rows != rows_ || positions != positions_) {
            kept_ = Floats(needed);
            chunk_ = std::clamp(kChunkRows / rows, 1, positions);
            below_ = Floats(int64_t{shape_.layers} * chunk_ * rows * drive_);
            before_ = Floats(Cell::kSplit ? below_.size() : 0);
            read_ = Floats(int64_t{chunk_} * rows * outputs_);
            above_ = Floats(int64_t{rows} * width_);
            carried_ = Floats(int64_t{shape_.layers} * rows * kStates * width_);
            passed_ = Floats(kStates * width_);
            rows_ = rows;
            positions_ = positions;
        }
    }

    // What a layer saved behind `position` positions; 0 is the state before the first.
    float* kept(int layer, int position) {
        return kept_.data() + (int64_t{layer} * (positions_ + 1) + position) * rows_ * saved_;
    }

    void copy_state(float* state, int rows, int position, bool in) {
        for (int layer = 0; layer < shape_.layers; ++layer)
            for (int row = 0; row < rows; ++row)
                for (int part = 0; part < kStates; ++part) {
                    float* mine = kept(layer, position) + int64_t{row} * saved_ + part * width_;
                    float* theirs =
                        state + ((int64_t{part} * shape_.layers + layer) * rows + row) * shape_.hidden;
                    if (in)
                        std::copy_n(theirs, shape_.hidden, mine);
                    else
                        std::copy_n(mine, shape_.hidden, theirs);
                }
    }

    void forward(const uint8_t* digits, int rows, int positions, bool has_state) {
        float* below = below_.data();
        float* before = Cell::kSplit ? before_.data() : below;
        for (int position = 0; position < positions; ++position)
            for (int number = 0; number < shape_.layers; ++number) {
                const Layer& layer = layers_[number];
                for (int row = 0; row < rows; ++row) {
                    float* drive = below + int64_t{row} * drive_;
                    if (number)
                        std::copy_n(layer.below_bias.data(), drive_, drive);
                    else
                        add_entries(digits + (int64_t{row} * positions + position) * shape_.operands, drive);
                    if (Cell::kSplit) std::copy_n(layer.before_bias.data(), drive_, before + int64_t{row} * drive_);
                }
                if (number)
                    multiply<true>(rows, drive_, shape_.hidden, kept(number - 1, position + 1), saved_,
                                   layer.input_transposed.data(), drive_, below, drive_);
                const float* previous = kept(number, position);
                if (position || has_state)
                    multiply<true>(rows, drive_, shape_.hidden, previous, saved_, layer.hidden_transposed.data(),
                                   drive_, before, drive_);
                float* now = kept(number, position + 1);
                for (int row = 0; row < rows; ++row)
                    Cell::forward(width_, below + int64_t{row} * drive_, before + int64_t{row} * drive_,
                                  previous + int64_t{row} * saved_, now + int64_t{row} * saved_);
            }
    }

    void add_entries(const uint8_t* digits, float* drive) {
        const float* entry = table_entry(table_, 0, digits[0]);
        if (shape_.operands == 1) {
            std::copy_n(entry, drive_, drive);
            return;
        }
        const float* second = table_entry(table_, 1, digits[1]);
        for (int i = 0; i < drive_; i += kWidth) store(drive + i, load(entry + i) + load(second + i));
        for (int operand = 2; operand < shape_.operands; ++operand) {
            const float* more = table_entry(table_, operand, digits[operand]);
            for (int i = 0; i < drive_; i += kWidth) store(drive + i, load(drive + i) + load(more + i));
        }
    }

    void read_out(int rows, int position, float* read) {
        for (int row = 0; row < rows; ++row) std::copy_n(dense_bias_.data(), outputs_, read + int64_t{row} * outputs_);
        multiply<true>(rows, outputs_, shape_.hidden, kept(shape_.layers - 1, position + 1), saved_,
                       dense_transposed_.data(), outputs_, read, outputs_);
    }

    // Back through all positions; returns the sum of losses.
    //
    // Gradients of drives are kept for a few positions, so that a weight gradient is added up over some sixty
    // rows at a time: its tile is loaded and stored less often.
    double backward(const uint8_t* digits, const uint8_t* answers, int rows, int positions, float scale) {
        carried_.zero();
        ripplecarry::LossSum loss;
        const int chunk = rows == rows_ ? chunk_ : 1;
        const int top = shape_.layers - 1;
        for (int position = positions - 1; position >= 0; --position) {
            const int slot = position % chunk;
            float* read = read_.data() + int64_t{slot} * rows_ * outputs_;
            read_out(rows, position, read);
            for (int row = 0; row < rows; ++row)
                logits_to_gradient(read + int64_t{row} * outputs_, answers[int64_t{row} * positions + position], scale,
                                   loss);
            multiply<false>(rows, width_, shape_.outputs, read, outputs_, dense_.data(), width_, above_.data(), width_);
            for (int number = top; number >= 0; --number) {
                Layer& layer = layers_[number];
                float* below = slot_of(below_, number, slot);
                float* before = Cell::kSplit ? slot_of(before_, number, slot) : below;
                step_back(number, position, rows, below, before);
                float* carried = carried_.data() + int64_t{number} * rows_ * kStates * width_;
                if (position)
                    multiply<true>(rows, width_, drive_, before, drive_, layer.hidden.data(), width_, carried,
                                   kStates * width_);
                if (number)
                    multiply<false>(rows, width_, drive_, below, drive_, layer.input.data(), width_, above_.data(),
                                    width_);
                else
                    scatter(digits + int64_t{position} * shape_.operands, positions, rows, below);
            }
            if (!slot) add_weight_gradients(position, std::min(chunk, positions - position) * rows);
        }
        return loss.total();
    }

    // Adds up the weight gradients of the positions from this one on that lie in the slots.
    void add_weight_gradients(int position, int rows) {
        const int top = shape_.layers - 1;
        add_gradient(rows, outputs_, width_, read_.data(), outputs_, kept(top, position + 1), saved_,
                     dense_gradient_.data(), width_);
        add_column_sums(rows, outputs_, read_.data(), dense_bias_gradient_.data());
        for (int number = 0; number <= top; ++number) {
            Layer& layer = layers_[number];
            const float* below = slot_of(below_, number, 0);
            const float* before = Cell::kSplit ? slot_of(before_, number, 0) : below;
            add_gradient(rows, drive_, width_, before, drive_, kept(number, position), saved_,
                         layer.hidden_gradient.data(), width_);
            if (Cell::kSplit) add_column_sums(rows, drive_, before, layer.before_bias_gradient.data());
            if (number) {
                add_gradient(rows, drive_, width_, below, drive_, kept(number - 1, position + 1), saved_,
                             layer.input_gradient.data(), width_);
                add_column_sums(rows, drive_, below, layer.below_bias_gradient.data());
            }
        }
    }

    float* slot_of(Floats& drives, int layer, int slot) {
        return drives.data() + (int64_t{layer} * chunk_ + slot) * rows_ * drive_;
    }

    // The gradient of a layer's hidden states, from above and from behind, to that of its drives.
    void step_back(int number, int position, int rows, float* below, float* before) {
        for (int row = 0; row < rows; ++row) {
            float* carried = carried_.data() + (int64_t{number} * rows_ + row) * kStates * width_;
            const float* above = above_.data() + int64_t{row} * width_;
            for (int i = 0; i < width_; i += kWidth) store(carried + i, load(carried + i) + load(above + i));
            Cell::backward(width_, kept(number, position + 1) + int64_t{row} * saved_,
                           kept(number, position) + int64_t{row} * saved_, carried, passed_.data(),
                           below + int64_t{row} * drive_, before + int64_t{row} * drive_);
            std::copy_n(passed_.data(), kStates * width_, carried);
        }
    }

    void scatter(const uint8_t* digits, int positions, int rows, const float* below) {
        for (int row = 0; row < rows; ++row) {
            const float* drive = below + int64_t{row} * drive_;
            for (int operand = 0; operand < shape_.operands; ++operand) {
                float* entry =
                    table_entry(table_gradient_, operand, digits[int64_t{row} * positions * shape_.operands + operand]);
                for (int i = 0; i < drive_; i += kWidth) store(entry + i, load(entry + i) + load(drive + i));
            }
        }
    }

    // Padding has logits of -3e38 from its bias, hence powers that `is_output_` makes zero.
    void logits_to_gradient(float* row, int answer, float scale, ripplecarry::LossSum& loss) {
        const float right = row[answer];
        Vector largest = load(row);
        for (int i = kWidth; i < outputs_; i += kWidth) {
            const Vector more = load(row + i);
            largest = more > largest ? more : largest;
        }
        const float most = largest_of(largest);
        Vector sums{};
        for (int i = 0; i < outputs_; i += kWidth) {
            const Vector power = exponential(load(row + i) - most) * load(is_output_.data() + i);
            store(row + i, power);
            sums += power;
        }
        const float sum = sum_of(sums);
        loss.add(sum, most, right);
        const float factor = scale / sum;
        const float* one_hot = one_hot_.data() + int64_t{answer} * outputs_;
        for (int i = 0; i < outputs_; i += kWidth)
            store(row + i, load(row + i) * factor - load(one_hot + i) * scale);
    }

    // Gradients in the order and layout of the parameters.
    void collect(float* next) {
        float* embedding = next;
        std::fill_n(embedding, int64_t{shape_.base} * shape_.embedding, 0.0f);
        next += int64_t{shape_.base} * shape_.embedding;
        const int rows = kGates * shape_.hidden;
        for (int number = 0; number < shape_.layers; ++number) {
            Layer& layer = layers_[number];
            const int features = number ? shape_.hidden : shape_.operands * shape_.embedding;
            float* input = next;
            float* hidden = input + int64_t{rows} * features;
            float* input_bias = hidden + int64_t{rows} * shape_.hidden;
            float* hidden_bias = input_bias + rows;
            next = hidden_bias + rows;
            if (!number) {
                collect_table(embedding, input);
                for (int digit = 0; digit < shape_.base; ++digit) {
                    const float* entry = table_entry(table_gradient_, 0, digit);
                    for (int i = 0; i < drive_; ++i) layer.below_bias_gradient.data()[i] += entry[i];
                }
            }
            for (int row = 0; row < rows; ++row) {
                const int place = padded_row(row);
                std::copy_n(layer.hidden_gradient.data() + int64_t{place} * width_, shape_.hidden,
                            hidden + int64_t{row} * shape_.hidden);
                if (number)
                    std::copy_n(layer.input_gradient.data() + int64_t{place} * width_, features,
                                input + int64_t{row} * features);
                input_bias[row] = layer.below_bias_gradient.data()[place];
                hidden_bias[row] =
                    (Cell::kSplit ? layer.before_bias_gradient : layer.below_bias_gradient).data()[place];
            }
        }
        for (int row = 0; row < shape_.outputs; ++row)
            std::copy_n(dense_gradient_.data() + int64_t{row} * width_, shape_.hidden,
                        next + int64_t{row} * shape_.hidden);
        next += int64_t{shape_.outputs} * shape_.hidden;
        std::copy_n(dense_bias_gradient_.data(), shape_.outputs, next);
    }

    void collect_table(float* embedding, float* input) {
        const int features = shape_.operands * shape_.embedding, size = shape_.embedding;
        std::fill_n(input, int64_t{kGates} * shape_.hidden * features, 0.0f);
        for (int operand = 0; operand < shape_.operands; ++operand)
            for (int digit = 0; digit < shape_.base; ++digit) {
                const float* entry = table_entry(table_gradient_, operand, digit);
                for (int row = 0; row < kGates * shape_.hidden; ++row) {
                    const float value = entry[padded_row(row)];
                    const int64_t start = int64_t{row} * features + operand * size;
                    for (int k = 0; k < size; ++k) {
                        input[start + k] += value * embedding_[digit * size + k];
                        embedding[digit * size + k] += value * first_input_[start + k];
                    }
                }
            }
    }

    static constexpr int64_t kBlockBytes = 1024 * 1024;
    static constexpr int kChunkRows = 60;

    const Shape shape_;
    const int width_, drive_, outputs_, saved_;
    std::vector<float> parameters_;
    const float* embedding_ = nullptr;
    const float* first_input_ = nullptr;
    std::vector<Layer> layers_;
    Floats table_, table_gradient_, first_transposed_, dense_, dense_transposed_, dense_bias_, dense_gradient_, dense_bias_gradient_;
    Floats is_output_, one_hot_;
    Floats kept_, below_, before_, read_, above_, carried_, passed_;
    int rows_ = 0, positions_ = 0, chunk_ = 1;
};

}  // namespace RIPPLECARRY_ISA
