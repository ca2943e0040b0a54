// Operands and answers as the package draws them: see ripplecarry.arithmetic.
#pragma once
#include <cstdint>

#include "engine.h"
#include "memory.h"

namespace RIPPLECARRY_ISA {

// Four words for each of the counters (block, row, step, stream) of `blocks` blocks of `rows` rows; room for
// kLanes more counters must follow. Source: Salmon et al. 2011, Philox 4x32-10.
constexpr int kLanes = 16;

inline void philox(uint64_t seed, uint32_t step, uint32_t stream, int rows, int blocks, uint32_t* words) {
    uint32_t block = 0, row = 0;
    const int64_t count = int64_t{rows} * blocks;
    for (int64_t first = 0; first < count; first += kLanes) {
        uint32_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
        for (int i = 0; i < kLanes; ++i) {
            c0[i] = block;
            c1[i] = row;
            c2[i] = step;
            c3[i] = stream;
            if (++block == static_cast<uint32_t>(blocks)) {
                block = 0;
                ++row;
            }
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

// Operand digits of axes (row, position, operand) and answers of axes (row, position). The words are room to work in.
inline void draw(const ripplecarry::Draw& d, const ripplecarry::Machine& machine, uint32_t step, Memory& memory,
                 Array<uint32_t>& all_words, uint8_t* operands, uint8_t* answers) {
    const int words_per_row = d.digits * d.operands, blocks = (words_per_row + 3) / 4;
    all_words.grow(memory, 4 * (int64_t{d.batch} * blocks + kLanes));
    if (memory.was_refused) return;
    philox(d.seed, step, d.stream, d.batch, blocks, all_words.data());
    for (int row = 0; row < d.batch; ++row) {
        const uint32_t* words = all_words.data() + int64_t{4} * row * blocks;
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

}  // namespace RIPPLECARRY_ISA
