// Two operands with a given longest carry run or idle run, uniformly among all such pairs: the draws of
// ripplecarry.arithmetic.operands_by_run, where the method is explained.
#pragma once
#include <algorithm>
#include <cstdint>

#include "logarithm.h"
#include "memory.h"
#include "wide.h"

RIPPLECARRY_DO_NOT_FUSE

namespace RIPPLECARRY_ISA {

// A row's digits, its longest run's length, and whether that is an idle run.
struct RunPlan {
    int length, run;
    bool is_idle;
};

constexpr int kWordsBefore = 4;  // of a row; the last one places the longest run
constexpr int kWordsPerPosition = 2;

// Shares of the sequences of m positions whose counts stay within a bound, by bound from -1 on, then m.
class Shares {
public:
    void fill(Memory& memory, int base, int length) {
        if (base == base_ && length == length_) return;
        base_ = 0;
        const int64_t size = int64_t{length + 2} * (length + 1);
        for (Array<double>* each : {&outside_, &inside_, &stopped_, &scale_, &enter_outside_, &enter_inside_, &pass_outside_})
            each->grow(memory, size);
        if (memory.was_refused) return;
        base_ = base;
        length_ = length;
        turn_ = logarithm((base - 1) / (2.0 * base));
        log_q_ = logarithm(1.0 / base);
        const double stay = logarithm((base + 1) / (2.0 * base));
        for (int bound = -1; bound <= length; ++bound) fill_row(bound, stay);
    }

    int base() const { return base_; }
    double turn() const { return turn_; }
    const double* outside(int bound) const { return outside_.data() + row(bound); }
    const double* inside(int bound) const { return inside_.data() + row(bound); }
    const double* stopped(int bound) const { return stopped_.data() + row(bound); }

    // The probability that the next of m positions passes; inside, at this count.
    double passing(int bound, int m, bool is_inside, int count) const {
        const int64_t at = row(bound);
        if (!is_inside) return pass_outside_.data()[at + m];
        const int room = bound - count;
        if (room <= 0) return 0;
        const double* scale = scale_.data() + at;
        double remaining = 1;
        if (room < m) remaining = 1 - exponential(std::min((room + 1) * log_q_ + scale[m - room - 1] - scale[m], 0.0));
        const double share = exponential(std::min(stopped_.data()[at + m] - scale[m], 0.0));
        return 1 - std::min(share / (remaining > 0 ? remaining : 1), 1.0);
    }

    // The probability that the next position enters, given that it does not pass.
    double entering(int bound, int m, bool is_inside) const {
        return (is_inside ? enter_inside_ : enter_outside_).data()[row(bound) + m];
    }

private:
    int64_t row(int bound) const { return int64_t{bound + 1} * (length_ + 1); }

    static double log_of_sum(double a, double b) {
        const double high = std::max(a, b), low = std::min(a, b);
        return high + logarithm(1 + exponential(low - high));
    }

    void fill_row(int bound, double stay) {
        double *outside = outside_.data() + row(bound), *inside = inside_.data() + row(bound);
        double *stopped = stopped_.data() + row(bound), *scale = scale_.data() + row(bound);
        double *enter_outside = enter_outside_.data() + row(bound), *enter_inside = enter_inside_.data() + row(bound);
        double* pass_outside = pass_outside_.data() + row(bound);
        outside[0] = stopped[0] = scale[0] = 0;
        inside[0] = bound < 0 ? -__builtin_inf() : 0;
        for (int m = 1; m <= length_; ++m) {
            const double left = turn_ + outside[m - 1], entered = turn_ + inside[m - 1];
            outside[m] = log_of_sum(stay + outside[m - 1], entered);
            stopped[m] = log_of_sum(left, entered);
            scale[m] = log_of_sum(stopped[m], log_q_ + scale[m - 1]);
            const int rest = m - bound - 1;
            inside[m] = bound < 0 ? -__builtin_inf() : scale[m];
            if (bound >= 0 && rest >= 0)
                inside[m] += logarithm(1 - exponential(std::min((bound + 1) * log_q_ + scale[rest] - scale[m], 0.0)));
            pass_outside[m] = exponential(log_q_ + outside[m - 1] - outside[m]);
            enter_outside[m] = exponential(entered - outside[m]) / (1 - pass_outside[m]);
            enter_inside[m] = exponential(entered - stopped[m]);
        }
    }

