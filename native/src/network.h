// A network of one cell: blocks of rows go through all positions forward, then back, and stay in cache.
#pragma once
#include <algorithm>

#include "cells.h"
#include "engine.h"
#include "loss.h"
#include "operands.h"
#include "parameters.h"
#include "update.h"

namespace RIPPLECARRY_ISA {

template <class Cell>
class Network final : public ripplecarry::Network {
    static constexpr int kGates = Layout<Cell>::kGates, kSums = Layout<Cell>::kSums;

public:
    Network(Memory& memory, const Shape& shape)
        : parameters_(memory, shape),
          layout_(parameters_.layout),
          top_(shape.layers - 1),
          loss_(memory, shape.outputs),
          zeros_(memory, kVectors * kWidth) {}

    void destroy() override {
        this->~Network();
        release(this);
    }

    void set_parameters(const float* from) override { parameters_.set(from); }

    bool gradients(const uint8_t* operands, const uint8_t* answers, int batch, int positions, double* mean,
                   float* gradient) override {
        const int block = rows_per_block(batch, positions, true);
        if (!prepare(block, positions, false)) return false;
        parameters_.zero_gradients();
        LossSum loss;
        const float scale = 1.0f / (static_cast<float>(batch) * static_cast<float>(positions));
        for (int row = 0; row < batch; row += block) {
            start(std::min(block, batch - row), positions, false);
            const uint8_t* digits = operands + int64_t{row} * positions * layout_.shape.operands;
            forward(digits, false);
            backward(digits, answers + int64_t{row} * positions, scale, loss);
        }
        parameters_.collect(gradient);
        *mean = loss.total() / (static_cast<double>(batch) * positions);
        return true;
    }

    bool logits(const uint8_t* operands, int batch, int positions, float* state, float* result) override {
        const int block = state ? batch : rows_per_block(batch, positions, false), outputs = layout_.shape.outputs;
        if (!prepare(block, positions, true)) return false;
        for (int row = 0; row < batch; row += block) {
            start(std::min(block, batch - row), positions, true);
            if (state) copy_state(state, 0, true);
            forward(operands + int64_t{row} * positions * layout_.shape.operands, state != nullptr);
            for (int position = 0; position < positions; ++position) {
                read_out(position, rows_);
                for (int r = 0; r < rows_; ++r)
                    std::copy_n(read_.data() + int64_t{r} * layout_.outputs, outputs,
                                result + (int64_t{row + r} * positions + position) * outputs);
            }
            if (state) copy_state(state, positions, false);
        }
        return true;
    }

    bool draw(const ripplecarry::Draw& how, const ripplecarry::Machine& machine, uint32_t step, uint8_t* operands,
              uint8_t* answers) override {
        Memory memory;
        draws_.draw(how, machine, step, memory, operands, answers);
        return !memory.was_refused;
    }

    void update(const ripplecarry::Update& how, double rate, int64_t step, int64_t count, float* gradient,
                float* parameters, float* first, float* second) const override {
        RIPPLECARRY_ISA::update(how, rate, step, count, gradient, parameters, first, second);
    }

private:
    // Blocks are multiples of 5 rows that keep what is saved near the second-level cache's size; the
    // number depends on shapes alone, so that results do not depend on the machine's caches.
    int rows_per_block(int batch, int positions, bool keeps_all) const {
        const int64_t bytes = int64_t{4} * layout_.saved * layout_.shape.layers * (positions + 1);
        const int64_t budget = keeps_all ? kBlockBytes : 4 * kBlockBytes;
        const int64_t rows = std::clamp<int64_t>(budget / bytes / 5 * 5, 5, 40);
        return static_cast<int>(std::min<int64_t>(rows, batch));
    }

    // Room for blocks of up to so many rows: the fewer rows, the more slots. False where memory is refused.
    bool prepare(int rows, int positions, bool only_forward) {
        Memory memory;
        const int64_t layers = layout_.shape.layers;
        const int64_t slot_rows = only_forward ? rows : std::max(kChunkRows, 2 * rows);
        kept_.grow(memory, layers * (positions + 1) * rows * layout_.saved);
        below_.grow(memory, layers * slot_rows * layout_.drive);
        if (Cell::kSplit) before_.grow(memory, layers * slot_rows * layout_.drive);
        read_.grow(memory, slot_rows * layout_.outputs);
        starts_.grow(memory, int64_t{rows} * layout_.sums);
        passed_.grow(memory, layers * rows * layout_.passed);
        return !memory.was_refused;
    }

    // Begins a block of rows. There are at least two slots: drives of one position are read while those of the
    // position before are written.
    void start(int rows, int positions, bool only_forward) {
        rows_ = rows;
        positions_ = positions;
        slots_ = only_forward ? 1 : std::clamp(kChunkRows / rows, std::min(2, positions), positions);
        for (int layer = 0; layer <= top_; ++layer) std::fill_n(kept(layer, 0), int64_t{rows} * layout_.saved, 0.0f);
    }

