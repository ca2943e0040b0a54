// Compiled once for each instruction set, with RIPPLECARRY_ISA as its namespace.
#include "network.h"

namespace ripplecarry {
namespace RIPPLECARRY_ISA {

std::unique_ptr<Network> make_network(const Shape& shape) {
    switch (shape.cell) {
        case kRnn: return std::make_unique<::RIPPLECARRY_ISA::Network<::RIPPLECARRY_ISA::RnnCell>>(shape);
        case kGru: return std::make_unique<::RIPPLECARRY_ISA::Network<::RIPPLECARRY_ISA::GruCell>>(shape);
        case kLstm: return std::make_unique<::RIPPLECARRY_ISA::Network<::RIPPLECARRY_ISA::LstmCell>>(shape);
        default: return nullptr;
    }
}

}  // namespace RIPPLECARRY_ISA
}  // namespace ripplecarry
