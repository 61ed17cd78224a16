// Convolutions and linear layers as one product on tensor cores, for every card.
//
// What follows a product is done before it is written: bias, what is added to each picture, activation, gate, residual.

#include "product.cuh"

// A block makes BM × BN of the answer, each warp WM × WN of it, BK of the inner length in a step.
template <typename T, int BM, int BN, int BK, int WM, int WN, int STAGES, bool aligned>
__device__ __forceinline__ void product(const Product &p) {
    constexpr int WARPS_N = BN / WN, THREADS = BM / WM * WARPS_N * 32, MS = WM / 16, NS = WN / 8;
    constexpr int STAGE = (BM + BN) * BK;
    extern __shared__ uint4 memory[];
    T *stages = reinterpret_cast<T *>(memory);

    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    const int columns = p.gated ? p.outputs / 2 : p.outputs, gate_columns = p.gated ? BN / 2 : BN;
    // One after the other: a picture has more rows of tiles than a grid has in its second side.
    const int across = (columns + gate_columns - 1) / gate_columns;
    const int first_row = blockIdx.x / across * BM, first_column = blockIdx.x % across * gate_columns;
    const int first_step = blockIdx.z * p.steps_per_split;
    const int steps = min(p.steps_per_split, (p.inner + BK - 1) / BK - first_step);
    using Loading = Loader<T, BM, BN, BK, THREADS, aligned>;
    Loading loader(p, first_row, first_column, first_step);
    auto load = [&](int stage) { loader.load(stages + stage * STAGE, stages + stage * STAGE + BM * BK); };

    float sums[MS][NS][4] = {};
    const int warp_row = warp / WARPS_N * WM, warp_column = warp % WARPS_N * WN;
    for (int stage = 0; stage < STAGES - 1; stage++) {
        if (stage < steps) load(stage);
        end_of_group();
    }
    for (int step = 0; step < steps; step++) {
        wait_for_groups<STAGES - 2>();
        __syncthreads();
        if (step + STAGES - 1 < steps) load((step + STAGES - 1) % STAGES);
        end_of_group();
        const T *a = stages + step % STAGES * STAGE, *b = a + BM * BK;
#pragma unroll
        for (int k = 0; k < BK / 16; k++) {
            uint32_t left[MS][4], right[NS / 2][4];
#pragma unroll
            for (int m = 0; m < MS; m++) {
                int row = warp_row + m * 16 + lane % 16;
                load_matrices(left[m], shared_address(a + Loading::place(row, k * 2 + lane / 16)));
            }
#pragma unroll
            for (int n = 0; n < NS / 2; n++) {
                int row = warp_column + n * 16 + lane % 8 + lane / 16 * 8;
                load_matrices(right[n], shared_address(b + Loading::place(row, k * 2 + lane / 8 % 2)));
            }
#pragma unroll
            for (int m = 0; m < MS; m++) {
#pragma unroll
                for (int n = 0; n < NS; n++) {
                    multiply<T>(sums[m][n], left[m], right[n / 2][n % 2 * 2], right[n / 2][n % 2 * 2 + 1]);
                }
            }
        }
    }
    wait_for_groups<0>();
    __syncthreads();

    // 16 rows of each warp at a time through shared memory, so that whole rows are written.
    constexpr int LINE = BN + 4, LINES = BM / WM * 16;
    float *lines = reinterpret_cast<float *>(memory);
#pragma unroll
    for (int m = 0; m < MS; m++) {
#pragma unroll
        for (int n = 0; n < NS; n++) {
            int line = warp / WARPS_N * 16 + lane / 4, column = warp_column + n * 8 + lane % 4 * 2;
            lines[line * LINE + column] = sums[m][n][0];
            lines[line * LINE + column + 1] = sums[m][n][1];
            lines[(line + 8) * LINE + column] = sums[m][n][2];
            lines[(line + 8) * LINE + column + 1] = sums[m][n][3];
        }
        __syncthreads();
        const int pieces = gate_columns / 8;
        for (int index = thread; index < LINES * pieces; index += THREADS) {
            int line = index / pieces, column = index % pieces * 8;
            int row = first_row + line / 16 * WM + m * 16 + line % 16;
            if (row >= p.rows || first_column + column >= columns) continue;
            float v[8];
            *reinterpret_cast<float4 *>(v) = *reinterpret_cast<float4 *>(lines + line * LINE + column);
            *reinterpret_cast<float4 *>(v + 4) = *reinterpret_cast<float4 *>(lines + line * LINE + column + 4);
            write<T>(p, v, lines + line * LINE + gate_columns + column, row, first_column + column);
        }
        __syncthreads();
    }
}

// The sums of all splits, and what follows.
template <typename T> __device__ __forceinline__ void join(const Product &p) {
    int pieces = (p.outputs + 7) / 8;
    long index = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (index >= static_cast<long>(p.rows) * pieces) return;
    int row = index / pieces, column = index % pieces * 8;
    float v[8] = {};
    for (int split = 0; split < p.splits; split++) {
        const float *from = p.sums + (static_cast<size_t>(split) * p.rows + row) * p.outputs + column;
        if (p.outputs % 8 == 0) {
            float4 low = *reinterpret_cast<const float4 *>(from), high = *reinterpret_cast<const float4 *>(from + 4);
            v[0] += low.x, v[1] += low.y, v[2] += low.z, v[3] += low.w;
            v[4] += high.x, v[5] += high.y, v[6] += high.z, v[7] += high.w;
        } else {
            for (int i = 0; i < 8 && column + i < p.outputs; i++) v[i] += from[i];
        }
    }
    finish<T>(p, v, row, column, p.outputs);
}

#define PRODUCT(name, T, BM, BN, BK, WM, WN, STAGES, BLOCKS)                                                           \
    extern "C" __global__ void __launch_bounds__(BM / WM *(BN / WN) * 32, BLOCKS)                                      \
        name(const __grid_constant__ Product p) {                                                                      \
        product<T, BM, BN, BK, WM, WN, STAGES, true>(p);                                                               \
    }

// 64 KB of shared memory: as much as every card has.
#define PRODUCTS(T)                                                                                                    \
    PRODUCT(product_128x128_##T, T, 128, 128, 32, 64, 64, 4, 2)                                                        \
    PRODUCT(product_64x64_##T, T, 64, 64, 64, 32, 32, 4, 3)                                                            \
    extern "C" __global__ void __launch_bounds__(128) product_any_##T(const __grid_constant__ Product p) {             \
        product<T, 64, 64, 32, 32, 32, 2, false>(p);                                                                   \
    }                                                                                                                  \
    extern "C" __global__ void join_##T(const __grid_constant__ Product p) { join<T>(p); }

PRODUCTS(f16)
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
PRODUCTS(bf16)
#endif
