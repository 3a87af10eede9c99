// Types, conversions, vectors and reductions that kernels share. Knows no operator.
//
// A kernel stores float32, bfloat16 or float16 and computes in float. Whole numbers are long long, as the caller gives
// them. No header of CUDA is needed: conversions are single instructions. Where __CUDA_ARCH__ is not defined the text is
// compiled for the host, which the tests do.
#pragma once

typedef float float32;
typedef double float64;
typedef signed char int8;
typedef short int16;
typedef int int32;
typedef long long int64;
typedef unsigned char uint8;
typedef unsigned short uint16;
typedef unsigned int uint32;
typedef unsigned long long uint64;
struct bfloat16 { unsigned short bits; };
struct float16 { unsigned short bits; };

#define INFINITE __uint_as_float(0x7f800000u)
#define NOT_A_NUMBER __uint_as_float(0x7fc00000u)
#define GLOBAL_THREAD ((int64)blockIdx.x * blockDim.x + threadIdx.x)
#define GLOBAL_THREADS ((int64)gridDim.x * blockDim.x)
#define WARP 32
#define ALL_LANES 0xffffffffu

template <typename T> __device__ inline float widen(T x) { return (float)x; }
__device__ inline float widen(bfloat16 x) { return __uint_as_float((uint32)x.bits << 16); }
__device__ inline float widen(float16 x) {
#ifdef __CUDA_ARCH__
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
#else
    return host_widen_half(x.bits);
#endif
}

// Rounds to the nearest, ties to even, and writes.
template <typename T> __device__ inline void put(T* p, float x) { *p = (T)x; }
__device__ inline void put(bfloat16* p, float x) {
#ifdef __CUDA_ARCH__
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(p->bits) : "f"(x));
#else
    uint32 b = __float_as_uint(x);
    p->bits = x != x ? 0x7fc0 : (unsigned short)((b + 0x7fffu + ((b >> 16) & 1u)) >> 16);
#endif
}
__device__ inline void put(float16* p, float x) {
#ifdef __CUDA_ARCH__
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(p->bits) : "f"(x));
#else
    p->bits = host_narrow_half(x);
#endif
}

// A float as T holds it: what is summed must be what is stored.
template <typename T> __device__ inline float rounded(float x) {
    T stored;
    put(&stored, x);
    return widen(stored);
}

// An element of one type as another; of its own type, and between whole numbers, exactly.
template <typename T, typename S> struct Cast {
    __device__ static T of(S x) { T y; put(&y, widen(x)); return y; }
};
template <typename T> struct Cast<T, T> {
    __device__ static T of(T x) { return x; }
};
#define EXACT_CAST(T, S) template <> struct Cast<T, S> { __device__ static T of(S x) { return (T)x; } };
#define EXACT_CASTS(T) EXACT_CAST(T, int8) EXACT_CAST(T, int16) EXACT_CAST(T, uint8) EXACT_CAST(T, uint16)
EXACT_CASTS(int32) EXACT_CAST(int32, int64) EXACT_CAST(int32, uint32) EXACT_CAST(int32, uint64)
EXACT_CASTS(int64) EXACT_CAST(int64, int32) EXACT_CAST(int64, uint32) EXACT_CAST(int64, uint64)
EXACT_CASTS(uint32) EXACT_CAST(uint32, int32) EXACT_CAST(uint32, int64) EXACT_CAST(uint32, uint64)
EXACT_CASTS(float64) EXACT_CAST(float64, float32) EXACT_CAST(float64, int32) EXACT_CAST(float64, int64)
EXACT_CAST(int64, float64) EXACT_CAST(int32, float64) EXACT_CAST(bool, int64) EXACT_CAST(bool, float64)

// N elements that are loaded and stored at once; the address must be a multiple of their size.
template <typename T, int N> struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack { T at[N]; };

template <typename T, int N> __device__ inline void load(const T* p, float* x) {
    Pack<T, N> pack = *reinterpret_cast<const Pack<T, N>*>(p);
#pragma unroll
    for (int k = 0; k < N; ++k) x[k] = widen(pack.at[k]);
}
template <typename T, int N> __device__ inline void store(T* p, const float* x) {
    Pack<T, N> pack;
#pragma unroll
    for (int k = 0; k < N; ++k) put(&pack.at[k], x[k]);
    *reinterpret_cast<Pack<T, N>*>(p) = pack;
}

// log(exp(a) + exp(b)) without overflow.
__device__ inline float log_add_exp(float a, float b) {
    float high = a > b || a != a ? a : b, low = a > b ? b : a;
    return high == low ? high + 0.69314718055994531f : high + log1pf(expf(low - high));
}

// Reductions in a fixed order: the same bits every time.
struct Sum { __device__ static float of(float a, float b) { return a + b; } };
struct Product { __device__ static float of(float a, float b) { return a * b; } };
struct Max { __device__ static float of(float a, float b) { return a > b || a != a ? a : b; } };
struct Min { __device__ static float of(float a, float b) { return a < b || a != a ? a : b; } };

template <typename F> __device__ inline float reduce_warp(float x) {
#pragma unroll
    for (int k = WARP / 2; k > 0; k /= 2) x = F::of(x, __shfl_xor_sync(ALL_LANES, x, k));
    return x;
}

// Over all threads of a block, which must be whole warps and at most 1024; every thread gets the result.
template <typename F> __device__ inline float reduce_block(float x, float neutral) {
    __shared__ float part[WARP];
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    x = reduce_warp<F>(x);
    __syncthreads();  // an earlier reduction may still be read
    if (lane == 0) part[warp] = x;
    __syncthreads();
    x = lane < (int)blockDim.x / WARP ? part[lane] : neutral;
    return reduce_warp<F>(x);
}