    int base_ = 0, length_ = 0;
    double turn_ = 0, log_q_ = 0;
    Array<double> outside_, inside_, stopped_, scale_, enter_outside_, enter_inside_, pass_outside_;
};

// Draws rows' digit pairs, least significant first.
class RunDraws {
public:
    void prepare(Memory& memory, int base, int length) {
        shares_.fill(memory, base, length);
        cumulative_.grow(memory, length + 2);
        pairs_.grow(memory, 3 * int64_t{base} * base * 2);
        if (memory.was_refused) return;
        for (int& count : counts_) count = 0;
        for (int first = 0; first < base; ++first)
            for (int second = 0; second < base; ++second) {
                const int sum = first + second, sort = sum >= base ? kEnter : sum == base - 1 ? kPass : kLeave;
                uint8_t* pair = pairs_.data() + 2 * (sort * base * base + counts_[sort]++);
                pair[0] = static_cast<uint8_t>(first);
                pair[1] = static_cast<uint8_t>(second);
            }
    }

    void draw(const RunPlan& plan, const uint32_t* words, uint8_t* digits) {
        // the count of the longest run; -1 if no carry may be generated at all
        const int longest = plan.run - !plan.is_idle, start = start_of(plan, longest, unit(words[kWordsBefore - 1]));
        // before the longest run all others are shorter, after it none is longer
        const int ahead = start < plan.length ? std::max(longest - 1, -1) : longest;
        bool is_inside = plan.is_idle;
        int count = 0;
        for (int position = 0; position < plan.length; ++position) {
            const uint32_t* mine = words + kWordsBefore + kWordsPerPosition * position;
            const int since = position - start;
            int sort;
            if (since == 0) {
                sort = kEnter;
            } else if (since > 0 && since <= longest) {
                sort = kPass;
            } else {
                const bool is_behind = since > longest;
                const int bound = is_behind ? longest : ahead;
                const int m = std::max((is_behind ? plan.length : std::min(start, plan.length)) - position, 1);
                const double chance = unit(mine[0]);
                const double passing = since == longest + 1 ? 0 : shares_.passing(bound, m, is_inside, count);
                const double rest = passing < 1 ? (chance - passing) / (1 - passing) : 0;
                sort = chance < passing ? kPass : rest < shares_.entering(bound, m, is_inside) ? kEnter : kLeave;
            }
            count = sort == kPass && is_inside ? count + 1 : 0;
            is_inside = sort == kEnter || (sort == kPass && is_inside);
            const int kind = plan.is_idle ? kLeave - sort : sort;
            const uint64_t place = (uint64_t{mine[1]} * static_cast<uint32_t>(counts_[kind])) >> 32;
            const int base = shares_.base();
            std::copy_n(pairs_.data() + 2 * (int64_t{kind} * base * base + static_cast<int64_t>(place)), 2, digits + 2 * position);
        }
    }

private:
    enum { kEnter = 0, kPass = 1, kLeave = 2 };  // for carry runs: generate, pass, end; for idle runs from the other end

    static double unit(uint32_t word) { return (word + 0.5) / 4294967296.0; }

    // Where the first longest run has its entering position: -1 for an idle run that begins with the number, the
    // number's end if a bound alone suffices.
    int start_of(const RunPlan& plan, int longest, double chance) {
        if (longest < plan.is_idle) return plan.length;
        const double *behind = shares_.stopped(longest);
        const double *ahead = plan.is_idle ? shares_.inside(longest - 1) : shares_.outside(longest - 1);
        const int last = plan.length - 1 - longest, begins = plan.is_idle;
        double* shares = cumulative_.data();
        int count = 0;
        if (plan.is_idle) shares[count++] = behind[plan.length - longest];
        for (int i = 0; i <= last; ++i) shares[count++] = (begins ? shares_.turn() : 0) + (ahead[i] + behind[last - i]);
        const double highest = *std::max_element(shares, shares + count);
        double sum = 0;
        for (int i = 0; i < count; ++i) shares[i] = sum += exponential(shares[i] - highest);
        return static_cast<int>(std::lower_bound(shares, shares + count, chance * sum) - shares) - begins;
    }

    Shares shares_;
    Array<double> cumulative_;
    Array<uint8_t> pairs_;
    int counts_[3] = {};
};

}  // namespace RIPPLECARRY_ISA

RIPPLECARRY_FUSE
