// The natural logarithm of a double, for the loss: std::log is not the same everywhere.
#pragma once
#include <cstdint>
#include <cstring>

namespace RIPPLECARRY_ISA {

// The m from 3/4 to 3/2 of x = 2^n m, for a positive x.
inline double mantissa(double x, int64_t& n) {
    constexpr int64_t kThreeQuarters = 0x3fe8000000000000;
    int64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    n = (bits - kThreeQuarters) >> 52;
    bits -= n * (int64_t{1} << 52);
    double m;
    std::memcpy(&m, &bits, sizeof m);
    return m;
}

// Of a positive number x = 2^n m, by the series log m = 2 (s + s^3 / 3 + s^5 / 5 + ...) of
// s = (m - 1) / (m + 1), which is at most 1/5. Infinity and NaN pass through.
inline double logarithm(double x) {
    if (!(x < 1e300)) return x;
    int64_t n;
    const double m = mantissa(x, n);
    const double s = (m - 1) / (m + 1), square = s * s;
    double sum = 0;
    for (int k = 25; k >= 3; k -= 2) sum = (sum + 1.0 / k) * square;
    const double whole = static_cast<double>(n);
    // ln 2 in two parts, of which the first has 32 bits, so that its multiples are exact
    return whole * 0x1.62e42feep-1 + (2 * s + (2 * s * sum + whole * 0x1.a39ef35793c76p-33));
}

}  // namespace RIPPLECARRY_ISA
