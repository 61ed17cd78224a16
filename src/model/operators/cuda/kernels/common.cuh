// What all kernels share: the two half formats, asynchronous copies, and the tensor cores' instructions.
//
// Written for compute capability 7.5 and newer; bfloat16 needs 8.0, where its tensor core instructions begin.

#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

typedef __half f16;
typedef __nv_bfloat16 bf16;

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define HAS_ASYNC_COPY 1
#else
#define HAS_ASYNC_COPY 0
#endif

__device__ __forceinline__ float to_float(f16 x) { return __half2float(x); }
__device__ __forceinline__ float to_float(bf16 x) { return __bfloat162float(x); }
template <typename T> __device__ __forceinline__ T from_float(float x);
template <> __device__ __forceinline__ f16 from_float<f16>(float x) { return __float2half_rn(x); }
template <> __device__ __forceinline__ bf16 from_float<bf16>(float x) { return __float2bfloat16_rn(x); }

// Two neighbours in one register, the first in the lower half.
template <typename T> __device__ __forceinline__ uint32_t pack(float low, float high);
template <> __device__ __forceinline__ uint32_t pack<f16>(float low, float high) {
    __half2 both = __floats2half2_rn(low, high);
    return *reinterpret_cast<uint32_t *>(&both);
}
template <> __device__ __forceinline__ uint32_t pack<bf16>(float low, float high) {
    __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<uint32_t *>(&both);
}

// Eight values, read and written in one go.
template <typename T> struct alignas(16) Eight {
    T at[8];
};

template <typename T> __device__ __forceinline__ Eight<T> load_eight(const T *from) {
    Eight<T> out;
    *reinterpret_cast<uint4 *>(&out) = *reinterpret_cast<const uint4 *>(from);
    return out;
}

template <typename T> __device__ __forceinline__ void store_eight(T *to, const Eight<T> &values) {
    *reinterpret_cast<uint4 *>(to) = *reinterpret_cast<const uint4 *>(&values);
}

__device__ __forceinline__ uint32_t shared_address(const void *pointer) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

// 16 bytes from global to shared memory, or zeros where there is nothing.
__device__ __forceinline__ void copy_async(void *to, const void *from, bool there) {
#if HAS_ASYNC_COPY
    int bytes = there ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(bytes));
#else
    uint4 nothing = make_uint4(0, 0, 0, 0);
    *reinterpret_cast<uint4 *>(to) = there ? *reinterpret_cast<const uint4 *>(from) : nothing;
#endif
}

__device__ __forceinline__ void end_of_group() {
#if HAS_ASYNC_COPY
    asm volatile("cp.async.commit_group;");
#endif
}

// Until all but the last `left` groups have come.
template <int left> __device__ __forceinline__ void wait_for_groups() {
#if HAS_ASYNC_COPY
    asm volatile("cp.async.wait_group %0;" ::"n"(left));
#endif
}

// Four 8×8 matrices; each lane names a row.
__device__ __forceinline__ void load_matrices(uint32_t (&to)[4], uint32_t address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address));
}

__device__ __forceinline__ void load_matrices_transposed(uint32_t (&to)[4], uint32_t address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address));
}

// (16 × 16) · (16 × 8), summed in single precision onto `sum`.
template <typename T>
__device__ __forceinline__ void multiply(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);

template <>
__device__ __forceinline__ void multiply<f16>(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if HAS_ASYNC_COPY
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(b0));
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[2]), "r"(a[3]), "r"(b1));
#endif
}

template <>
__device__ __forceinline__ void multiply<bf16>(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if HAS_ASYNC_COPY
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
    // Never launched there.
    __trap();
#endif
}

// 2 to the power of x, as fast as the card has it: off by two units in the last place.
__device__ __forceinline__ float power_of_two(float x) {
    float out;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
    return out;
}

enum Activation { NONE = 0, SILU = 1, GELU = 2, QUICK_GELU = 3 };

__device__ __forceinline__ float activate(float x, int activation) {
    if (activation == SILU) return x / (1.0f + __expf(-x));
    if (activation == GELU) return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
    if (activation == QUICK_GELU) return x / (1.0f + __expf(-1.702f * x));
    return x;
}
