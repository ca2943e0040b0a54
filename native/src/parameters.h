// A network's parameters as the tiles read them, and their gradients in the same layout.
#pragma once
#include "layout.h"
#include "memory.h"
#include "table.h"

namespace RIPPLECARRY_ISA {

// Weights are kept twice, as products forward and back read them; `transposed` is by unit below, then drive.
struct Weights {
    Floats rows, transposed, gradient;
    int width, drive;

    Weights(Memory& memory, int units, int width, int drive)
        : rows(memory, units ? int64_t{drive} * width : 0),
          transposed(memory, int64_t{units} * drive),
          gradient(memory, rows.size()),
          width(width),
          drive(drive) {}

    // A few rows at a time: their sources and the lines that they go to stay in the first-level cache.
    template <class Place>
    void set(const float* from, int num_rows, int units, const Place& place) {
        for (int first = 0; first < num_rows; first += kPad) {
            const int end = std::min(first + kPad, num_rows);
            int places[kPad];
            for (int row = first; row < end; ++row) {
                places[row - first] = place(row);
                std::copy_n(from + int64_t{row} * units, units, rows.data() + int64_t{place(row)} * width);
            }
            for (int k = 0; k < units; ++k)
                for (int row = first; row < end; ++row)
                    transposed.data()[int64_t{k} * drive + places[row - first]] = from[int64_t{row} * units + k];
        }
    }

    template <class Place>
    void collect(float* to, int num_rows, int units, const Place& place) const {
        for (int row = 0; row < num_rows; ++row)
            std::copy_n(gradient.data() + int64_t{place(row)} * width, units, to + int64_t{row} * units);
    }
};

struct LayerParameters {
    Weights hidden, input;  // no input weights in the first layer: see table.h
    Floats bias, below_gradient, before_gradient;

    template <class Cell>
    LayerParameters(Memory& memory, const Layout<Cell>& layout, bool is_first)
        : hidden(memory, Cell::kRecurrent ? layout.shape.hidden : 0, layout.width, layout.drive),
          input(memory, is_first ? 0 : layout.shape.hidden, layout.width, layout.drive),
          bias(memory, layout.sums),
          below_gradient(memory, layout.drive),
          before_gradient(memory, layout.drive) {}
};

template <class Cell>
class Parameters {
public:
    Parameters(Memory& memory, const Shape& shape)
        : layout(shape),
          table(memory, layout),
          layers(memory, shape.layers, [&](int number) { return LayerParameters(memory, layout, !number); }),
          dense(memory, shape.hidden, layout.width, layout.outputs),
          dense_bias(memory, layout.outputs),
          dense_bias_gradient(memory, layout.outputs),
          flat_(memory, shape.num_parameters()) {}

    void set(const float* from) {
        std::copy_n(from, flat_.size(), flat_.data());
        const float* next = flat_.data();
        const auto take = [&next](int64_t size) { return (next += size) - size; };
        const int hidden = layout.shape.hidden, rows = layout.gate_rows();
        const auto drive_place = [this](int row) { return layout.drive_place(row); };
        const float* embedding = take(int64_t{layout.shape.base} * layout.shape.embedding);
        for (int number = 0; number < layout.shape.layers; ++number) {
            LayerParameters& layer = layers[number];
            const float* input = take(int64_t{rows} * layout.features(number));
            if (Cell::kRecurrent) layer.hidden.set(take(int64_t{rows} * hidden), rows, hidden, drive_place);
            const float* below_bias = take(rows);
            layer.bias.zero();
            for (int row = 0; row < rows; ++row) layer.bias.data()[layout.sum_place(row)] = below_bias[row];
            if (Cell::kRecurrent) {
                const float* before_bias = take(rows);
                for (int row = 0; row < rows; ++row) layer.bias.data()[layout.before_sum_place(row)] += before_bias[row];
            }
            if (number)
                layer.input.set(input, rows, hidden, drive_place);
            else
                table.fill(embedding, input, layer.bias.data());
        }
        dense.set(take(int64_t{layout.shape.outputs} * hidden), layout.shape.outputs, hidden, [](int row) { return row; });
        std::copy_n(take(layout.shape.outputs), layout.shape.outputs, dense_bias.data());
    }

    void zero_gradients() {
        table.zero_gradient();
        dense.gradient.zero();
        dense_bias_gradient.zero();
        for (LayerParameters& layer : layers)
            for (Floats* each :
                 {&layer.hidden.gradient, &layer.input.gradient, &layer.below_gradient, &layer.before_gradient})
                each->zero();
    }

    // Gradients in the order and layout of the parameters.
    void collect(float* next) {
        const auto take = [&next](int64_t size) { return (next += size) - size; };
        const int hidden = layout.shape.hidden, rows = layout.gate_rows();
        const auto drive_place = [this](int row) { return layout.drive_place(row); };
        float* embedding = take(int64_t{layout.shape.base} * layout.shape.embedding);
        for (int number = 0; number < layout.shape.layers; ++number) {
            LayerParameters& layer = layers[number];
            float* input = take(int64_t{rows} * layout.features(number));
            if (number)
                layer.input.collect(input, rows, hidden, drive_place);
            else
                table.collect(embedding, input, layer.below_gradient.data());
            if (Cell::kRecurrent) layer.hidden.collect(take(int64_t{rows} * hidden), rows, hidden, drive_place);
            float* below_bias = take(rows);
            float* before_bias = Cell::kRecurrent ? take(rows) : nullptr;
            const Floats& before = Cell::kSplit ? layer.before_gradient : layer.below_gradient;
            for (int row = 0; row < rows; ++row) {
                below_bias[row] = layer.below_gradient.data()[layout.drive_place(row)];
                if (before_bias) before_bias[row] = before.data()[layout.drive_place(row)];
            }
        }
        dense.collect(take(int64_t{layout.shape.outputs} * hidden), layout.shape.outputs, hidden, [](int row) { return row; });
        std::copy_n(dense_bias_gradient.data(), layout.shape.outputs, take(layout.shape.outputs));
    }

    const Layout<Cell> layout;
    Table<Cell> table;
    List<LayerParameters> layers;
    Weights dense;
    Floats dense_bias, dense_bias_gradient;

private:
    Floats flat_;
};

}  // namespace RIPPLECARRY_ISA
