// One update of all parameters, with PyTorch's semantics.
#pragma once
#include <cmath>
#include <cstdint>

#include "engine.h"

namespace RIPPLECARRY_ISA {

// By repeated squaring: std::pow is not the same everywhere.
inline double power(double base, int64_t exponent) {
    double result = 1;
    for (; exponent; exponent >>= 1, base *= base)
        if (exponent & 1) result *= base;
    return result;
}

// Shortens a gradient to at most this norm, with the small number of PyTorch's clip_grad_norm_.
inline void clip(double most, int64_t count, float* gradient) {
    double squares = 0;
    for (int64_t i = 0; i < count; ++i) squares += double{gradient[i]} * gradient[i];
    const double factor = most / (std::sqrt(squares) + 1e-6);
    if (factor >= 1) return;
    const float shorter = static_cast<float>(factor);
    for (int64_t i = 0; i < count; ++i) gradient[i] *= shorter;
}

inline void update(const ripplecarry::Update& how, double rate, int64_t step, int64_t count, float* __restrict gradient,
                   float* __restrict parameters, float* __restrict first, float* __restrict second) {
    const int optimiser = how.optimiser;
    if (how.clip > 0) clip(how.clip, count, gradient);
    if (how.weight_decay > 0) {
        const float kept = static_cast<float>(1 - rate * how.weight_decay);
        for (int64_t i = 0; i < count; ++i) parameters[i] *= kept;
    }
    constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8, kMomentumKept = 0.9;
    if (optimiser == ripplecarry::kAdam) {
        const double correction1 = 1 - power(kBeta1, step + 1);
        const double correction2 = std::sqrt(1 - power(kBeta2, step + 1));
        const float size = static_cast<float>(rate / correction1), root = static_cast<float>(correction2);
        const float keep1 = static_cast<float>(1 - kBeta1), keep2 = static_cast<float>(1 - kBeta2);
        const float beta2 = static_cast<float>(kBeta2), epsilon = static_cast<float>(kEpsilon);
        for (int64_t i = 0; i < count; ++i) {
            first[i] += keep1 * (gradient[i] - first[i]);
            second[i] = beta2 * second[i] + keep2 * gradient[i] * gradient[i];
            parameters[i] -= size * (first[i] / (std::sqrt(second[i]) / root + epsilon));
        }
    } else if (optimiser == ripplecarry::kMomentum) {
        const float kept = step ? static_cast<float>(kMomentumKept) : 0.0f, size = static_cast<float>(rate);
        for (int64_t i = 0; i < count; ++i) {
            first[i] = kept * first[i] + gradient[i];
            parameters[i] -= size * first[i];
        }
    } else {
        const float size = static_cast<float>(rate);
        for (int64_t i = 0; i < count; ++i) parameters[i] -= size * gradient[i];
    }
}

}  // namespace RIPPLECARRY_ISA
