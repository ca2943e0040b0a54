// Products of small matrices that lie in cache: rows times a weight matrix, and weight gradients.
#pragma once
#include <type_traits>

#include "vector.h"

namespace RIPPLECARRY_ISA {

// Widths of all matrices are padded to this many floats, whatever the instruction set.
constexpr int kPad = 16;

constexpr int padded(int width) { return (width + kPad - 1) / kPad * kPad; }

// Register tiles leave room for the operands: with 32 registers 5 rows by 4 vectors, 10 by 1 and, for weight
// gradients, 8 units by 2 vectors; with 16, 5 by 2, 3 by 4 and 4 by 2. Blocks of rows are multiples of 5.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kVectors = 4, kUnits = 8, kUnitVectors = 2;
constexpr int rows_by(int vectors) { return vectors > 2 ? 5 : 10; }
#else
constexpr int kVectors = 2, kUnits = 4, kUnitVectors = 2;
constexpr int rows_by(int vectors) { return vectors > 2 ? 3 : 5; }
#endif

// The factors of a product: rows by depth times depth by width. No depth, no product.
struct Product {
    const float* left;
    int left_stride;
    const float* right;
    int right_stride;
    int depth;
};

// Where the vectors of a product's columns go among a tile's sums: of every `gates` columns all but the last to the
// first of `sums` sums, and the last one to number `last`.
template <int Gates = 1, int Sums = 1, int Last = Gates - 1>
struct Columns {
    static constexpr int count(int vectors) { return vectors / Sums * Gates; }
    static constexpr int place(int c) { return c / Gates * Sums + (c % Gates == Gates - 1 ? Last : c % Gates); }
};

// R rows by V vectors of sums: in registers while products are added.
template <int R, int V>
struct Tile {
    Vector sum[R][V];

    RIPPLECARRY_INLINE void start(const float* from, int stride) {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) sum[r][v] = load(from + r * stride + v * kWidth);
    }

    template <class Columns>
    RIPPLECARRY_INLINE void add(const Product& product, int row, int column) {
        constexpr int kColumns = Columns::count(V);
        const float* left = product.left + int64_t{row} * product.left_stride;
        const float* right = product.right + column;
        for (int k = 0; k < product.depth; ++k, right += product.right_stride) {
            // the fewer factors stay in registers, the others come one by one
            if constexpr (R > kColumns) {
                Vector factors[kColumns];
#pragma GCC unroll 8
                for (int c = 0; c < kColumns; ++c) factors[c] = load(right + c * kWidth);
#pragma GCC unroll 16
                for (int r = 0; r < R; ++r) {
                    const Vector factor = all(left[r * product.left_stride + k]);
#pragma GCC unroll 8
                    for (int c = 0; c < kColumns; ++c) sum[r][Columns::place(c)] += factor * factors[c];
                }
            } else {
                Vector factors[R];
#pragma GCC unroll 16
                for (int r = 0; r < R; ++r) factors[r] = all(left[r * product.left_stride + k]);
#pragma GCC unroll 8
                for (int c = 0; c < kColumns; ++c) {
                    const Vector factor = load(right + c * kWidth);
#pragma GCC unroll 16
                    for (int r = 0; r < R; ++r) sum[r][Columns::place(c)] += factors[r] * factor;
                }
            }
        }
    }

    RIPPLECARRY_INLINE void write(float* to, int stride) const {
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) store(to + r * stride + v * kWidth, sum[r][v]);
    }
};

// A tile of start + A B + C D, from a row on and from columns of the factors on. With a stride of 0 all rows start
// alike. A function of its own: among a cell's functions compilers run out of registers and spill sums in the loop.
template <int R, int V, class FirstColumns, class SecondColumns>
__attribute__((noinline)) void add_up(Tile<R, V>& result, const float* start, int start_stride, const Product& first,
                                      const Product& second, int row, int column) {
    Tile<R, V> tile;
    tile.start(start, start_stride);
    tile.template add<FirstColumns>(first, row, column);
    tile.template add<SecondColumns>(second, row, column);
    tile.write(reinterpret_cast<float*>(&result), V * kWidth);
}

template <int Number>
using Constant = std::integral_constant<int, Number>;

// Cuts rows by columns into tiles: calls work(rows in the tile, columns in it, first row, first column), the sizes
// as constants: C columns by as many rows as the registers hold for V vectors a column where they fit, else two rows
// or one, and one column.
template <int C, int V, class Work>
inline void cut(int rows, int columns, const Work& work) {
    const auto strip = [&](auto width, int column) {
        constexpr int R = rows_by(decltype(width)::value * V);
        int row = 0;
        for (; row + R <= rows; row += R) work(Constant<R>{}, width, row, column);
        for (; row + 2 <= rows; row += 2) work(Constant<2>{}, width, row, column);
        if (row < rows) work(Constant<1>{}, width, row, column);
    };
    int column = 0;
    for (; column + C <= columns; column += C) strip(Constant<C>{}, column);
    if constexpr (C > 1)
        for (; column < columns; ++column) strip(Constant<1>{}, column);
}

// C = start + A B; the start, of one row, is added to every row.
template <int V>
inline void multiply(int rows, int vectors, const Product& product, const float* start, int start_stride, float* to,
                     int stride) {
    cut<V, 1>(rows, vectors, [&](auto r, auto v, int row, int vector) {
        Tile<decltype(r)::value, decltype(v)::value> tile;
        tile.start(start + int64_t{row} * start_stride + vector * kWidth, start_stride);
        tile.template add<Columns<>>(product, row, vector * kWidth);
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
    cut<kVectors, 1>(1, width / kWidth, [&](auto, auto v, int, int vector) {
        constexpr int V = decltype(v)::value;
        Tile<1, V> sums, more;
        sums.start(c + vector * kWidth, 0);
        for (int r = 0; r < rows; ++r) {
            more.start(a + int64_t{r} * width + vector * kWidth, 0);
#pragma GCC unroll 8
            for (int i = 0; i < V; ++i) sums.sum[0][i] += more.sum[0][i];
        }
        sums.write(c + vector * kWidth, 0);
    });
}

}  // namespace RIPPLECARRY_ISA
