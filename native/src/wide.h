// Arithmetic of some 106 bits: a number is the sum of two doubles, of which the second is at most half a unit in the
// last place of the first. For the few numbers that every machine must round alike; std::log and its kind differ.
// Source of sums and products: Dekker, "A floating-point technique for extending the available precision", 1971.
#pragma once
#include <cstdint>
#include <cstring>

#include "logarithm.h"

// Every instruction set rounds alike here. The pragma would reach to the end of the whole source, so the second takes it
// back: elsewhere fused multiplications are what a network's bits are made of.
#if defined(__clang__)
#define RIPPLECARRY_DO_NOT_FUSE _Pragma("clang fp contract(off)")
#define RIPPLECARRY_FUSE _Pragma("clang fp contract(on)")
#else
#define RIPPLECARRY_DO_NOT_FUSE
#define RIPPLECARRY_FUSE
#endif

RIPPLECARRY_DO_NOT_FUSE

namespace RIPPLECARRY_ISA {

struct Wide {
    double high, low;
};

// The sum of two doubles of which the first is not the smaller.
inline Wide sum_of_sorted(double a, double b) {
    const double high = a + b;
    return {high, b - (high - a)};
}

inline Wide sum_of_two(double a, double b) {
    const double high = a + b, part = high - a;
    return {high, (a - (high - part)) + (b - part)};
}

inline Wide product_of_two(double a, double b) {
    constexpr double kSplit = 134217729;  // 2^27 + 1
    const double a_far = kSplit * a, a_high = a_far - (a_far - a), a_low = a - a_high;
    const double b_far = kSplit * b, b_high = b_far - (b_far - b), b_low = b - b_high;
    const double high = a * b;
    return {high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

inline Wide operator+(Wide a, Wide b) {
    Wide high = sum_of_two(a.high, b.high), low = sum_of_two(a.low, b.low);
    high = sum_of_sorted(high.high, high.low + low.high);
    return sum_of_sorted(high.high, high.low + low.low);
}

inline Wide operator-(Wide a) { return {-a.high, -a.low}; }
inline Wide operator-(Wide a, Wide b) { return a + -b; }

inline Wide operator*(Wide a, Wide b) {
    const Wide high = product_of_two(a.high, b.high);
    return sum_of_sorted(high.high, high.low + (a.high * b.low + a.low * b.high));
}

inline Wide operator/(Wide a, Wide b) {
    const double first = a.high / b.high;
    Wide rest = a - b * Wide{first, 0};
    const double second = rest.high / b.high;
    rest = rest - b * Wide{second, 0};
    return sum_of_sorted(first, second) + Wide{rest.high / b.high, 0};
}

inline Wide square_root(Wide a) {
    const double root = __builtin_sqrt(a.high);
    return Wide{root, 0} + (a - product_of_two(root, root)) / Wide{2 * root, 0};
}

// Of a positive number; as `logarithm` does it, with more terms.
inline Wide wide_logarithm(double x) {
    constexpr Wide kLogOfTwo{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
    int64_t n;
    const double m = mantissa(x, n);
    const Wide s = Wide{m - 1, 0} / sum_of_two(m, 1), square = s * s;
    Wide sum{0, 0};
    for (int k = 47; k >= 1; k -= 2) sum = sum * square + Wide{1, 0} / Wide{static_cast<double>(k), 0};
    return Wide{2, 0} * s * sum + Wide{static_cast<double>(n), 0} * kLogOfTwo;
}

// The sine and the cosine of an angle from 0 to 2 pi.
inline void sine_and_cosine(double angle, Wide& sine, Wide& cosine) {
    // pi / 2 in three parts: an angle can be so near a multiple that two parts cancel
    constexpr double kParts[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
    const int quarter = static_cast<int>(angle / kParts[0] + 0.5);
    Wide rest{angle, 0};
    for (double part : kParts) rest = rest - product_of_two(quarter, part);
    const Wide square = rest * rest;
    Wide odd{1, 0}, even{1, 0};  // Horner's rule over the factors of the factorials
    for (int k = 28; k >= 2; k -= 2) {
        odd = Wide{1, 0} - square * odd / Wide{static_cast<double>(k * (k + 1)), 0};
        even = Wide{1, 0} - square * even / Wide{static_cast<double>(k * (k - 1)), 0};
    }
    odd = rest * odd;
    sine = quarter % 2 ? even : odd;
    cosine = quarter % 2 ? odd : even;
    if (quarter % 4 >= 2) sine = -sine;
    if (quarter % 4 == 1 || quarter % 4 == 2) cosine = -cosine;
}

// The float nearest to it.
inline float rounded(Wide x) {
    const float near = static_cast<float>(x.high);
    const double rest = (x.high - near) + x.low;
    int32_t bits;
    std::memcpy(&bits, &near, sizeof bits);
    bits += (rest > 0) == (near > 0) ? 1 : -1;  // the next one on the side where the rest lies
    float next;
    std::memcpy(&next, &bits, sizeof next);
    const double half = (static_cast<double>(next) - near) / 2;
    return (half > 0 ? rest > half : rest < half) ? next : near;
}

// e^x for x from -700 to 0; below that 0.
inline double exponential(double x) {
    if (!(x > -700)) return 0;
    const double n = static_cast<double>(static_cast<int64_t>(x * 0x1.71547652b82fep+0 - 0.5));
    // ln 2 in two parts, of which the first has 32 bits, so that its multiples are exact
    const double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
    double sum = 1;
    for (int k = 14; k >= 1; --k) sum = 1 + sum * r / k;
    const int64_t bits = (static_cast<int64_t>(n) + 1023) << 52;
    double power;
    std::memcpy(&power, &bits, sizeof power);
    return sum * power;
}

}  // namespace RIPPLECARRY_ISA

RIPPLECARRY_FUSE
