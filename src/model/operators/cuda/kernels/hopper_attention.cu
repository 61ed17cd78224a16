// Attention as in `attention.cu`, on Hopper's own instructions: two groups of four warps have 64 queries each.

#include "attention.cuh"
#include "hopper.cuh"

constexpr int KEYS = 64, QUERIES = 128, THREADS = 256;

// Where a piece of eight values lies in a block of 64 columns: 128 bytes a row, as the tensor cores want them.
__device__ __forceinline__ int place(int line, int piece) { return line * 64 + (piece ^ (line & 7)) * 8; }

// `STEPS`: the head's width in whole steps of 16.
template <typename T, int STEPS> __device__ __forceinline__ void attention(const Attention &p) {
    // Columns lie in blocks of 64.
    constexpr int BLOCKS = (STEPS + 3) / 4, LAST = (STEPS - (BLOCKS - 1) * 4) * 16, NS = KEYS / 8;
    extern __shared__ __align__(1024) uint4 memory[];
    T *queries = reinterpret_cast<T *>(memory);
    T *keys = queries + BLOCKS * QUERIES * 64, *values = keys + 2 * BLOCKS * KEYS * 64;

    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32, group = thread / 128;
    const int first_query = blockIdx.x * QUERIES, head = blockIdx.y, batch = blockIdx.z;
    const size_t row = static_cast<size_t>(p.heads) * p.width;
    const T *q = static_cast<const T *>(p.q) + batch * p.queries * row + head * p.width;
    const T *k = static_cast<const T *>(p.k) + batch * p.keys * row + head * p.width;
    const T *v = static_cast<const T *>(p.v) + batch * p.keys * row + head * p.width;
    T *out = static_cast<T *>(p.out) + batch * p.queries * row + head * p.width;

    auto load = [&](T *to, const T *from, int first, int count, int lines) {
        constexpr int PIECES = STEPS * 2;
        for (int index = thread; index < lines * PIECES; index += THREADS) {
            int line = index / PIECES, piece = index % PIECES;
            bool there = first + line < count && piece * 8 < p.width;
            const T *source = there ? from + (first + line) * row + piece * 8 : from;
            copy_async(to + piece / 8 * lines * 64 + place(line, piece % 8), source, there);
        }
    };
    auto load_keys = [&](int stage, int first) {
        load(keys + stage * BLOCKS * KEYS * 64, k, first, p.keys, KEYS);
        load(values + stage * BLOCKS * KEYS * 64, v, first, p.keys, KEYS);
        end_of_group();
    };
    load(queries, q, first_query, p.queries, QUERIES);
    load_keys(0, 0);

    float sums[STEPS * 8] = {};
    float largest[2] = {-INFINITY, -INFINITY}, total[2] = {};
    const int end = p.causal ? min(p.keys, first_query + QUERIES) : p.keys;
    for (int first = 0, stage = 0; first < end; first += KEYS, stage ^= 1) {
        wait_for_groups<0>();
        show_to_tensor_cores();
        __syncthreads();
        // Every warp is done with what came before these.
        if (first + KEYS < end) load_keys(stage ^ 1, first + KEYS);

        float scores[NS * 4] = {};
        const uint64_t left = described(shared_address(queries + group * 64 * 64));
        const uint64_t right = described(shared_address(keys + stage * BLOCKS * KEYS * 64));
        group_begins();
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
            // In units of 16 bytes.
            int a = step / 4 * (QUERIES * 128 / 16) + step % 4 * 2, b = step / 4 * (KEYS * 128 / 16) + step % 4 * 2;
            Group<T, KEYS>::multiply(scores, left + a, right + b);
        }
        group_ends();
        wait_for_sums<0>();

        if (first + KEYS > p.keys || p.causal) {
#pragma unroll
            for (int i = 0; i < NS * 4; i++) {
                int key = first + i / 4 * 8 + lane % 4 * 2 + i % 2;
                int query = first_query + warp * 16 + lane / 4 + i % 4 / 2 * 8;
                if (key >= p.keys || (p.causal && key > query)) scores[i] = -INFINITY;
            }
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float now = largest[half];
#pragma unroll
            for (int n = 0; n < NS; n++) {
                now = fmaxf(now, fmaxf(scores[n * 4 + half * 2], scores[n * 4 + half * 2 + 1]));
            }
            now = fmaxf(now, __shfl_xor_sync(0xffffffffu, now, 1));
            now = fmaxf(now, __shfl_xor_sync(0xffffffffu, now, 2));
            float before = power_of_two((largest[half] - now) * p.scale), offset = now * p.scale;
            largest[half] = now;
            float sum = 0.0f;
#pragma unroll
            for (int n = 0; n < NS; n++) {
#pragma unroll
                for (int i = n * 4 + half * 2; i < n * 4 + half * 2 + 2; i++) {
                    scores[i] = power_of_two(scores[i] * p.scale - offset);
                    sum += scores[i];
                }
            }
            total[half] = total[half] * before + sum;
#pragma unroll
            for (int n = 0; n < STEPS * 2; n++) {
                sums[n * 4 + half * 2] *= before;
                sums[n * 4 + half * 2 + 1] *= before;
            }
        }
        uint32_t weights[KEYS / 16][4];
#pragma unroll
        for (int i = 0; i < KEYS / 16 * 4; i++) weights[i / 4][i % 4] = pack<T>(scores[i * 2], scores[i * 2 + 1]);
        const uint64_t below = described(shared_address(values + stage * BLOCKS * KEYS * 64));
        group_begins();
#pragma unroll
        for (int n = 0; n < KEYS / 16; n++) {
#pragma unroll
            for (int block = 0; block < BLOCKS; block++) {
                // 16 keys are two times eight rows.
                uint64_t at = below + block * (KEYS * 128 / 16) + n * (16 * 128 / 16);
                if (block + 1 < BLOCKS) {
                    Weighed<T, 64>::multiply(sums + block * 32, weights[n], at);
                } else {
                    Weighed<T, LAST>::multiply(sums + block * 32, weights[n], at);
                }
            }
        }
        group_ends();
        wait_for_sums<0>();
    }
    __syncthreads();

    // Each warp writes into the place of its own queries.
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float all = total[half];
        all += __shfl_xor_sync(0xffffffffu, all, 1);
        all += __shfl_xor_sync(0xffffffffu, all, 2);
        float share = 1.0f / all;
        int line = warp * 16 + lane / 4 + half * 8;
