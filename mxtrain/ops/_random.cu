// Random draws, counted by step, sample and element as base/random.py counts them: a thread makes the four words of a
// block. Elements of a sample are counted in C order of its axes; in memory they are `inner` positions of `channels`.
#include "philox.cuh"

__device__ inline void words_of(const uint32* state, int64 index, int64 blocks, int64 moving, uint32 k0, uint32 k1, uint32* c) {
    uint64 sample = (uint64)(index / blocks);
    if (moving) sample += (uint64)state[4] << 32 | state[3];
    c[0] = (uint32)(index % blocks);
    c[1] = (uint32)sample;
    c[2] = (uint32)(sample >> 32);
    c[3] = state[2];
    philox(c, state[0] ^ k0, state[1] ^ k1);
}

// 1 where a word is below the threshold.
extern "C" __global__ void __launch_bounds__(256) below(
    const uint32* state, uint8* out, long long samples, long long channels, long long inner, long long moving,
    long long k0, long long k1, long long threshold) {
    int64 each = channels * inner, blocks = (each + 3) / 4;
    for (int64 i = GLOBAL_THREAD; i < samples * blocks; i += GLOBAL_THREADS) {
        uint32 c[4];
        words_of(state, i, blocks, moving, (uint32)k0, (uint32)k1, c);
        for (int k = 0; k < 4; ++k) {
            int64 e = i % blocks * 4 + k;
            if (e < each) out[i / blocks * each + e % inner * channels + e / inner] = (uint64)c[k] < (uint64)threshold;
        }
    }
}

// Uniform numbers: low and 24 bits of a word times step.
extern "C" __global__ void __launch_bounds__(256) uniform(
    const uint32* state, T* out, long long samples, long long channels, long long inner, long long moving,
    long long k0, long long k1, float low, float step) {
    int64 each = channels * inner, blocks = (each + 3) / 4;
    for (int64 i = GLOBAL_THREAD; i < samples * blocks; i += GLOBAL_THREADS) {
        uint32 c[4];
        words_of(state, i, blocks, moving, (uint32)k0, (uint32)k1, c);
        for (int k = 0; k < 4; ++k) {
            int64 e = i % blocks * 4 + k;
            if (e < each) put(out + i / blocks * each + e % inner * channels + e / inner, low + (float)(c[k] >> 8) * step);
        }
    }
}
