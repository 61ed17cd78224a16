// What goes over values one by one, and what only moves them.

#include "common.cuh"

struct Pair {
    const void *a, *b;
    void *y;
    long count;
    int activation;
};

template <typename T> __device__ __forceinline__ void add(const Pair &p) {
    const T *a = static_cast<const T *>(p.a), *b = static_cast<const T *>(p.b);
    T *y = static_cast<T *>(p.y);
    for (long i = (static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x) * 8; i < p.count;
         i += static_cast<long>(gridDim.x) * blockDim.x * 8) {
        if (i + 8 <= p.count) {
            Eight<T> left = load_eight(a + i), right = load_eight(b + i);
#pragma unroll
            for (int j = 0; j < 8; j++) left.at[j] = from_float<T>(to_float(left.at[j]) + to_float(right.at[j]));
            store_eight(y + i, left);
        } else {
            for (long j = i; j < p.count; j++) y[j] = from_float<T>(to_float(a[j]) + to_float(b[j]));
        }
    }
}

template <typename T> __device__ __forceinline__ void activation(const Pair &p) {
    const T *a = static_cast<const T *>(p.a);
    T *y = static_cast<T *>(p.y);
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < p.count;
         i += static_cast<long>(gridDim.x) * blockDim.x) {
        y[i] = from_float<T>(activate(to_float(a[i]), p.activation));
    }
}

#define ELEMENTWISE(T)                                                                                                 \
    extern "C" __global__ void add_##T(const __grid_constant__ Pair p) { add<T>(p); }                                  \
    extern "C" __global__ void activate_##T(const __grid_constant__ Pair p) { activation<T>(p); }

ELEMENTWISE(f16)
ELEMENTWISE(bf16)

// Values of two bytes from any strides into one piece: four sides, the last one fastest.
struct Copy {
    const uint16_t *x;
    uint16_t *y;
    long count;
    long sides[4], strides[4];
};

extern "C" __global__ void copy(const __grid_constant__ Copy p) {
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < p.count;
         i += static_cast<long>(gridDim.x) * blockDim.x) {
        long rest = i, from = 0;
#pragma unroll
        for (int side = 3; side >= 0; side--) {
            long place = rest % p.sides[side];
            rest /= p.sides[side];
            from += place * p.strides[side];
        }
        p.y[i] = p.x[from];
    }
}

// A matrix of two-byte values turned: `(rows, columns)` to `(columns, rows)`, in squares of 32.
struct Turn {
    const uint16_t *x;
    uint16_t *y;
    int rows, columns;
};

extern "C" __global__ void turn(const __grid_constant__ Turn p) {
    __shared__ uint16_t square[32][33];
    const int across = threadIdx.x % 32, lines = blockDim.x / 32;
    for (int i = threadIdx.x / 32; i < 32; i += lines) {
        int row = blockIdx.y * 32 + i, column = blockIdx.x * 32 + across;
        if (row < p.rows && column < p.columns) square[i][across] = p.x[static_cast<size_t>(row) * p.columns + column];
    }
    __syncthreads();
    for (int i = threadIdx.x / 32; i < 32; i += lines) {
        int row = blockIdx.y * 32 + across, column = blockIdx.x * 32 + i;
        if (row < p.rows && column < p.columns) p.y[static_cast<size_t>(column) * p.rows + row] = square[across][i];
    }
}

// Rows of `first` channels, each followed by its row of `second` ones, in pieces of eight.
struct Join {
    const uint4 *first, *second;
    uint4 *y;
    long rows;
    int first_pieces, second_pieces;
};

extern "C" __global__ void concatenate(const __grid_constant__ Join p) {
    const int pieces = p.first_pieces + p.second_pieces;
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < p.rows * pieces;
         i += static_cast<long>(gridDim.x) * blockDim.x) {
        long row = i / pieces;
        int piece = i - row * pieces;
        p.y[i] = piece < p.first_pieces ? p.first[row * p.first_pieces + piece]
                                        : p.second[row * p.second_pieces + piece - p.first_pieces];
    }
}

// Rows of twice as many values: the first half times the GELU of the second half.
struct Gate {
    const void *x;
    void *y;
    long rows;
    int columns;
};