#pragma unroll
        for (int n = 0; n < STEPS * 2; n++) {
            uint32_t both = pack<T>(sums[n * 4 + half * 2] * share, sums[n * 4 + half * 2 + 1] * share);
            T *to = queries + n / 8 * QUERIES * 64 + place(line, n % 8) + lane % 4 * 2;
            *reinterpret_cast<uint32_t *>(to) = both;
        }
    }
    __syncwarp();
    const int pieces = p.width / 8;
    for (int index = lane; index < 16 * pieces; index += 32) {
        int line = warp * 16 + index / pieces, piece = index % pieces;
        if (first_query + line < p.queries) {
            const T *from = queries + piece / 8 * QUERIES * 64 + place(line, piece % 8);
            store_eight(out + (first_query + line) * row + piece * 8, load_eight(from));
        }
    }
}

#define ATTENTION(T, STEPS, WIDTH, BLOCKS)                                                                             \
    extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)                                                      \
        hopper_attention_##WIDTH##_##T(const __grid_constant__ Attention p) {                                          \
        attention<T, STEPS>(p);                                                                                        \
    }
#define ATTENTIONS(T)                                                                                                  \
    ATTENTION(T, 3, 48, 2)                                                                                             \
    ATTENTION(T, 4, 64, 2)                                                                                             \
    ATTENTION(T, 5, 80, 2)                                                                                             \
    ATTENTION(T, 6, 96, 1)                                                                                             \
    ATTENTION(T, 8, 128, 1)                                                                                            \
    ATTENTION(T, 10, 160, 1)

ATTENTIONS(f16)
ATTENTIONS(bf16)
