// Norms with statistics in single precision: group norm on pictures with their channels last, layer norm on tokens.
//
// Sums are always taken in the same order, so that the same picture comes every time.

#include "common.cuh"

struct GroupNorm {
    const void *x, *weight, *bias;
    void *y;
    // What each block found: `(batch, blocks, groups, 2)`.
    float *parts;
    // Each channel's factor and summand: `(batch, channels, 2)`; for `scale` given, for `statistics` the result.
    float *scales;
    // How many blocks of a picture are done: `(batch)`, zeros before and after.
    unsigned int *done;
    int area, channels, groups, pixels_per_block;
    float eps;
    int activation;
};

// Whole warps, of which `(channels / 8) · lines` threads each sum eight channels of every `lines`-th pixel of the
// block's. Values are counted from their group's first one, so that a mean far from 0 costs no digits.
template <typename T> __device__ __forceinline__ void statistics(const GroupNorm &p) {
    extern __shared__ float shared[];
    __shared__ bool is_last;
    const int columns = p.channels / 8, per_group = p.channels / p.groups;
    const int column = threadIdx.x % columns, line = threadIdx.x / columns, lines = blockDim.x / columns;
    const int batch = blockIdx.y, blocks = gridDim.x;
    const T *x = static_cast<const T *>(p.x) + static_cast<size_t>(batch) * p.area * p.channels;
    float base[8], sum[8] = {}, square[8] = {};
#pragma unroll
    for (int i = 0; i < 8; i++) base[i] = to_float(x[(column * 8 + i) / per_group * per_group]);
    const int first = blockIdx.x * p.pixels_per_block, end = min(first + p.pixels_per_block, p.area);
    for (int pixel = first + line; line < lines && pixel < end; pixel += lines) {
        Eight<T> values = load_eight(x + static_cast<size_t>(pixel) * p.channels + column * 8);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            float value = to_float(values.at[i]) - base[i];
            sum[i] += value;
            square[i] += value * value;
        }
    }
    float2 *both = reinterpret_cast<float2 *>(shared);
    if (line < lines) {
#pragma unroll
        for (int i = 0; i < 8; i++) both[line * p.channels + column * 8 + i] = make_float2(sum[i], square[i]);
    }
    __syncthreads();
    float2 *parts = reinterpret_cast<float2 *>(p.parts) + static_cast<size_t>(batch) * blocks * p.groups;
    for (int group = threadIdx.x; group < p.groups; group += blockDim.x) {
        float2 all = make_float2(0.0f, 0.0f);
        for (int row = 0; row < lines; row++) {
            for (int i = 0; i < per_group; i++) {
                float2 one = both[row * p.channels + group * per_group + i];
                all.x += one.x, all.y += one.y;
            }
        }
        parts[blockIdx.x * p.groups + group] = all;
    }
    // The last block of a picture puts together what all found.
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) is_last = atomicAdd(p.done + batch, 1u) == blocks - 1;
    __syncthreads();
    if (!is_last) return;
    __threadfence();
    if (threadIdx.x == 0) p.done[batch] = 0;
    // Eight lanes a group, in an order that never changes.
    const volatile float2 *found = parts;
    for (int index = threadIdx.x; index < (p.groups * 8 + 31) / 32 * 32; index += blockDim.x) {
        int group = index / 8;
        float x_sum = 0.0f, x_square = 0.0f;
        if (group < p.groups) {
            for (int block = index % 8; block < blocks; block += 8) {
                x_sum += found[block * p.groups + group].x;
                x_square += found[block * p.groups + group].y;
            }
        }
        for (int apart = 4; apart > 0; apart /= 2) {
            x_sum += __shfl_xor_sync(0xffffffffu, x_sum, apart);
            x_square += __shfl_xor_sync(0xffffffffu, x_square, apart);
        }
        if (group < p.groups && index % 8 == 0) {
            float count = static_cast<float>(p.area) * per_group;
            float mean = x_sum / count, variance = fmaxf(x_square / count - mean * mean, 0.0f);
            shared[group * 2] = mean + to_float(x[group * per_group]);
            shared[group * 2 + 1] = rsqrtf(variance + p.eps);
        }
    }
    __syncthreads();
    const T *weight = static_cast<const T *>(p.weight), *bias = static_cast<const T *>(p.bias);
    for (int channel = threadIdx.x; channel < p.channels; channel += blockDim.x) {
        int group = channel / per_group;
        float factor = to_float(weight[channel]) * shared[group * 2 + 1];
        float *to = p.scales + (static_cast<size_t>(batch) * p.channels + channel) * 2;
        to[0] = factor;
        to[1] = to_float(bias[channel]) - shared[group * 2] * factor;
    }
}