    // What a layer saved behind `position` positions; 0 is the state before the first.
    float* kept(int layer, int position) {
        return kept_.data() + (int64_t{layer} * (positions_ + 1) + position) * rows_ * layout_.saved;
    }

    float* slot_of(Floats& drives, int layer, int slot) {
        return drives.data() + (int64_t{layer} * slots_ + slot) * rows_ * layout_.drive;
    }

    void copy_state(float* state, int position, bool in) {
        for (int layer = 0; layer <= top_; ++layer)
            for (int row = 0; row < rows_; ++row)
                for (int part = 0; part < Cell::kStates; ++part) {
                    float* mine = kept(layer, position) + int64_t{row} * layout_.saved + part * layout_.width;
                    const int64_t number = (int64_t{part} * layout_.shape.layers + layer) * rows_ + row;
                    float* theirs = state + number * layout_.shape.hidden;
                    std::copy_n(in ? theirs : mine, layout_.shape.hidden, in ? mine : theirs);
                }
    }

    void forward(const uint8_t* digits, bool has_state) {
        const int operands = layout_.shape.operands;
        for (int position = 0; position < positions_; ++position) {
            for (int row = 0; row < rows_; ++row)
                parameters_.table.look_up(digits + (int64_t{row} * positions_ + position) * operands,
                                          starts_.data() + int64_t{row} * layout_.sums);
            for (int layer = 0; layer <= (Cell::kRecurrent ? top_ : 0); ++layer)
                step(layer, position, rows_, position || has_state);
        }
        if (!Cell::kRecurrent)
            for (int layer = 1; layer <= top_; ++layer) step(layer, 0, positions_ * rows_, has_state);
    }

    // One layer and position, or, where gates do not see the hidden state, `rows` of the positions from this one on:
    // what a position saved lies just before the next one's. A tile holds all sums of some units, and the cell's function takes them from it.
    void step(int number, int position, int rows, bool has_state) {
        const LayerParameters& layer = parameters_.layers[number];
        const int saved = layout_.saved, width = layout_.width, hidden = layout_.shape.hidden;
        const float* previous = kept(number, position);
        float* now = kept(number, position + 1);
        const Product below{number ? kept(number - 1, position + 1) : nullptr, saved, layer.input.transposed.data(),
                            layout_.drive, number ? hidden : 0};
        const Product before{previous, saved, layer.hidden.transposed.data(), layout_.drive,
                             Cell::kRecurrent && has_state ? hidden : 0};
        const float* start = number ? layer.bias.data() : starts_.data();
        const int start_stride = number ? 0 : layout_.sums;
        constexpr int kBlocks = std::max(kVectors / kSums, 1);
        cut<kBlocks, kSums>(rows, width / kWidth, [&](auto r, auto b, int row, int block) {
            constexpr int kTileRows = decltype(r)::value, kTileBlocks = decltype(b)::value;
            Tile<kTileRows, kTileBlocks * kSums> tile;
            add_up<kTileRows, kTileBlocks * kSums, Columns<kGates, kSums>, Columns<kGates, kSums, kSums - 1>>(
                tile, start + row * start_stride + block * kSums * kWidth, start_stride, below, before, row,
                block * kGates * kWidth);
            for (int i = 0; i < kTileRows; ++i)
                for (int k = 0; k < kTileBlocks; ++k) {
                    const int64_t place = int64_t{row + i} * saved + (block + k) * kWidth;
                    Cell::forward(tile.sum[i] + k * kSums, {previous + place, width}, {now + place, width});
                }
        });
    }

    void read_out(int position, int rows) {
        const Product product{kept(top_, position + 1), layout_.saved, parameters_.dense.transposed.data(),
                              layout_.outputs, layout_.shape.hidden};
        multiply<1>(rows, layout_.outputs / kWidth, product, parameters_.dense_bias.data(), 0, read_.data(),
                               layout_.outputs);
    }

    // Back through all positions.
    //
    // Gradients of drives lie in slots, one a position, so that a weight gradient is added up over many rows at a
    // time: its tile is loaded and stored less often. The readout's gradient is made for all slots at once.
    void backward(const uint8_t* digits, const uint8_t* answers, float scale, LossSum& loss) {
        const int operands = layout_.shape.operands;
        passed_.zero();
        for (int position = positions_ - 1; position >= 0; --position) {
            const int slot = position % slots_, first = position - slot;
            if (slot == slots_ - 1 || position == positions_ - 1) {
                read_out(first, (slot + 1) * rows_);
                const auto answer_of = [&](int row) {
                    return answers[int64_t{row % rows_} * positions_ + first + row / rows_];
                };
                loss_.to_gradient(read_.data(), (slot + 1) * rows_, scale, answer_of, loss);
            }
            for (int layer = top_; layer >= 0; --layer) step_back(layer, position);
            const float* drives = slot_of(below_, 0, slot);
            for (int row = 0; row < rows_; ++row)
                parameters_.table.add_gradient(digits + (int64_t{row} * positions_ + position) * operands,
                                               drives + int64_t{row} * layout_.drive);
            if (!slot) add_weight_gradients(position, std::min(slots_, positions_ - position));
        }
    }

