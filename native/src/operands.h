// Operands and answers as the package draws them: see ripplecarry.arithmetic.
#pragma once
#include <cstdint>
#include <vector>

namespace ripplecarry {

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

// Four words for each of `count` counters (first + i, row, step, stream).
// Source: Salmon et al. 2011, Philox 4x32-10.
inline void philox(uint64_t seed, uint32_t row, uint32_t step, uint32_t stream, int count, uint32_t* words) {
    constexpr int kLanes = 16;
    for (int first = 0; first < count; first += kLanes) {
        uint32_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
        for (int i = 0; i < kLanes; ++i) {
            c0[i] = static_cast<uint32_t>(first + i);
            c1[i] = row;
            c2[i] = step;
            c3[i] = stream;
        }
        uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
        for (int round = 0; round < 10; ++round) {
            for (int i = 0; i < kLanes; ++i) {
                const uint64_t p0 = uint64_t{c0[i]} * 0xD2511F53u, p1 = uint64_t{c2[i]} * 0xCD9E8D57u;
                c0[i] = static_cast<uint32_t>(p1 >> 32) ^ c1[i] ^ k0;
                c1[i] = static_cast<uint32_t>(p1);
                c2[i] = static_cast<uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
                c3[i] = static_cast<uint32_t>(p0);
            }
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        for (int i = 0; i < kLanes; ++i) {
            uint32_t* four = words + 4 * (first + i);
            four[0] = c0[i];
            four[1] = c1[i];
            four[2] = c2[i];
            four[3] = c3[i];
        }
    }
}

// Operand digits of axes (row, position, operand) and answers of axes (row, position).
inline void draw(const Draw& d, const Machine& machine, uint32_t step, uint8_t* operands, uint8_t* answers) {
    const int words_per_row = d.digits * d.operands;
    std::vector<uint32_t> words(4 * ((words_per_row + 3) / 4 + 16));
    for (int row = 0; row < d.batch; ++row) {
        philox(d.seed, static_cast<uint32_t>(row), step, d.stream, (words_per_row + 3) / 4, words.data());
        uint8_t* digits = operands + int64_t{row} * d.positions * d.operands;
        for (int i = 0; i < words_per_row; ++i)
            digits[i] = static_cast<uint8_t>((uint64_t{words[i]} * static_cast<uint32_t>(d.base)) >> 32);
        for (int i = words_per_row; i < d.positions * d.operands; ++i) digits[i] = 0;
        int state = 0;
        for (int position = 0; position < d.positions; ++position) {
            int symbol = 0;
            for (int o = d.operands - 1; o >= 0; --o) symbol = symbol * d.base + digits[position * d.operands + o];
            const int entry = state * machine.num_symbols + symbol;
            answers[int64_t{row} * d.positions + position] = machine.output[entry];
            state = machine.next_state[entry];
        }
    }
}

}  // namespace ripplecarry
