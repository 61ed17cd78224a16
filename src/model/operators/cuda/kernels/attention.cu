// Exact attention in constant memory: scores live in registers, a block of keys at a time ("FlashAttention-2",
// arXiv 2307.08691). Queries, keys and values are `(batch, tokens, heads · width)`, read where they lie.

#include "attention.cuh"

constexpr int WARPS = 4;
constexpr int KEYS = 64;

// `D`: the head's width in whole steps of 16. Each warp has `M` times 16 queries.
template <typename T, int D, int M> __device__ __forceinline__ void attention(const Attention &p) {
    constexpr int QUERIES = WARPS * 16 * M, LINE = D + 8, PIECES = D / 8, THREADS = WARPS * 32;
    constexpr int NS = KEYS / 8, DS = D / 8;
    extern __shared__ uint4 memory[];
    T *queries = reinterpret_cast<T *>(memory);
    T *keys = queries + QUERIES * LINE, *values = keys + KEYS * LINE;

    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    const int first_query = blockIdx.x * QUERIES, head = blockIdx.y, batch = blockIdx.z;
    const size_t row = static_cast<size_t>(p.heads) * p.width;
    const T *q = static_cast<const T *>(p.q) + batch * p.queries * row + head * p.width;
    const T *k = static_cast<const T *>(p.k) + batch * p.keys * row + head * p.width;
    const T *v = static_cast<const T *>(p.v) + batch * p.keys * row + head * p.width;
    T *out = static_cast<T *>(p.out) + batch * p.queries * row + head * p.width;

    auto load = [&](T *to, const T *from, int first, int count, int lines) {
        for (int index = thread; index < lines * PIECES; index += THREADS) {
            int line = index / PIECES, column = index % PIECES * 8;
            bool there = first + line < count && column < p.width;
            copy_async(to + line * LINE + column, there ? from + (first + line) * row + column : from, there);
        }
    };
    load(queries, q, first_query, p.queries, QUERIES);
    load(keys, k, 0, p.keys, KEYS);
    end_of_group();

    float sums[M][DS][4] = {};
    float largest[M][2], total[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
        largest[m][0] = largest[m][1] = -INFINITY;
        total[m][0] = total[m][1] = 0.0f;
    }
    const int end = p.causal ? min(p.keys, first_query + QUERIES) : p.keys;
    for (int first = 0; first < end; first += KEYS) {
        load(values, v, first, p.keys, KEYS);
        end_of_group();
        wait_for_groups<1>();
        __syncthreads();
        float scores[M][NS][4] = {};
#pragma unroll
        for (int d = 0; d < D / 16; d++) {
            uint32_t left[M][4];
#pragma unroll
            for (int m = 0; m < M; m++) {
                int line = (warp * M + m) * 16 + lane % 16;
                load_matrices(left[m], shared_address(queries + line * LINE + d * 16 + lane / 16 * 8));
            }
#pragma unroll
            for (int n = 0; n < NS / 2; n++) {
                uint32_t right[4];
                int line = n * 16 + lane % 8 + lane / 16 * 8;
                load_matrices(right, shared_address(keys + line * LINE + d * 16 + lane / 8 % 2 * 8));
#pragma unroll
                for (int m = 0; m < M; m++) {
                    multiply<T>(scores[m][2 * n], left[m], right[0], right[1]);
                    multiply<T>(scores[m][2 * n + 1], left[m], right[2], right[3]);
                }
            }
        }
        __syncthreads();
        if (first + KEYS < end) load(keys, k, first + KEYS, p.keys, KEYS);
        end_of_group();

#pragma unroll
        for (int m = 0; m < M; m++) {
            if (first + KEYS > p.keys || p.causal) {
#pragma unroll
                for (int n = 0; n < NS; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        int key = first + n * 8 + lane % 4 * 2 + i % 2;
                        int query = first_query + (warp * M + m) * 16 + lane / 4 + i / 2 * 8;
                        if (key >= p.keys || (p.causal && key > query)) scores[m][n][i] = -INFINITY;
                    }
                }
            }
#pragma unroll
            for (int half = 0; half < 2; half++) {
                float now = largest[m][half];
#pragma unroll
                for (int n = 0; n < NS; n++) {
                    now = fmaxf(now, fmaxf(scores[m][n][half * 2], scores[m][n][half * 2 + 1]));
                }
                now = fmaxf(now, __shfl_xor_sync(0xffffffffu, now, 1));
                now = fmaxf(now, __shfl_xor_sync(0xffffffffu, now, 2));
                float before = power_of_two((largest[m][half] - now) * p.scale), offset = now * p.scale;
                largest[m][half] = now;
                float sum = 0.0f;
#pragma unroll
                for (int n = 0; n < NS; n++) {
#pragma unroll
                    for (int i = half * 2; i < half * 2 + 2; i++) {
                        scores[m][n][i] = power_of_two(scores[m][n][i] * p.scale - offset);
                        sum += scores[m][n][i];
                    }
                }
                total[m][half] = total[m][half] * before + sum;
#pragma unroll
                for (int d = 0; d < DS; d++) {
                    sums[m][d][half * 2] *= before;
                    sums[m][d][half * 2 + 1] *= before;
                }
            }
        }
        wait_for_groups<1>();
        __syncthreads();
#pragma unroll
        for (int n = 0; n < KEYS / 16; n++) {
            uint32_t left[M][4];
#pragma unroll
            for (int m = 0; m < M; m++) {
                left[m][0] = pack<T>(scores[m][2 * n][0], scores[m][2 * n][1]);
                left[m][1] = pack<T>(scores[m][2 * n][2], scores[m][2 * n][3]);
                left[m][2] = pack<T>(scores[m][2 * n + 1][0], scores[m][2 * n + 1][1]);
                left[m][3] = pack<T>(scores[m][2 * n + 1][2], scores[m][2 * n + 1][3]);
            }
#pragma unroll
            for (int d = 0; d < D / 16; d++) {
                uint32_t right[4];
                int line = n * 16 + lane % 16;
                load_matrices_transposed(right, shared_address(values + line * LINE + d * 16 + lane / 16 * 8));
#pragma unroll
                for (int m = 0; m < M; m++) {
                    multiply<T>(sums[m][2 * d], left[m], right[0], right[1]);
                    multiply<T>(sums[m][2 * d + 1], left[m], right[2], right[3]);
                }
            }
        }
        // The values' place is filled anew.
        __syncthreads();
    }
    wait_for_groups<0>();

    // Each warp writes into the place of its own queries.
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float all = total[m][half];
            all += __shfl_xor_sync(0xffffffffu, all, 1);
            all += __shfl_xor_sync(0xffffffffu, all, 2);
            float share = 1.0f / all;
            int line = (warp * M + m) * 16 + lane / 4 + half * 8;