    // One layer and position: what reaches a hidden state from above and from the position behind, in one tile,
    // from which the cell's function takes it.
    void step_back(int number, int position) {
        const LayerParameters& layer = parameters_.layers[number];
        const int slot = position % slots_, saved = layout_.saved, width = layout_.width, drive = layout_.drive;
        const bool is_last = position == positions_ - 1;
        float* below = slot_of(below_, number, slot);
        float* before = Cell::kSplit ? slot_of(before_, number, slot) : nullptr;
        const float* now = kept(number, position + 1);
        const float* previous = kept(number, position);
        float* passed = passed_.data() + int64_t{number} * rows_ * layout_.passed;
        const Product above =
            number == top_ ? Product{read_.data() + int64_t{slot} * rows_ * layout_.outputs, layout_.outputs,
                                     parameters_.dense.rows.data(), width, layout_.shape.outputs}
                           : Product{slot_of(below_, number + 1, slot), drive,
                                     parameters_.layers[number + 1].input.rows.data(), width, drive};
        const Product behind{slot_of(Cell::kSplit ? before_ : below_, number, is_last ? 0 : (position + 1) % slots_),
                             drive, layer.hidden.rows.data(), width, Cell::kRecurrent && !is_last ? drive : 0};
        cut<kVectors, 1>(rows_, width / kWidth, [&](auto r, auto v, int row, int vector) {
            constexpr int kTileRows = decltype(r)::value, kTileVectors = decltype(v)::value;
            Tile<kTileRows, kTileVectors> tile;
            add_up<kTileRows, kTileVectors, Columns<>, Columns<>>(tile, zeros_.data(), 0, above, behind, row,
                                                                  vector * kWidth);
            for (int i = 0; i < kTileRows; ++i)
                for (int k = 0; k < kTileVectors; ++k) {
                    const int unit = (vector + k) * kWidth;
                    const int64_t place = int64_t{row + i} * saved + unit;
                    const int64_t drives = int64_t{row + i} * drive + kGates * unit;
                    Vector to_below[kGates], to_before[kGates];
                    Cell::backward(tile.sum[i][k], {now + place, width}, {previous + place, width},
                                   {passed + int64_t{row + i} * layout_.passed + unit, width}, to_below, to_before);
#pragma GCC unroll 8
                    for (int gate = 0; gate < kGates; ++gate) {
                        store(below + drives + gate * kWidth, to_below[gate]);
                        if (Cell::kSplit) store(before + drives + gate * kWidth, to_before[gate]);
                    }
                }
        });
    }

    // Adds up the weight gradients of the positions, from this one on, that lie in the slots.
    void add_weight_gradients(int position, int num_positions) {
        const int rows = num_positions * rows_, width = layout_.width, drive = layout_.drive, saved = layout_.saved;
        add_gradient(rows, layout_.outputs, width, read_.data(), layout_.outputs, kept(top_, position + 1), saved,
                     parameters_.dense.gradient.data(), width);
        add_column_sums(rows, layout_.outputs, read_.data(), parameters_.dense_bias_gradient.data());
        const int skipped = position ? 0 : rows_;  // the state before the first position is zero
        for (int number = 0; number <= top_; ++number) {
            LayerParameters& layer = parameters_.layers[number];
            const float* below = slot_of(below_, number, 0);
            const float* before = Cell::kSplit ? slot_of(before_, number, 0) : below;
            if (Cell::kRecurrent)
                add_gradient(rows - skipped, drive, width, before + int64_t{skipped} * drive, drive,
                             kept(number, position) + int64_t{skipped} * saved, saved, layer.hidden.gradient.data(),
                             width);
            if (Cell::kSplit) add_column_sums(rows, drive, before, layer.before_gradient.data());
            if (number) {
                add_gradient(rows, drive, width, below, drive, kept(number - 1, position + 1), saved,
                             layer.input.gradient.data(), width);
                add_column_sums(rows, drive, below, layer.below_gradient.data());
            }
        }
    }

    static constexpr int64_t kBlockBytes = 1024 * 1024;
    static constexpr int kChunkRows = 120;

    Parameters<Cell> parameters_;
    const Layout<Cell>& layout_;
    const int top_;
    CrossEntropy loss_;
    const Floats zeros_;
    Floats kept_, below_, before_, read_, starts_, passed_;
    Draws draws_;
    int rows_ = 0, positions_ = 0, slots_ = 1;
};

}  // namespace RIPPLECARRY_ISA
