// A product's two sides on their way into shared memory, and what follows it on its way out. The rows of the left side
// are a picture's pixels with their surroundings, read where they lie (channels last), never written out.

#pragma once
#include "common.cuh"

struct Product {
    const void *x, *weight, *bias, *per_picture, *residual;
    void *y;
    // Sums in single precision instead of `y`: `(splits, rows, outputs)`.
    float *sums;
    // Of the picture in memory, and of it resized to the nearest.
    int height, width, seen_height, seen_width;
    int channels, out_height, out_width, side, stride, before;
    // Rows of the product, columns (before a gate halves them), and its inner length.
    int rows, outputs, inner;
    int activation, gated, splits;
    // In steps of the inner loop.
    int steps_per_split;
};

// Adds what follows to eight sums of one row and writes them.
template <typename T>
__device__ __forceinline__ void finish(const Product &p, float (&v)[8], int row, int column, int columns) {
    const T *bias = static_cast<const T *>(p.bias), *rows = static_cast<const T *>(p.per_picture);
    const T *residual = static_cast<const T *>(p.residual);
    T *y = static_cast<T *>(p.y);
    size_t at = static_cast<size_t>(row) * columns + column;
    const T *own = rows ? rows + static_cast<size_t>(row / (p.out_height * p.out_width)) * columns + column : nullptr;
    bool whole = columns % 8 == 0;
    if (bias && !p.gated) {
        if (whole) {
            Eight<T> b = load_eight(bias + column);
#pragma unroll
            for (int i = 0; i < 8; i++) v[i] += to_float(b.at[i]);
        } else {
            for (int i = 0; i < 8 && column + i < columns; i++) v[i] += to_float(bias[column + i]);
        }
    }
    if (own) {
        for (int i = 0; i < 8 && column + i < columns; i++) v[i] += to_float(own[i]);
    }
    if (p.activation != NONE) {
#pragma unroll
        for (int i = 0; i < 8; i++) v[i] = activate(v[i], p.activation);
    }
    if (whole) {
        if (residual) {
            Eight<T> r = load_eight(residual + at);
#pragma unroll
            for (int i = 0; i < 8; i++) v[i] += to_float(r.at[i]);
        }
        Eight<T> out;
#pragma unroll
        for (int i = 0; i < 8; i++) out.at[i] = from_float<T>(v[i]);
        store_eight(y + at, out);
    } else {
        for (int i = 0; i < 8 && column + i < columns; i++) {
            float r = residual ? to_float(residual[at + i]) : 0.0f;
            y[at + i] = from_float<T>(v[i] + r);
        }
    }
}

