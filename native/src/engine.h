// What the C interface sees of a network, whatever its cell and instruction set.
#pragma once
#include <cstdint>

namespace ripplecarry {

enum CellKind { kRnn = 0, kGru, kLstm, kMinGru, kMinLstm, kDiagonal, kSignedDiagonal, kNumCells };

// Gates of each cell, and whether they see the hidden state beside the input.
struct CellSize {
    int gates;
    bool is_recurrent;
};
constexpr CellSize kCells[kNumCells] = {{1, true}, {3, true}, {4, true}, {2, false}, {3, false}, {3, false}, {3, false}};

struct Shape {
    int32_t cell, layers, hidden, embedding, base, operands, outputs;

    CellSize size() const { return kCells[cell]; }

    int64_t num_parameters() const {
        int64_t count = int64_t{base} * embedding + int64_t{outputs} * (hidden + 1);
        for (int layer = 0; layer < layers; ++layer)
            count += int64_t{size().gates} * hidden *
                     ((layer ? hidden : operands * embedding) + 1 + (size().is_recurrent ? hidden + 1 : 0));
        return count;
    }
};

struct Machine {
    int num_states, num_symbols;
    const int32_t* next_state;  // by state, then symbol
    const uint8_t* output;
};

enum OperandsKind { kUniform = 0, kBalanced = 1, kCarryRun = 2, kIdleRun = 3 };

// Which operands to draw: uniform ones, carry-balanced ones, or those of a longest run.
struct Draw {
    uint64_t seed;
    uint32_t stream;
    int32_t batch, digits, positions, kind, is_mixed, run, operands, base;
};

enum Optimiser { kAdam = 0, kMomentum = 1, kDescent = 2 };

// How parameters are updated; a weight decay or clip of 0 is none.
struct Update {
    int optimiser;
    double weight_decay, clip;
};

// What returns a truth says whether there was memory enough; nothing is computed where there was not.
class Network {
public:
    virtual void destroy() = 0;
    virtual void set_parameters(const float* from) = 0;
    // The mean loss; the gradient in the parameters' layout.
    [[nodiscard]] virtual bool gradients(const uint8_t* operands, const uint8_t* answers, int batch, int positions,
                                         double* loss, float* gradient) = 0;
    // Logits by row, position, output. A state, by part, layer, row, unit, is read and replaced where given.
    [[nodiscard]] virtual bool logits(const uint8_t* operands, int batch, int positions, float* state,
                                      float* result) = 0;
    // Operand digits by row, position, operand, and answers by row, position.
    [[nodiscard]] virtual bool draw(const Draw& how, const Machine& machine, uint32_t step, uint8_t* operands,
                                    uint8_t* answers) = 0;
    // One update of `count` parameters; `step` counts from 0. The gradient is shortened where it is too long.
    virtual void update(const Update& how, double rate, int64_t step, int64_t count, float* gradient, float* parameters,
                        float* first, float* second) const = 0;
};

// What the kernel has for each instruction set. A network is null for an unknown cell, or where memory is refused.
#define RIPPLECARRY_KERNEL(isa)                                            \
    namespace isa {                                                        \
    Network* make_network(const Shape& shape);                             \
    int64_t multiply_add();                                                \
    void apply(int function, int64_t count, const float* from, float* to); \
    }
RIPPLECARRY_KERNEL(isa_v2)
RIPPLECARRY_KERNEL(isa_v3)
RIPPLECARRY_KERNEL(isa_v4)

}  // namespace ripplecarry
