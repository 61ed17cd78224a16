// Products on Hopper's own tensor core instructions, which read both sides from shared memory and are more than twice as
// fast there as those that every card has.

#include "hopper.cuh"
#include "product.cuh"

// Two groups of four warps make 128 rows of the answer and `BN` of its columns.
template <typename T, int BN, int STAGES> __device__ __forceinline__ void product(const Product &p) {
    constexpr int BM = 128, BK = 64, THREADS = 256, STAGE = (BM + BN) * BK;
    extern __shared__ __align__(1024) uint4 memory[];
    T *stages = reinterpret_cast<T *>(memory);
    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    // One after the other: a picture has more rows of tiles than a grid has in its second side.
    const int across = (p.outputs + BN - 1) / BN;
    const int first_row = blockIdx.x / across * BM, first_column = blockIdx.x % across * BN;
    const int first_step = blockIdx.z * p.steps_per_split;
    const int steps = min(p.steps_per_split, (p.inner + BK - 1) / BK - first_step);
    Loader<T, BM, BN, BK, THREADS, true> loader(p, first_row, first_column, first_step);
    auto load = [&](int stage) { loader.load(stages + stage * STAGE, stages + stage * STAGE + BM * BK); };

    float sums[BN / 2] = {};
    for (int stage = 0; stage < STAGES - 1; stage++) {
        if (stage < steps) load(stage);
        end_of_group();
    }
    for (int step = 0; step < steps; step++) {
        wait_for_groups<STAGES - 2>();
        show_to_tensor_cores();
        __syncthreads();
        const T *a = stages + step % STAGES * STAGE + thread / 128 * 64 * BK, *b = stages + step % STAGES * STAGE + BM * BK;
        const uint64_t left = described(shared_address(a)), right = described(shared_address(b));
        group_begins();
#pragma unroll
        for (int k = 0; k < BK / 16; k++) Group<T, BN>::multiply(sums, left + k * 2, right + k * 2);
        group_ends();
        // Meanwhile the next step comes, into the place of the one before, which every warp is done with.
        if (step + STAGES - 1 < steps) load((step + STAGES - 1) % STAGES);
        end_of_group();
        wait_for_sums<0>();
    }
    wait_for_groups<0>();
    __syncthreads();

    constexpr int LINE = BN + 4;
    static_assert(BM * LINE * 4 <= STAGES * STAGE * 2, "the sums find room where the sides were");
    float *lines = reinterpret_cast<float *>(memory);
#pragma unroll
    for (int n = 0; n < BN / 8; n++) {
        int line = warp * 16 + lane / 4, column = n * 8 + lane % 4 * 2;
        *reinterpret_cast<float2 *>(lines + line * LINE + column) = make_float2(sums[n * 4], sums[n * 4 + 1]);
        *reinterpret_cast<float2 *>(lines + (line + 8) * LINE + column) = make_float2(sums[n * 4 + 2], sums[n * 4 + 3]);
    }
    __syncthreads();
    constexpr int PIECES = BN / 8;
    for (int index = thread; index < BM * PIECES; index += THREADS) {
        int line = index / PIECES, column = index % PIECES * 8, row = first_row + line;
        if (row >= p.rows || first_column + column >= p.outputs) continue;
        float v[8];
        *reinterpret_cast<float4 *>(v) = *reinterpret_cast<float4 *>(lines + line * LINE + column);
        *reinterpret_cast<float4 *>(v + 4) = *reinterpret_cast<float4 *>(lines + line * LINE + column + 4);
        write<T>(p, v, nullptr, row, first_column + column);
    }
}

#define PRODUCT(T, BN, STAGES, BLOCKS)                                                                                 \
    extern "C" __global__ void __launch_bounds__(256, BLOCKS) hopper_##BN##_##T(const __grid_constant__ Product p) {   \
        product<T, BN, STAGES>(p);                                                                                     \
    }
#define PRODUCTS(T)                                                                                                    \
    PRODUCT(T, 64, 4, 2)                                                                                               \
    PRODUCT(T, 128, 3, 2)                                                                                              \
    PRODUCT(T, 160, 3, 2)                                                                                              \
    PRODUCT(T, 256, 4, 1)

PRODUCTS(f16)
PRODUCTS(bf16)
