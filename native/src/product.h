// Products of small matrices that lie in cache: rows times a weight matrix, and weight gradients.
#pragma once
#include "vector.h"

namespace RIPPLECARRY_ISA {

// Widths of all matrices are padded to this many floats, whatever the instruction set.
constexpr int kPad = 16;

constexpr int padded(int width) { return (width + kPad - 1) / kPad * kPad; }

// Register tiles, in rows by vectors: with 32 registers 5 by 4 and 8 by 2 leave room for the operands;
// with 16, 6 by 2 and 4 by 2 do.
#if defined(__AVX512F__)
constexpr int kRows = 5, kVectors = 4, kUnits = 8, kUnitVectors = 2;
#else
constexpr int kRows = 6, kVectors = 2, kUnits = 4, kUnitVectors = 2;
#endif

// One tile of C = A B, or C += A B.
template <int R, int V, bool Add>
inline void tile(const float* a, int a_stride, const float* b, int b_stride, float* c, int c_stride, int depth) {
    Vector sum[R][V];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sum[r][v] = Add ? load(c + r * c_stride + v * kWidth) : Vector{};
    for (int k = 0; k < depth; ++k) {
        Vector right[V];
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) right[v] = load(b + k * b_stride + v * kWidth);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const Vector left = all(a[r * a_stride + k]);
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) sum[r][v] += left * right[v];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) store(c + r * c_stride + v * kWidth, sum[r][v]);
}

template <int V, bool Add>
inline void strip(int rows, const float* a, int a_stride, const float* b, int b_stride, float* c, int c_stride,
                  int depth) {
    int r = 0;
    for (; r + kRows <= rows; r += kRows)
        tile<kRows, V, Add>(a + r * a_stride, a_stride, b, b_stride, c + r * c_stride, c_stride, depth);
    for (; r < rows; ++r) tile<1, V, Add>(a + r * a_stride, a_stride, b, b_stride, c + r * c_stride, c_stride, depth);
}

// C = A B or C += A B; A is rows by depth, B depth by width, width a multiple of kPad.
template <bool Add>
inline void multiply(int rows, int width, int depth, const float* a, int a_stride, const float* b, int b_stride,
                     float* c, int c_stride) {
    int column = 0;
    for (; column + kVectors * kWidth <= width; column += kVectors * kWidth)
        strip<kVectors, Add>(rows, a, a_stride, b + column, b_stride, c + column, c_stride, depth);
    for (; column < width; column += kWidth)
        strip<1, Add>(rows, a, a_stride, b + column, b_stride, c + column, c_stride, depth);
}

template <int U, int V>
inline void gradient_tile(int rows, const float* a, int a_stride, const float* b, int b_stride, float* c,
                          int c_stride) {
    Vector sum[U][V];
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sum[u][v] = load(c + u * c_stride + v * kWidth);
    for (int r = 0; r < rows; ++r) {
        Vector right[V];
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) right[v] = load(b + r * b_stride + v * kWidth);
#pragma GCC unroll 8
        for (int u = 0; u < U; ++u) {
            const Vector left = all(a[r * a_stride + u]);
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) sum[u][v] += left * right[v];
        }
    }
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) store(c + u * c_stride + v * kWidth, sum[u][v]);
}

// C += A' B: A is rows by units, B rows by width; units and width multiples of kPad.
inline void add_gradient(int rows, int units, int width, const float* a, int a_stride, const float* b, int b_stride,
                         float* c, int c_stride) {
    for (int unit = 0; unit < units; unit += kUnits) {
        int column = 0;
        for (; column + kUnitVectors * kWidth <= width; column += kUnitVectors * kWidth)
            gradient_tile<kUnits, kUnitVectors>(rows, a + unit, a_stride, b + column, b_stride,
                                                c + unit * c_stride + column, c_stride);
        for (; column < width; column += kWidth)
            gradient_tile<kUnits, 1>(rows, a + unit, a_stride, b + column, b_stride, c + unit * c_stride + column,
                                     c_stride);
    }
}

// c += the sums of A's columns.
inline void add_column_sums(int rows, int width, const float* a, float* c) {
    for (int column = 0; column < width; column += kWidth) {
        Vector sum = load(c + column);
        for (int r = 0; r < rows; ++r) sum += load(a + r * width + column);
        store(c + column, sum);
    }
}

}  // namespace RIPPLECARRY_ISA
