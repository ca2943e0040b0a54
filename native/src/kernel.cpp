// Compiled once for each instruction set, with RIPPLECARRY_ISA as its namespace.
#include <algorithm>
#include <new>

#include "network.h"

namespace ripplecarry {
namespace RIPPLECARRY_ISA {
namespace {

template <class Cell>
Network* make(const Shape& shape) {
    using Made = ::RIPPLECARRY_ISA::Network<Cell>;
    ::RIPPLECARRY_ISA::Memory memory;
    void* place = ::RIPPLECARRY_ISA::allocate(memory, sizeof(Made));
    if (!place) return nullptr;
    Made* network = new (place) Made(memory, shape);
    if (!memory.was_refused) return network;
    network->destroy();
    return nullptr;
}

}  // namespace

Network* make_network(const Shape& shape) {
    switch (shape.cell) {
        case kRnn: return make<::RIPPLECARRY_ISA::RnnCell>(shape);
        case kGru: return make<::RIPPLECARRY_ISA::GruCell>(shape);
        case kLstm: return make<::RIPPLECARRY_ISA::LstmCell>(shape);
        case kMinGru: return make<::RIPPLECARRY_ISA::MinGruCell>(shape);
        case kMinLstm: return make<::RIPPLECARRY_ISA::MinLstmCell>(shape);
        case kDiagonal: return make<::RIPPLECARRY_ISA::DiagonalCell<false>>(shape);
        case kSignedDiagonal: return make<::RIPPLECARRY_ISA::DiagonalCell<true>>(shape);
        default: return nullptr;
    }
}

// A cell's function of many numbers, so that its error can be tested: 0 is the hyperbolic tangent, 1 the sigmoid.
void apply(int function, int64_t count, const float* from, float* to) {
    using namespace ::RIPPLECARRY_ISA;
    for (int64_t i = 0; i < count; i += kWidth) {
        float piece[kWidth] = {};
        const int64_t size = std::min<int64_t>(kWidth, count - i);
        std::copy_n(from + i, size, piece);
        const Vector x = load(piece);
        store(piece, function ? sigmoid(x) : hyperbolic_tangent(x));
        std::copy_n(piece, size, to + i);
    }
}

// Independent chains of multiply-adds, as many as hide their latency, in registers alone: the most that the core
// does, for whoever takes the time. Returns the multiplications and additions.
int64_t multiply_add() {
    using ::RIPPLECARRY_ISA::Vector;
    constexpr int kChains = ::RIPPLECARRY_ISA::kWidth == 16 ? 24 : 12, kRepeats = 3000000 / kChains * 12;
    volatile float seed = 0.999f;  // not known to the compiler
    const Vector factor = ::RIPPLECARRY_ISA::all(seed), term = ::RIPPLECARRY_ISA::all(seed * 1e-3f);
    Vector chains[kChains];
    for (int i = 0; i < kChains; ++i) chains[i] = ::RIPPLECARRY_ISA::all(1.0f + static_cast<float>(i));
    for (int repeat = 0; repeat < kRepeats; ++repeat)
#pragma GCC unroll 24
        for (int i = 0; i < kChains; ++i) chains[i] = chains[i] * factor + term;
    for (int i = 0; i < kChains; ++i) seed = ::RIPPLECARRY_ISA::sum_of(chains[i]);
    return int64_t{2} * kRepeats * kChains * ::RIPPLECARRY_ISA::kWidth;
}

}  // namespace RIPPLECARRY_ISA
}  // namespace ripplecarry
