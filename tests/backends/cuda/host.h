// What a host compiler needs to take CUDA C++ for C++: every thread of a block is a fiber of one thread of the host.
//
// A barrier gives way to the other fibers until all of them have arrived; if all that are left wait for what cannot
// come, the launch fails with CUDA's status for that.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)

struct Index { unsigned x, y, z; };
static Index threadIdx, blockIdx, blockDim, gridDim;

inline float __uint_as_float(unsigned u) { float f; memcpy(&f, &u, 4); return f; }
inline unsigned __float_as_uint(float f) { unsigned u; memcpy(&u, &f, 4); return u; }
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline float host_widen_half(unsigned short bits) { _Float16 h; memcpy(&h, &bits, 2); return (float)h; }
inline unsigned short host_narrow_half(float x) { _Float16 h = (_Float16)x; unsigned short b; memcpy(&b, &h, 2); return b; }
template <typename A> inline A min(A a, A b) { return b < a ? b : a; }
template <typename A> inline A max(A a, A b) { return a < b ? b : a; }

namespace emulation {

enum Wait { NONE, BLOCK_WIDE, WARP_WIDE };
const int MOST = 1024, STACK = 128 << 10, LAUNCH_FAILED = 719;
struct Fiber { ucontext_t context; bool done; Wait wait; };
static Fiber fibers[MOST];
static char* stacks = nullptr;
static ucontext_t scheduler;
static int current, count;
static void (*body)(void**);
static void** arguments;
static unsigned long long slots[MOST];

inline void wait(Wait how) {
    fibers[current].wait = how;
    swapcontext(&fibers[current].context, &scheduler);
}
static void enter() {
    body(arguments);
    fibers[current].done = true;
    swapcontext(&fibers[current].context, &scheduler);
}
static bool release(int first, int last, Wait how) {
    bool any = false;
    for (int t = first; t < last; ++t) {
        if (fibers[t].done) continue;
        if (fibers[t].wait != how) return false;
        any = true;
    }
    for (int t = first; t < last; ++t) fibers[t].wait = NONE;
    return any;
}
static int run_block() {
    for (int t = 0; t < count; ++t) {
        Fiber& f = fibers[t];
        f.done = false;
        f.wait = NONE;
        getcontext(&f.context);
        f.context.uc_stack.ss_sp = stacks + (size_t)t * STACK;
        f.context.uc_stack.ss_size = STACK;
        f.context.uc_link = nullptr;
        makecontext(&f.context, enter, 0);
    }
    for (;;) {
        bool left = false, moved = false;
        for (current = 0; current < count; ++current) {
            if (fibers[current].done) continue;
            left = true;
            if (fibers[current].wait != NONE) continue;
            moved = true;
            threadIdx = Index{(unsigned)current, 0, 0};
            swapcontext(&scheduler, &fibers[current].context);
        }
        if (!left) return 0;
        moved |= release(0, count, BLOCK_WIDE);
        for (int w = 0; w < count; w += 32) moved |= release(w, w + 32 < count ? w + 32 : count, WARP_WIDE);
        if (!moved) return LAUNCH_FAILED;
    }
}
static int launch(void (*what)(void**), void** args, const unsigned* grid, unsigned threads) {
    if (!stacks) stacks = (char*)malloc((size_t)MOST * STACK);
    if (threads < 1 || threads > MOST) return 1;
    body = what;
    arguments = args;
    count = threads;
    blockDim = Index{threads, 1, 1};
    gridDim = Index{grid[0], grid[1], grid[2]};
    for (unsigned z = 0; z < grid[2]; ++z)
        for (unsigned y = 0; y < grid[1]; ++y)
            for (unsigned x = 0; x < grid[0]; ++x) {
                blockIdx = Index{x, y, z};
                if (int status = run_block()) return status;
            }
    return 0;
}
template <typename V> inline V exchange(V value, int lane) {
    memcpy(&slots[current], &value, sizeof value);
    wait(WARP_WIDE);
    V other;
    memcpy(&other, &slots[current / 32 * 32 + lane], sizeof other);
    wait(WARP_WIDE);
    return other;
}

}  // namespace emulation

inline void __syncthreads() { emulation::wait(emulation::BLOCK_WIDE); }
inline void __syncwarp(unsigned = 0xffffffffu) { emulation::wait(emulation::WARP_WIDE); }
template <typename V> inline V __shfl_xor_sync(unsigned, V v, int k) {
    return emulation::exchange(v, (emulation::current % 32) ^ k);
}
template <typename V> inline V __shfl_sync(unsigned, V v, int lane) { return emulation::exchange(v, lane % 32); }
template <typename V> inline V __shfl_up_sync(unsigned, V v, unsigned k) {
    int lane = emulation::current % 32;
    return emulation::exchange(v, lane < (int)k ? lane : lane - (int)k);
}
inline unsigned __ballot_sync(unsigned, int p) {
    unsigned bits = 0;
    for (int k = 0; k < 32; ++k) bits |= (unsigned)(emulation::exchange(p, k) != 0) << k;
    return bits;
}
