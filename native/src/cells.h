// Cells: what happens to the drives of one position, forward and back, unit by unit.
//
// A cell has kGates blocks of columns in its drives; it saves kSaved vectors a unit for the way back, of
// which the first is the hidden state; kStates vectors pass on to the next position. Where kSplit, the
// drives from below and from the position before stay apart. All pointers are to `width` floats a block.
#pragma once
#include "vector.h"

namespace RIPPLECARRY_ISA {

struct RnnCell {
    static constexpr int kGates = 1, kSaved = 1, kStates = 1;
    static constexpr bool kSplit = false;

    // Saved: hidden.
    static void forward(int width, const float* drive, const float*, const float*, float* saved) {
        for (int i = 0; i < width; i += kWidth) store(saved + i, hyperbolic_tangent(load(drive + i)));
    }

    // From the gradient of the hidden state to that of the drives; `pass` holds what reaches the position
    // before other than by its hidden state's product with the weights.
    static void backward(int width, const float* saved, const float*, const float* gradient, float* pass,
                         float* drive, float*) {
        for (int i = 0; i < width; i += kWidth) {
            const Vector hidden = load(saved + i);
            store(drive + i, load(gradient + i) * (1.0f - hidden * hidden));
            store(pass + i, Vector{});
        }
    }
};

struct GruCell {
    static constexpr int kGates = 3, kSaved = 5, kStates = 1;
    static constexpr bool kSplit = true;

    // Saved: hidden, reset, update, new, and the new gate's drive from the position before.
    static void forward(int width, const float* below, const float* before, const float* previous, float* saved) {
        for (int i = 0; i < width; i += kWidth) {
            const Vector reset = sigmoid(load(below + i) + load(before + i));
            const Vector update = sigmoid(load(below + width + i) + load(before + width + i));
            const Vector inner = load(before + 2 * width + i);
            const Vector fresh = hyperbolic_tangent(load(below + 2 * width + i) + reset * inner);
            store(saved + i, fresh + update * (load(previous + i) - fresh));
            store(saved + width + i, reset);
            store(saved + 2 * width + i, update);
            store(saved + 3 * width + i, fresh);
            store(saved + 4 * width + i, inner);
        }
    }

    static void backward(int width, const float* saved, const float* previous, const float* gradient, float* pass,
                         float* below, float* before) {
        for (int i = 0; i < width; i += kWidth) {
            const Vector reset = load(saved + width + i), update = load(saved + 2 * width + i);
            const Vector fresh = load(saved + 3 * width + i), inner = load(saved + 4 * width + i);
            const Vector hidden = load(gradient + i);
            const Vector to_fresh = hidden * (1.0f - update) * (1.0f - fresh * fresh);
            const Vector to_update = hidden * (load(previous + i) - fresh) * update * (1.0f - update);
            const Vector to_reset = to_fresh * inner * reset * (1.0f - reset);
            store(below + i, to_reset);
            store(below + width + i, to_update);
            store(below + 2 * width + i, to_fresh);
            store(before + i, to_reset);
            store(before + width + i, to_update);
            store(before + 2 * width + i, to_fresh * reset);
            store(pass + i, hidden * update);
        }
    }
};

struct LstmCell {
    static constexpr int kGates = 4, kSaved = 7, kStates = 2;
    static constexpr bool kSplit = false;

    // Saved: hidden, memory, entry, forget, new, output, tanh of memory.
    static void forward(int width, const float* drive, const float*, const float* previous, float* saved) {
        for (int i = 0; i < width; i += kWidth) {
            const Vector entry = sigmoid(load(drive + i)), forget = sigmoid(load(drive + width + i));
            const Vector fresh = hyperbolic_tangent(load(drive + 2 * width + i));
            const Vector output = sigmoid(load(drive + 3 * width + i));
            const Vector memory = forget * load(previous + width + i) + entry * fresh;
            const Vector shown = hyperbolic_tangent(memory);
            store(saved + i, output * shown);
            store(saved + width + i, memory);
            store(saved + 2 * width + i, entry);
            store(saved + 3 * width + i, forget);
            store(saved + 4 * width + i, fresh);
            store(saved + 5 * width + i, output);
            store(saved + 6 * width + i, shown);
        }
    }

    // The second block of `gradient` is that of the memory; so is that of `pass`.
    static void backward(int width, const float* saved, const float* previous, const float* gradient, float* pass,
                         float* drive, float*) {
        for (int i = 0; i < width; i += kWidth) {
            const Vector entry = load(saved + 2 * width + i), forget = load(saved + 3 * width + i);
            const Vector fresh = load(saved + 4 * width + i), output = load(saved + 5 * width + i);
            const Vector shown = load(saved + 6 * width + i), hidden = load(gradient + i);
            const Vector memory = load(gradient + width + i) + hidden * output * (1.0f - shown * shown);
            store(drive + i, memory * fresh * entry * (1.0f - entry));
            store(drive + width + i, memory * load(previous + width + i) * forget * (1.0f - forget));
            store(drive + 2 * width + i, memory * entry * (1.0f - fresh * fresh));
            store(drive + 3 * width + i, hidden * shown * output * (1.0f - output));
            store(pass + i, Vector{});
            store(pass + width + i, memory * forget);
        }
    }
};

}  // namespace RIPPLECARRY_ISA
