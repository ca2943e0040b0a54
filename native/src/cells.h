// Cells: what happens to the drives of one position, forward and back, for one vector of units.
//
// A cell has kGates drives a unit. It saves kSaved vectors for the way back, of which the first is the hidden
// state and the first kStates pass on to the next position. On the way back kPassed vectors go to the position
// before, other than by a product with the weights. Where kSplit, the last gate's drives from below and from the
// position before stay apart: the latter is one sum more, behind the gates.
#pragma once
#include "vector.h"

namespace RIPPLECARRY_ISA {

// Vectors of one row and the same units, `stride` floats apart.
template <class Float>
struct Parts {
    Float* first;
    int stride;

    Vector operator[](int part) const { return load(first + part * stride); }
    void set(int part, Vector value) const { store(first + part * stride, value); }
};
using In = Parts<const float>;
using Out = Parts<float>;

struct RnnCell {
    static constexpr int kGates = 1, kSaved = 1, kStates = 1, kPassed = 0;
    static constexpr bool kSplit = false;

    // Saved: hidden.
    static void forward(const Vector* drive, In, Out saved) { saved.set(0, hyperbolic_tangent(drive[0])); }

    // From the gradient that products bring the hidden state to the gradient of the drives, from below and, where
    // kSplit, from the position before.
    static void backward(Vector gradient, In saved, In, Out, Vector* below, Vector*) {
        const Vector hidden = saved[0];
        below[0] = gradient * (1.0f - hidden * hidden);
    }
};

struct GruCell {
    static constexpr int kGates = 3, kSaved = 5, kStates = 1, kPassed = 1;
    static constexpr bool kSplit = true;

    // Saved: hidden, reset, update, new, and the new gate's drive from the position before.
    static void forward(const Vector* drive, In previous, Out saved) {
        const Vector reset = sigmoid(drive[0]), update = sigmoid(drive[1]), inner = drive[3];
        const Vector fresh = hyperbolic_tangent(drive[2] + reset * inner);
        saved.set(0, fresh + update * (previous[0] - fresh));
        saved.set(1, reset);
        saved.set(2, update);
        saved.set(3, fresh);
        saved.set(4, inner);
    }

    // Passed: the gradient of the hidden state.
    static void backward(Vector gradient, In saved, In previous, Out passed, Vector* below, Vector* before) {
        const Vector reset = saved[1], update = saved[2], fresh = saved[3], inner = saved[4];
        const Vector hidden = gradient + passed[0];
        const Vector to_fresh = hidden * (1.0f - update) * (1.0f - fresh * fresh);
        const Vector to_update = hidden * (previous[0] - fresh) * update * (1.0f - update);
        const Vector to_reset = to_fresh * inner * reset * (1.0f - reset);
        below[0] = before[0] = to_reset;
        below[1] = before[1] = to_update;
        below[2] = to_fresh;
        before[2] = to_fresh * reset;
        passed.set(0, hidden * update);
    }
};

struct LstmCell {
    static constexpr int kGates = 4, kSaved = 7, kStates = 2, kPassed = 1;
    static constexpr bool kSplit = false;

    // Saved: hidden, memory, entry, forget, new, output, tanh of memory.
    static void forward(const Vector* drive, In previous, Out saved) {
        const Vector entry = sigmoid(drive[0]), forget = sigmoid(drive[1]);
        const Vector fresh = hyperbolic_tangent(drive[2]), output = sigmoid(drive[3]);
        const Vector memory = forget * previous[1] + entry * fresh;
        const Vector shown = hyperbolic_tangent(memory);
        saved.set(0, output * shown);
        saved.set(1, memory);
        saved.set(2, entry);
        saved.set(3, forget);
        saved.set(4, fresh);
        saved.set(5, output);
        saved.set(6, shown);
    }

    // Passed: the gradient of the memory.
    static void backward(Vector gradient, In saved, In previous, Out passed, Vector* below, Vector*) {
        const Vector entry = saved[2], forget = saved[3], fresh = saved[4], output = saved[5], shown = saved[6];
        const Vector memory = passed[0] + gradient * output * (1.0f - shown * shown);
        below[0] = memory * fresh * entry * (1.0f - entry);
        below[1] = memory * previous[1] * forget * (1.0f - forget);
        below[2] = memory * entry * (1.0f - fresh * fresh);
        below[3] = gradient * shown * output * (1.0f - output);
        passed.set(0, memory * forget);
    }
};

}  // namespace RIPPLECARRY_ISA
