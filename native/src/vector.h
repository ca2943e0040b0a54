// Vectors of floats in the width of the instruction set this file is compiled for, and the functions
// of them that cells need. GCC's and Clang's vector extensions only, so that any target builds.
#pragma once
#include <cstdint>
#include <cstring>
#if defined(__SSE__)
#include <immintrin.h>
#endif

// Tiles stay in registers only where everything around them is inlined.
#define RIPPLECARRY_INLINED __attribute__((always_inline))
#define RIPPLECARRY_INLINE inline RIPPLECARRY_INLINED

namespace RIPPLECARRY_ISA {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#elif defined(__AVX__)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif

typedef float Vector __attribute__((vector_size(4 * kWidth)));
typedef int32_t Bits __attribute__((vector_size(4 * kWidth)));

inline Vector load(const float* from) {
    Vector value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline void store(float* to, Vector value) { std::memcpy(to, &value, sizeof value); }

inline Vector all(float value) { return value - Vector{}; }

// The greater and the smaller of two; b where one is NaN. GCC 12 makes two instructions of the plain form, and
// warns of the unmasked intrinsics' own header.
inline Vector greater(Vector a, Vector b) {
#if defined(__AVX512F__)
    return _mm512_maskz_max_ps(0xffff, a, b);
#elif defined(__AVX__)
    return _mm256_max_ps(a, b);
#elif defined(__SSE__)
    return _mm_max_ps(a, b);
#else
    return a > b ? a : b;
#endif
}

inline Vector smaller(Vector a, Vector b) {
#if defined(__AVX512F__)
    return _mm512_maskz_min_ps(0xffff, a, b);
#elif defined(__AVX__)
    return _mm256_min_ps(a, b);
#elif defined(__SSE__)
    return _mm_min_ps(a, b);
#else
    return a < b ? a : b;
#endif
}

// NaN passes through.
inline Vector clamp(Vector x, float low, float high) { return smaller(all(high), greater(all(low), x)); }

// Halving by elements, which compilers turn into shuffles.
template <int First, int Count>
inline float sum_from(Vector v) {
    if constexpr (Count == 1)
        return v[First];
    else
        return sum_from<First, Count / 2>(v) + sum_from<First + Count / 2, Count / 2>(v);
}

template <int First, int Count>
inline float largest_from(Vector v) {
    if constexpr (Count == 1) {
        return v[First];
    } else {
        const float a = largest_from<First, Count / 2>(v), b = largest_from<First + Count / 2, Count / 2>(v);
        return a > b ? a : b;
    }
}

inline float sum_of(Vector v) { return sum_from<0, kWidth>(v); }

inline float largest_of(Vector v) { return largest_from<0, kWidth>(v); }

// e^x within 2 units in the last place: x = n ln 2 + r, and a polynomial in r of degree 7, which is
// nearly the Taylor series.
// Adding and subtracting 1.5 * 2^23 rounds to an integer; -ffast-math would remove that.
inline Vector exponential(Vector x) {
    const float magic = 12582912.0f + 127.0f;  // whose low bits are those of a float's exponent of 0
    x = clamp(x, -87.0f, 88.0f);
    const Vector shifted = x * 1.44269504088896341f + magic, n = shifted - magic;
    Vector r = x - n * 0.693359375f;
    r = r + n * 2.12194440054690583e-4f;  // ln 2 in two parts, after Cody and Waite 1980
    Vector p = all(1.9875691500e-4f);  // coefficients: Cephes, expf
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    Bits exponent;
    std::memcpy(&exponent, &shifted, sizeof exponent);
    exponent <<= 23;  // n + 127 in the low bits, so that these are 2^n
    Vector scale;
    std::memcpy(&scale, &exponent, sizeof scale);
    return p * scale;
}

// Within 3 units in the last place where it is not subnormal.
inline Vector sigmoid(Vector x) { return 1.0f / (1.0f + exponential(-x)); }

// A rational function of odd degree 13 over even degree 6, never beyond 1. Within 5 units in the last place, near 1,
// and 7 without fused multiply-add; proofs allow for more. Source: the coefficients that Eigen and XLA use, all times
// 256: that is exact, and p is over 1 then, so that x * p is flushed to zero only where x is.
inline Vector hyperbolic_tangent(Vector x) {
    constexpr float scale = 256.0f;
    x = clamp(x, -7.90531110763549805f, 7.90531110763549805f);
    Vector square = x * x;
    Vector p = all(scale * -2.76076847742355e-16f);
    p = p * square + scale * 2.00018790482477e-13f;
    p = p * square - scale * 8.60467152213735e-11f;
    p = p * square + scale * 5.12229709037114e-08f;
    p = p * square + scale * 1.48572235717979e-05f;
    p = p * square + scale * 6.37261928875436e-04f;
    p = p * square + scale * 4.89352455891786e-03f;
    Vector q = all(scale * 1.19825839466702e-06f);
    q = q * square + scale * 1.18534705686654e-04f;
    q = q * square + scale * 2.26843463243900e-03f;
    q = q * square + scale * 4.89352518554385e-03f;
    return x * p / q;
}

}  // namespace RIPPLECARRY_ISA