// x · factor + summand by channel, then the activation.
template <typename T> __device__ __forceinline__ void scale(const GroupNorm &p) {
    const int columns = p.channels / 8, batch = blockIdx.y;
    const long count = static_cast<long>(p.area) * columns;
    const T *x = static_cast<const T *>(p.x) + static_cast<size_t>(batch) * p.area * p.channels;
    T *y = static_cast<T *>(p.y) + static_cast<size_t>(batch) * p.area * p.channels;
    const float *scales = p.scales + static_cast<size_t>(batch) * p.channels * 2;
    for (long index = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; index < count;
         index += static_cast<long>(gridDim.x) * blockDim.x) {
        Eight<T> values = load_eight(x + index * 8);
        const float4 *by = reinterpret_cast<const float4 *>(scales + index % columns * 16);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float4 two = by[i];
            float a = to_float(values.at[2 * i]) * two.x + two.y, b = to_float(values.at[2 * i + 1]) * two.z + two.w;
            values.at[2 * i] = from_float<T>(activate(a, p.activation));
            values.at[2 * i + 1] = from_float<T>(activate(b, p.activation));
        }
        store_eight(y + index * 8, values);
    }
}

struct LayerNorm {
    const void *x, *weight, *bias;
    void *y;
    int rows, channels;
    float eps;
};

// A warp for each token, whose values stay in its registers: up to 2560 channels.
constexpr int MOST_PIECES = 10;

template <typename T> __device__ __forceinline__ void layer_norm(const LayerNorm &p) {
    const int lane = threadIdx.x % 32, row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    if (row >= p.rows) return;
    const T *x = static_cast<const T *>(p.x) + static_cast<size_t>(row) * p.channels;
    T *y = static_cast<T *>(p.y) + static_cast<size_t>(row) * p.channels;
    const T *weight = static_cast<const T *>(p.weight), *bias = static_cast<const T *>(p.bias);
    const int pieces = p.channels / 8;
    Eight<T> held[MOST_PIECES];
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < MOST_PIECES; i++) {
        int piece = i * 32 + lane;
        if (piece >= pieces) continue;
        held[i] = load_eight(x + piece * 8);
#pragma unroll
        for (int j = 0; j < 8; j++) sum += to_float(held[i].at[j]);
    }
    for (int apart = 16; apart > 0; apart /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, apart);
    const float mean = sum / p.channels;
    float square = 0.0f;
#pragma unroll
    for (int i = 0; i < MOST_PIECES; i++) {
        if (i * 32 + lane >= pieces) continue;
#pragma unroll
        for (int j = 0; j < 8; j++) {
            float value = to_float(held[i].at[j]) - mean;
            square += value * value;
        }
    }
    for (int apart = 16; apart > 0; apart /= 2) square += __shfl_xor_sync(0xffffffffu, square, apart);
    const float inverse = rsqrtf(square / p.channels + p.eps);
#pragma unroll
    for (int i = 0; i < MOST_PIECES; i++) {
        int piece = i * 32 + lane;
        if (piece >= pieces) continue;
        Eight<T> w = load_eight(weight + piece * 8), b = load_eight(bias + piece * 8);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            float value = (to_float(held[i].at[j]) - mean) * inverse * to_float(w.at[j]) + to_float(b.at[j]);
            held[i].at[j] = from_float<T>(value);
        }
        store_eight(y + piece * 8, held[i]);
    }
}

#define NORMS(T)                                                                                                       \
    extern "C" __global__ void statistics_##T(const __grid_constant__ GroupNorm p) { statistics<T>(p); }               \
    extern "C" __global__ void scale_##T(const __grid_constant__ GroupNorm p) { scale<T>(p); }                         \
    extern "C" __global__ void layer_norm_##T(const __grid_constant__ LayerNorm p) { layer_norm<T>(p); }

NORMS(f16)
NORMS(bf16)