template <typename T> __device__ __forceinline__ void gate(const Gate &p) {
    const T *x = static_cast<const T *>(p.x);
    T *y = static_cast<T *>(p.y);
    const int pieces = p.columns / 8;
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < p.rows * pieces;
         i += static_cast<long>(gridDim.x) * blockDim.x) {
        long row = i / pieces;
        int column = static_cast<int>(i - row * pieces) * 8;
        const T *from = x + row * 2 * p.columns + column;
        Eight<T> values = load_eight(from), gates = load_eight(from + p.columns);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            values.at[j] = from_float<T>(to_float(values.at[j]) * activate(to_float(gates.at[j]), GELU));
        }
        store_eight(y + row * p.columns + column, values);
    }
}

extern "C" __global__ void gate_f16(const __grid_constant__ Gate p) { gate<f16>(p); }
extern "C" __global__ void gate_bf16(const __grid_constant__ Gate p) { gate<bf16>(p); }

// Heads of twice `half` values, turned by each token's angles: neighbours, or values with those half a head further on.
struct Rotate {
    const void *x;
    const float *cosines, *sines;
    void *y;
    long pieces;
    int tokens, channels, half, neighbours;
};

template <typename T> __device__ __forceinline__ void rotate(const Rotate &p) {
    const T *x = static_cast<const T *>(p.x);
    T *y = static_cast<T *>(p.y);
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < p.pieces;
         i += static_cast<long>(gridDim.x) * blockDim.x) {
        const long at = i * 8, row = at / p.channels;
        const int place = static_cast<int>(at - row * p.channels) % (2 * p.half);
        const long angles = (row % p.tokens) * p.half;
        Eight<T> values = load_eight(x + at), out;
        if (p.neighbours) {
            const float *cosines = p.cosines + angles + place / 2, *sines = p.sines + angles + place / 2;
#pragma unroll
            for (int pair = 0; pair < 4; pair++) {
                float a = to_float(values.at[2 * pair]), b = to_float(values.at[2 * pair + 1]);
                out.at[2 * pair] = from_float<T>(a * cosines[pair] - b * sines[pair]);
                out.at[2 * pair + 1] = from_float<T>(b * cosines[pair] + a * sines[pair]);
            }
        } else {
            const bool first = place < p.half;
            const int angle = first ? place : place - p.half;
            Eight<T> others = load_eight(x + (first ? at + p.half : at - p.half));
#pragma unroll
            for (int j = 0; j < 8; j++) {
                float cosine = p.cosines[angles + angle + j], sine = p.sines[angles + angle + j];
                out.at[j] = from_float<T>(to_float(values.at[j]) * cosine + to_float(others.at[j]) * (first ? -sine : sine));
            }
        }
        store_eight(y + at, out);
    }
}

extern "C" __global__ void rotate_f16(const __grid_constant__ Rotate p) { rotate<f16>(p); }
extern "C" __global__ void rotate_bf16(const __grid_constant__ Rotate p) { rotate<bf16>(p); }

// Each channel times its factor, and the residual.
struct Onto {
    const void *x, *factors, *residual;
    void *y;
    long pieces;
    int channels;
};

template <typename T> __device__ __forceinline__ void scale_onto(const Onto &p) {
    const T *x = static_cast<const T *>(p.x), *factors = static_cast<const T *>(p.factors);
    const T *residual = static_cast<const T *>(p.residual);
    T *y = static_cast<T *>(p.y);
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < p.pieces;
         i += static_cast<long>(gridDim.x) * blockDim.x) {
        const long at = i * 8;
        Eight<T> values = load_eight(x + at), by = load_eight(factors + at % p.channels), onto = load_eight(residual + at);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            values.at[j] = from_float<T>(to_float(onto.at[j]) + to_float(values.at[j]) * to_float(by.at[j]));
        }
        store_eight(y + at, values);
    }
}

extern "C" __global__ void scale_onto_f16(const __grid_constant__ Onto p) { scale_onto<f16>(p); }
extern "C" __global__ void scale_onto_bf16(const __grid_constant__ Onto p) { scale_onto<bf16>(p); }
