// Cells: what happens to the drives of one position, forward and back, for one vector of units.
//
// A cell has kGates drives a unit. It saves kSaved vectors for the way back, of which the first is the hidden
// state and the first kStates pass on to the next position. On the way back kPassed vectors go to the position
// before, other than by a product with the weights. Where kRecurrent, gates see the hidden state too. Where kSplit, the last gate's drives from below and from the
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
    static constexpr bool kSplit = false, kRecurrent = true;

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
    static constexpr bool kSplit = true, kRecurrent = true;

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
    static constexpr bool kSplit = false, kRecurrent = true;

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

struct MinGruCell {
    static constexpr int kGates = 2, kSaved = 3, kStates = 1, kPassed = 1;
    static constexpr bool kSplit = false, kRecurrent = false;

    // Saved: hidden, update, new.
    static void forward(const Vector* drive, In previous, Out saved) {
        const Vector update = sigmoid(drive[0]), fresh = drive[1];
        saved.set(0, previous[0] + update * (fresh - previous[0]));
        saved.set(1, update);
        saved.set(2, fresh);
    }

    // Passed: the gradient of the hidden state.
    static void backward(Vector gradient, In saved, In previous, Out passed, Vector* below, Vector*) {
        const Vector update = saved[1], hidden = gradient + passed[0];
        below[0] = hidden * (saved[2] - previous[0]) * update * (1.0f - update);
        below[1] = hidden * update;
        passed.set(0, hidden * (1.0f - update));
    }
};

struct MinLstmCell {
    static constexpr int kGates = 3, kSaved = 5, kStates = 1, kPassed = 1;
    static constexpr bool kSplit = false, kRecurrent = false;

    // Saved: hidden, normalised forget gate, new, and what the entry and the forget gate lack to 1. With e^-x of
    // both gates' drives, forget / (forget + entry) is a quotient of sums that neither overflow nor vanish.
    static void forward(const Vector* drive, In previous, Out saved) {
        const Vector entry = 1.0f + exponential(-drive[0]), forget = 1.0f + exponential(-drive[1]), fresh = drive[2];
        const Vector keep = entry / (entry + forget);
        saved.set(0, fresh + keep * (previous[0] - fresh));
        saved.set(1, keep);
        saved.set(2, fresh);
        saved.set(3, 1.0f - 1.0f / entry);
        saved.set(4, 1.0f - 1.0f / forget);
    }

    // Passed: the gradient of the hidden state.
    static void backward(Vector gradient, In saved, In previous, Out passed, Vector* below, Vector*) {
        const Vector keep = saved[1], fresh = saved[2], hidden = gradient + passed[0];
        const Vector to_keep = hidden * (previous[0] - fresh) * keep * (1.0f - keep);
        below[0] = -to_keep * saved[3];
        below[1] = to_keep * saved[4];
        below[2] = hidden * (1.0f - keep);
        passed.set(0, hidden * keep);
    }
};

template <bool kSigned>
struct DiagonalCell {
    static constexpr int kGates = 3, kSaved = 5, kStates = 2, kPassed = 1;
    static constexpr bool kSplit = false, kRecurrent = false;

    // Saved: hidden, memory, eigenvalue, the output gate's drive and its sigmoid.
    static void forward(const Vector* drive, In previous, Out saved) {
        const Vector sigmoid_of_keep = sigmoid(drive[0]), shown = sigmoid(drive[2]);
        const Vector keep = kSigned ? 2.0f * sigmoid_of_keep - 1.0f : sigmoid_of_keep;
        const Vector memory = keep * previous[1] + drive[1];
        saved.set(0, memory * (drive[2] * shown));
        saved.set(1, memory);
        saved.set(2, keep);
        saved.set(3, drive[2]);
        saved.set(4, shown);
    }

    // Passed: the gradient of the memory.
    static void backward(Vector gradient, In saved, In previous, Out passed, Vector* below, Vector*) {
        const Vector keep = saved[2], drive = saved[3], shown = saved[4];
        const Vector memory = passed[0] + gradient * (drive * shown);
        const Vector slope = kSigned ? 0.5f * (1.0f - keep * keep) : keep * (1.0f - keep);
        below[0] = memory * previous[1] * slope;
        below[1] = memory;
        below[2] = gradient * saved[1] * shown * (1.0f + drive * (1.0f - shown));
        passed.set(0, memory * keep);
    }
};

}  // namespace RIPPLECARRY_ISA
