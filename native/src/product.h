// Products of small matrices that lie in cache: rows times a weight matrix, and weight gradients.
#pragma once
#include <type_traits>

#include "vector.h"

namespace RIPPLECARRY_ISA {

// Widths of all matrices are padded to this many floats, whatever the instruction set.
constexpr int kPad = 16;

constexpr int padded(int width) { return (width + kPad - 1) / kPad * kPad; }

// Register tiles, in rows by vectors: with 32 registers 5 by 4 (10 by 1) and, for weight gradients, 8 units by 2
// leave room for the operands; with 16, 3 by 4 (6 by 1) and 4 by 2 do.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRows = 5, kVectors = 4, kUnits = 8, kUnitVectors = 2;
#else
constexpr int kRows = 3, kVectors = 4, kUnits = 4, kUnitVectors = 2;
#endif

// The factors of a product: rows by depth times depth by width. No depth, no product.
struct Product {
    const float* left;
    int left_stride;
    const float* right;
    int right_stride;
    int depth;
};

// R rows by V vectors of sums, in registers.
template <int R, int V>
struct Tile {
    Vector sum[R][V];

    // Starts with what lies in memory; with a stride of 0 all rows start alike.
    RIPPLECARRY_INLINE void start(const float* from, int stride) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) sum[r][v] = load(from + r * stride + v * kWidth);
    }

    RIPPLECARRY_INLINE void start_at_zero() {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) sum[r][v] = Vector{};
    }

    // Adds a tile of a product from a row of the left and a column of the right factor on. Of every `Gates` vectors
    // of columns all but the last go to the first of `Sums` sums, and the last one to number `Last`.
    template <int Gates = 1, int Sums = 1, int Last = Gates - 1>
    RIPPLECARRY_INLINE void add(const Product& product, int row, int column) {
        constexpr int kColumns = V / Sums * Gates;
        const float* left = product.left + int64_t{row} * product.left_stride;
        const float* right = product.right + column;
        for (int k = 0; k < product.depth; ++k) {
            Vector factor[kColumns];
#pragma GCC unroll 8
            for (int c = 0; c < kColumns; ++c) factor[c] = load(right + c * kWidth);
            right += product.right_stride;
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r) {
                const Vector each = all(left[r * product.left_stride + k]);
#pragma GCC unroll 8
                for (int c = 0; c < kColumns; ++c)
                    sum[r][c / Gates * Sums + (c % Gates == Gates - 1 ? Last : c % Gates)] += each * factor[c];
            }
        }
    }

    RIPPLECARRY_INLINE void add(const Tile& other) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) sum[r][v] += other.sum[r][v];
    }

    RIPPLECARRY_INLINE void write(float* to, int stride) const {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) store(to + r * stride + v * kWidth, sum[r][v]);
    }
};

template <int Number>
using Constant = std::integral_constant<int, Number>;

// Cuts rows by columns into tiles: calls work(rows in the tile, columns in it, first row, first column), the sizes
// as constants: R by C where they fit, else one.
template <int R, int C, class Work>
inline void cut(int rows, int columns, const Work& work) {
    const auto strip = [&](auto width, int column) {
        int row = 0;
        for (; row + R <= rows; row += R) work(Constant<R>{}, width, row, column);
        for (; row < rows; ++row) work(Constant<1>{}, width, row, column);
    };
    int column = 0;
    for (; column + C <= columns; column += C) strip(Constant<C>{}, column);
    if constexpr (C > 1)
        for (; column < columns; ++column) strip(Constant<1>{}, column);
}

// C = start + A B; the start, of one row, is added to every row.
template <int R, int V>
inline void multiply(int rows, int vectors, const Product& product, const float* start, int start_stride, float* to,
                     int stride) {
    cut<R, V>(rows, vectors, [&](auto r, auto v, int row, int vector) {
        Tile<decltype(r)::value, decltype(v)::value> tile;
        tile.start(start + int64_t{row} * start_stride + vector * kWidth, start_stride);
        tile.add(product, row, vector * kWidth);
        tile.write(to + int64_t{row} * stride + vector * kWidth, stride);
    });
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
    cut<1, kVectors>(1, width / kWidth, [&](auto, auto v, int, int vector) {
        Tile<1, decltype(v)::value> sums, more;
        sums.start(c + vector * kWidth, 0);
        for (int r = 0; r < rows; ++r) {
            more.start(a + int64_t{r} * width + vector * kWidth, 0);
            sums.add(more);
        }
        sums.write(c + vector * kWidth, 0);
    });
}

}  // namespace RIPPLECARRY_ISA