// Which pieces of eight values a thread brings in for each step of BK along the inner length, of BM rows of the left side
// and BN of the right. `aligned`: rows of channels are whole pieces.
template <typename T, int BM, int BN, int BK, int THREADS, bool aligned> struct Loader {
    static constexpr int PIECES = BK / 8, ROWS_APART = THREADS / PIECES;
    static constexpr int A_EACH = BM / ROWS_APART, B_EACH = BN / ROWS_APART;
    static_assert(A_EACH >= 1 && B_EACH >= 1 && BM % ROWS_APART == 0 && BN % ROWS_APART == 0, "whole rows for each");

    const Product &p;
    const T *x, *weight;
    // Always the same column of pieces, so that its place in the inner length is one.
    int piece, row, inner, tap, channel;
    bool plain;
    int corner_y[A_EACH], corner_x[A_EACH];
    // In pieces, or in values where rows are no whole pieces.
    size_t picture[A_EACH], from[A_EACH];
    size_t weights[B_EACH];
    uint32_t is_row = 0, inside = 0, is_output = 0;

    __device__ __forceinline__ Loader(const Product &p, int first_row, int first_column, int first_step) : p(p) {
        x = static_cast<const T *>(p.x);
        weight = static_cast<const T *>(p.weight);
        piece = threadIdx.x % PIECES;
        row = threadIdx.x / PIECES;
        inner = first_step * BK + piece * 8;
        tap = inner / p.channels;
        channel = inner - tap * p.channels;
        plain = p.side == 1 && p.stride == 1 && p.seen_height == p.height && p.seen_width == p.width;
#pragma unroll
        for (int i = 0; i < A_EACH; i++) {
            int at = first_row + row + i * ROWS_APART;
            if (at < p.rows) {
                is_row |= 1u << i;
            } else {
                at = 0;
            }
            int area = p.out_height * p.out_width;
            int batch = at / area, rest = at - batch * area;
            int out_y = rest / p.out_width, out_x = rest - out_y * p.out_width;
            corner_y[i] = out_y * p.stride - p.before;
            corner_x[i] = out_x * p.stride - p.before;
            picture[i] = plain ? static_cast<size_t>(at) : static_cast<size_t>(batch) * p.height * p.width;
        }
        find(tap);
        const int gate_columns = p.gated ? BN / 2 : BN, half = p.outputs / 2;
#pragma unroll
        for (int i = 0; i < B_EACH; i++) {
            int column = row + i * ROWS_APART;
            int output = first_column + column;
            bool there = output < p.outputs;
            if (p.gated) {
                int within = column < gate_columns ? column : column - gate_columns;
                there = first_column + within < half;
                output = first_column + within + (column < gate_columns ? 0 : half);
            }
            if (there) is_output |= 1u << i;
            weights[i] = static_cast<size_t>(there ? output : 0) * p.inner;
        }
    }

    // Where this tap of the window lies for each row, and whether it is in the picture.
    __device__ __forceinline__ void find(int tap) {
        inside = plain ? is_row : 0;
        int dy = p.side == 3 ? tap / 3 : 0, dx = p.side == 3 ? tap - dy * 3 : 0;
#pragma unroll
        for (int i = 0; i < A_EACH; i++) {
            from[i] = picture[i] * p.channels;
            if (plain) continue;
            int at_y = corner_y[i] + dy, at_x = corner_x[i] + dx;
            bool there = (is_row >> i & 1) && at_y >= 0 && at_y < p.seen_height && at_x >= 0 && at_x < p.seen_width;
            if (p.seen_height != p.height) at_y = at_y * p.height / p.seen_height;
            if (p.seen_width != p.width) at_x = at_x * p.width / p.seen_width;
            if (there) {
                inside |= 1u << i;
                from[i] = (picture[i] + static_cast<size_t>(at_y) * p.width + at_x) * p.channels;
            } else {
                from[i] = 0;
            }
        }
    }

    // Pieces of a row change places, so that eight rows of one column of them lie in different banks.
    static __device__ __forceinline__ int place(int row, int piece) {
        int turned = PIECES == 8 ? piece ^ (row & 7) : piece ^ ((row >> 1) & 3);
        return row * BK + turned * 8;
    }

    // The next step, into `a` (BM × BK) and `b` (BN × BK).
    __device__ __forceinline__ void load(T *a, T *b) {
        if constexpr (aligned) {
            bool there = inner < p.inner;
#pragma unroll
            for (int i = 0; i < A_EACH; i++) {
                copy_async(a + place(row + i * ROWS_APART, piece), x + from[i] + channel, there && (inside >> i & 1));
            }
            const T *source = weight + (there ? inner : 0);
#pragma unroll
            for (int i = 0; i < B_EACH; i++) {
                copy_async(b + place(row + i * ROWS_APART, piece), source + weights[i], there && (is_output >> i & 1));
            }
            inner += BK;
            channel += BK;
            if (channel >= p.channels) {
                while (channel >= p.channels) {
                    channel -= p.channels;
                    tap++;
                }
                if (!plain) find(tap);
            }
        } else {
            for (int j = 0; j < 8; j++) {
                int at = inner + j;
                bool there = at < p.inner;
                int own_tap = at / p.channels, own_channel = at - own_tap * p.channels;
                find(own_tap);
                for (int i = 0; i < A_EACH; i++) {
                    T value = there && (inside >> i & 1) ? x[from[i] + own_channel] : from_float<T>(0.0f);
                    a[place(row + i * ROWS_APART, piece) + j] = value;
                }
                for (int i = 0; i < B_EACH; i++) {
                    T value = there && (is_output >> i & 1) ? weight[weights[i] + at] : from_float<T>(0.0f);
                    b[place(row + i * ROWS_APART, piece) + j] = value;
                }
            }
            inner += BK;
        }
    }
};

// Writes eight of the sums in single precision, or what follows from them. `gates`: of a gated product.
template <typename T>
__device__ __forceinline__ void write(const Product &p, float (&v)[8], const float *gates, int row, int column) {
    const int half = p.outputs / 2;
    if (p.sums) {
        float *to = p.sums + (static_cast<size_t>(blockIdx.z) * p.rows + row) * p.outputs + column;
        if (p.outputs % 4 == 0 && column + 8 <= p.outputs) {
            *reinterpret_cast<float4 *>(to) = *reinterpret_cast<float4 *>(v);
            *reinterpret_cast<float4 *>(to + 4) = *reinterpret_cast<float4 *>(v + 4);
        } else {
            for (int i = 0; i < 8 && column + i < p.outputs; i++) to[i] = v[i];
        }
        return;
    }
    if (p.gated) {
        const T *bias = static_cast<const T *>(p.bias);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            int output = min(column + i, half - 1);
            float value = v[i] + (bias ? to_float(bias[output]) : 0.0f);
            float gate = gates[i] + (bias ? to_float(bias[half + output]) : 0.0f);
            v[i] = value * activate(gate, GELU);
        }
    }
    finish<T>(p, v, row, column, p.gated ? half : p.outputs);
}
