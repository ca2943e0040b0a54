// Where a network's numbers lie: every width padded, gates interleaved by vectors of units.
//
// The drives of a row are, for each vector of units, the vectors of its gates: a tile then holds all gates of some
// units, and the cell's function takes them from registers. Sums are drives with one vector more where the cell is
// split.
#pragma once
#include "engine.h"
#include "product.h"

namespace RIPPLECARRY_ISA {

using ripplecarry::Shape;

template <class Cell>
struct Layout {
    static constexpr int kGates = Cell::kGates, kSums = kGates + (Cell::kSplit ? 1 : 0);

    const Shape shape;
    const int width, drive, sums, saved, passed, outputs;

    explicit Layout(const Shape& s)
        : shape(s),
          width(padded(s.hidden)),
          drive(kGates * width),
          sums(kSums * width),
          saved(Cell::kSaved * width),
          passed(Cell::kPassed * width),
          outputs(padded(s.outputs)) {}

    int gate_rows() const { return kGates * shape.hidden; }

    int features(int layer) const { return layer ? shape.hidden : shape.operands * shape.embedding; }

    // Where a row of a weight matrix, which are by gate and unit, lies among the drives or the sums.
    int drive_place(int row) const { return place(row / shape.hidden, row % shape.hidden, kGates); }
    int sum_place(int row) const { return place(row / shape.hidden, row % shape.hidden, kSums); }

    // Where the drive from the position before has its bias: apart for the last gate of a split cell.
    int before_sum_place(int row) const {
        const int gate = row / shape.hidden;
        return place(gate == kGates - 1 ? kSums - 1 : gate, row % shape.hidden, kSums);
    }

private:
    static int place(int gate, int unit, int gates) {
        return (unit / kWidth * gates + gate) * kWidth + unit % kWidth;
    }
};

}  // namespace RIPPLECARRY_ISA
