// Operands and answers as the package draws them: see ripplecarry.arithmetic.
#pragma once
#include <algorithm>
#include <cstdint>

#include "engine.h"
#include "memory.h"
#include "runs.h"

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

// Draws operand digits of axes (row, position, operand) and answers of axes (row, position).
class Draws {
public:
    void draw(const ripplecarry::Draw& d, const ripplecarry::Machine& machine, uint32_t step, Memory& memory,
              uint8_t* operands, uint8_t* answers) {
        const bool is_plain = d.kind == ripplecarry::kUniform && !d.is_mixed;
        int words_per_row = d.digits * d.operands;
        if (!is_plain) words_per_row = kWordsBefore + std::max(kWordsPerPosition * d.digits, words_per_row);
        const int blocks = (words_per_row + 3) / 4;
        words_.grow(memory, 4 * (int64_t{d.batch} * blocks + kLanes));
        if (d.kind != ripplecarry::kUniform) runs_.prepare(memory, d.base, d.digits);
        if (memory.was_refused) return;
        philox(d.seed, step, d.stream, d.batch, blocks, words_.data());
        std::fill_n(operands, int64_t{d.batch} * d.positions * d.operands, uint8_t{0});
        for (int row = 0; row < d.batch; ++row) {
            const uint32_t* words = words_.data() + int64_t{4} * row * blocks;
            uint8_t* digits = operands + int64_t{row} * d.positions * d.operands;
            const int length = d.is_mixed ? 1 + below(words[0], d.digits) : d.digits;
            if (d.kind == ripplecarry::kUniform) {
                const uint32_t* mine = words + (is_plain ? 0 : kWordsBefore);
                for (int i = 0; i < length * d.operands; ++i) digits[i] = static_cast<uint8_t>(below(mine[i], d.base));
            } else {
                RunPlan plan{length, d.run, d.kind == ripplecarry::kIdleRun};
                if (d.kind == ripplecarry::kBalanced) plan = {length, below(words[2], length + 1), below(words[1], 2) == 1};
                runs_.draw(plan, words, digits);
            }
            answer(machine, d, digits, answers + int64_t{row} * d.positions);
        }
    }

private:
    static int below(uint32_t word, int bound) {
        return static_cast<int>((uint64_t{word} * static_cast<uint32_t>(bound)) >> 32);
    }

    static void answer(const ripplecarry::Machine& machine, const ripplecarry::Draw& d, const uint8_t* digits,
                       uint8_t* answers) {
        int state = 0;
        for (int position = 0; position < d.positions; ++position) {
            int symbol = 0;
            for (int o = d.operands - 1; o >= 0; --o) symbol = symbol * d.base + digits[position * d.operands + o];
            const int entry = state * machine.num_symbols + symbol;
            answers[position] = machine.output[entry];
            state = machine.next_state[entry];
        }
    }

    Array<uint32_t> words_;
    RunDraws runs_;
};

}  // namespace RIPPLECARRY_ISA
