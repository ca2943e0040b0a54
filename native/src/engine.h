// What the C interface sees of a network, whatever its cell and instruction set.
#pragma once
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

namespace ripplecarry {

enum CellKind { kRnn = 0, kGru = 1, kLstm = 2 };

struct Shape {
    int32_t cell, layers, hidden, embedding, base, operands, outputs;

    int64_t num_parameters(int gates) const {
        int64_t count = int64_t{base} * embedding + int64_t{outputs} * (hidden + 1);
        for (int layer = 0; layer < layers; ++layer)
            count += int64_t{gates} * hidden * ((layer ? hidden : operands * embedding) + hidden + 2);
        return count;
    }
};

struct Machine {
    int num_states, num_symbols;
    std::vector<int32_t> next_state;  // by state, then symbol
    std::vector<uint8_t> output;
};

struct Draw {
    uint64_t seed;
    uint32_t stream;
    int32_t batch, digits, positions, operands, base;
};

enum Optimiser { kAdam = 0, kMomentum = 1, kDescent = 2 };

class Network {
public:
    virtual ~Network() = default;
    virtual void set_parameters(const float* from) = 0;
    // The mean loss; the gradient in the parameters' layout.
    virtual double gradients(const uint8_t* operands, const uint8_t* answers, int batch, int positions,
                             float* gradient) = 0;
    // Logits by row, position, output. A state, by part, layer, row, unit, is read and replaced where given.
    virtual void logits(const uint8_t* operands, int batch, int positions, float* state, float* result) = 0;
    // Operand digits by row, position, operand, and answers by row, position.
    virtual void draw(const Draw& how, const Machine& machine, uint32_t step, uint8_t* operands,
                      uint8_t* answers) const = 0;
    // One update of `count` parameters; `step` counts from 0.
    virtual void update(int optimiser, double rate, int64_t step, int64_t count, const float* gradient, float* parameters,
                        float* first, float* second) const = 0;
};

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
        linear_ += std::log(product_);
        product_ = 1;
    }
    double linear_ = 0, product_ = 1;
};

namespace isa_v2 {
std::unique_ptr<Network> make_network(const Shape& shape);
double peak_flops();
void apply(int function, int64_t count, const float* from, float* to);
}
namespace isa_v3 {
std::unique_ptr<Network> make_network(const Shape& shape);
double peak_flops();
void apply(int function, int64_t count, const float* from, float* to);
}
namespace isa_v4 {
std::unique_ptr<Network> make_network(const Shape& shape);
double peak_flops();
void apply(int function, int64_t count, const float* from, float* to);
}

}  // namespace ripplecarry
