// Hopper's own tensor core instructions: a group of four warps multiplies what lies in shared memory, while it goes on.

#pragma once
#include "common.cuh"

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HOPPER 1
#else
#define HOPPER 0
#endif

__device__ __forceinline__ void group_begins() {
#if HOPPER
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}

__device__ __forceinline__ void group_ends() {
#if HOPPER
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}

// Until all but the last `left` groups are summed.
template <int left> __device__ __forceinline__ void wait_for_sums() {
#if HOPPER
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(left) : "memory");
#endif
}

// What threads wrote into shared memory is seen by the tensor cores.
__device__ __forceinline__ void show_to_tensor_cores() {
#if HOPPER
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

// Rows of 128 bytes whose pieces of 16 change places by row: eight rows are 1024 bytes.
__device__ __forceinline__ uint64_t described(uint32_t address) {
    return static_cast<uint64_t>((address & 0x3ffff) >> 4) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

#define R4(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define R16(d, i) R4(d, i), R4(d, i + 4), R4(d, i + 8), R4(d, i + 12)
#define R64(d, i) R16(d, i), R16(d, i + 16), R16(d, i + 32), R16(d, i + 48)

// (64 × 16) · (16 × N), summed onto a group of four warps' `d`.
template <typename T, int N> struct Group;

template <> struct Group<f16, 64> {
    static __device__ __forceinline__ void multiply(float (&d)[32], uint64_t a, uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31 "
                     "}, %32, %33, 1, 1, 1, 0, 0;"
                     : R16(d, 0), R16(d, 16)
                     : "l"(a), "l"(b));
#endif
    }
};

template <> struct Group<f16, 128> {
    static __device__ __forceinline__ void multiply(float (&d)[64], uint64_t a, uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                     "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                     "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63 "
                     "}, %64, %65, 1, 1, 1, 0, 0;"
                     : R64(d, 0)
                     : "l"(a), "l"(b));
#endif
    }
};

template <> struct Group<f16, 160> {
    static __device__ __forceinline__ void multiply(float (&d)[80], uint64_t a, uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n160k16.f32.f16.f16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                     "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                     "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
                     "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79 "
                     "}, %80, %81, 1, 1, 1, 0, 0;"
                     : R64(d, 0), R16(d, 64)
                     : "l"(a), "l"(b));
#endif
    }
};

template <> struct Group<f16, 256> {
    static __device__ __forceinline__ void multiply(float (&d)[128], uint64_t a, uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                     "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                     "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
                     "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
                     "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
                     "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
                     "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127 "
                     "}, %128, %129, 1, 1, 1, 0, 0;"
                     : R64(d, 0), R64(d, 64)
                     : "l"(a), "l"(b));
#endif
    }
};

template <> struct Group<bf16, 64> {
    static __device__ __forceinline__ void multiply(float (&d)[32], uint64_t a, uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31 "
                     "}, %32, %33, 1, 1, 1, 0, 0;"
                     : R16(d, 0), R16(d, 16)
                     : "l"(a), "l"(b));
#endif
    }
};

template <> struct Group<bf16, 128> {
    static __device__ __forceinline__ void multiply(float (&d)[64], uint64_t a, uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                     "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                     "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63 "
                     "}, %64, %65, 1, 1, 1, 0, 0;"
                     : R64(d, 0)
                     : "l"(a), "l"(b));
#endif
    }
};

template <> struct Group<bf16, 160> {
    static __device__ __forceinline__ void multiply(float (&d)[80], uint64_t a, uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n160k16.f32.bf16.bf16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                     "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                     "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
                     "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79 "
                     "}, %80, %81, 1, 1, 1, 0, 0;"
                     : R64(d, 0), R16(d, 64)
                     : "l"(a), "l"(b));
#endif
    }
};

template <> struct Group<bf16, 256> {
    static __device__ __forceinline__ void multiply(float (&d)[128], uint64_t a, uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                     "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                     "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
                     "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
                     "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
                     "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
                     "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127 "
                     "}, %128, %129, 1, 1, 1, 0, 0;"
                     : R64(d, 0), R64(d, 64)
                     : "l"(a), "l"(b));
#endif
    }
};

// The same with the left side in registers, and the right side's rows along the inner length: values under their weights.
template <typename T, int N> struct Weighed;

template <> struct Weighed<f16, 16> {
    static __device__ __forceinline__ void multiply(float *d, const uint32_t (&a)[4], uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7 "
                     "}, {%8, %9, %10, %11}, %12, 1, 1, 1, 1;"
                     : R4(d, 0), R4(d, 4)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
    }
};

template <> struct Weighed<f16, 32> {
    static __device__ __forceinline__ void multiply(float *d, const uint32_t (&a)[4], uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n32k16.f32.f16.f16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15 "
                     "}, {%16, %17, %18, %19}, %20, 1, 1, 1, 1;"
                     : R16(d, 0)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
    }
};

template <> struct Weighed<f16, 48> {
    static __device__ __forceinline__ void multiply(float *d, const uint32_t (&a)[4], uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n48k16.f32.f16.f16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23 "
                     "}, {%24, %25, %26, %27}, %28, 1, 1, 1, 1;"
                     : R16(d, 0), R4(d, 16), R4(d, 20)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
    }
};

template <> struct Weighed<f16, 64> {
    static __device__ __forceinline__ void multiply(float *d, const uint32_t (&a)[4], uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31 "
                     "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
                     : R16(d, 0), R16(d, 16)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
    }
};

template <> struct Weighed<bf16, 16> {
    static __device__ __forceinline__ void multiply(float *d, const uint32_t (&a)[4], uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7 "
                     "}, {%8, %9, %10, %11}, %12, 1, 1, 1, 1;"
                     : R4(d, 0), R4(d, 4)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
    }
};

template <> struct Weighed<bf16, 32> {
    static __device__ __forceinline__ void multiply(float *d, const uint32_t (&a)[4], uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15 "
                     "}, {%16, %17, %18, %19}, %20, 1, 1, 1, 1;"
                     : R16(d, 0)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
    }
};

template <> struct Weighed<bf16, 48> {
    static __device__ __forceinline__ void multiply(float *d, const uint32_t (&a)[4], uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n48k16.f32.bf16.bf16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23 "
                     "}, {%24, %25, %26, %27}, %28, 1, 1, 1, 1;"
                     : R16(d, 0), R4(d, 16), R4(d, 20)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
    }
};

template <> struct Weighed<bf16, 64> {
    static __device__ __forceinline__ void multiply(float *d, const uint32_t (&a)[4], uint64_t b) {
#if HOPPER
        asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
                     "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31 "
                     "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
                     : R16(d, 0), R16(d, 16)
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
    }
};