#pragma unroll
            for (int d = 0; d < DS; d++) {
                uint32_t both = pack<T>(sums[m][d][half * 2] * share, sums[m][d][half * 2 + 1] * share);
                *reinterpret_cast<uint32_t *>(queries + line * LINE + d * 8 + lane % 4 * 2) = both;
            }
        }
    }
    __syncwarp();
    for (int index = lane; index < M * 16 * PIECES; index += 32) {
        int line = warp * M * 16 + index / PIECES, column = index % PIECES * 8;
        if (first_query + line < p.queries && column < p.width) {
            store_eight(out + (first_query + line) * row + column, load_eight(queries + line * LINE + column));
        }
    }
}

#define ATTENTION(T, D, M)                                                                                             \
    extern "C" __global__ void __launch_bounds__(WARPS * 32) attention_##D##_##T(const __grid_constant__ Attention p) { \
        attention<T, D, M>(p);                                                                                         \
    }
#define ATTENTIONS(T)                                                                                                  \
    ATTENTION(T, 16, 2)                                                                                                \
    ATTENTION(T, 32, 2)                                                                                                \
    ATTENTION(T, 48, 2)                                                                                                \
    ATTENTION(T, 64, 2)                                                                                                \
    ATTENTION(T, 80, 1)                                                                                                \
    ATTENTION(T, 96, 1)                                                                                                \
    ATTENTION(T, 128, 1)                                                                                               \
    ATTENTION(T, 160, 1)

ATTENTIONS(f16)
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
ATTENTIONS(bf16)
#endif
// Softmax of a row of scores in single precision, for heads too wide for the above.
struct Softmax {
    const float *scores;
    void *out;
    int columns;
    float scale;
};

template <typename T> __device__ __forceinline__ void softmax(const Softmax &p) {
    __shared__ float parts[32];
    const float *row = p.scores + static_cast<size_t>(blockIdx.x) * p.columns;
    T *out = static_cast<T *>(p.out) + static_cast<size_t>(blockIdx.x) * p.columns;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    float largest = -INFINITY;
    for (int i = threadIdx.x; i < p.columns; i += blockDim.x) largest = fmaxf(largest, row[i]);
    for (int apart = 16; apart > 0; apart /= 2) {
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, apart));
    }
    if (lane == 0) parts[warp] = largest;
    __syncthreads();
    for (int i = 0; i < warps; i++) largest = fmaxf(largest, parts[i]);
    __syncthreads();
    float sum = 0.0f;
    for (int i = threadIdx.x; i < p.columns; i += blockDim.x) sum += power_of_two((row[i] - largest) * p.scale);
    for (int apart = 16; apart > 0; apart /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, apart);
    if (lane == 0) parts[warp] = sum;
    __syncthreads();
    sum = 0.0f;
    for (int i = 0; i < warps; i++) sum += parts[i];
    float share = 1.0f / sum;
    for (int i = threadIdx.x; i < p.columns; i += blockDim.x) {
        out[i] = from_float<T>(power_of_two((row[i] - largest) * p.scale) * share);
    }
}

extern "C" __global__ void softmax_f16(const __grid_constant__ Softmax p) { softmax<f16>(p); }
extern "C" __global__ void softmax_bf16(const __grid_constant__ Softmax p) { softmax<bf16>(p); }
