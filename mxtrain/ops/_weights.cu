// What stands around a library's product or convolution: biases, activations, and gradients of weights in plain order.

#if ACT == 1
__device__ inline float activated(float x) { return x > 0.0f || x != x ? x : 0.0f; }
#elif ACT == 2
__device__ inline float activated(float x) { return 0.5f * tanhf(0.5f * x) + 0.5f; }
#elif ACT == 3
__device__ inline float activated(float x) { return tanhf(x); }
#elif ACT == 4
__device__ inline float activated(float x) { return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f)); }
#elif ACT == 5
__device__ inline float activated(float x) { return x * (0.5f * tanhf(0.5f * x) + 0.5f); }
#elif ACT == 6 || ACT == 7
__device__ inline float activated(float x) {
    float y = x / 6.0f + 0.5f;
    y = y > 0.0f || y != y ? y < 1.0f || y != y ? y : 1.0f : 0.0f;
    return ACT == 7 ? x * y : y;
}
#elif ACT == 8
__device__ inline float activated(float x) { return x > 0.0f || x != x ? x < 6.0f || x != x ? x : 6.0f : 0.0f; }
#else
__device__ inline float activated(float x) { return x; }
#endif

// A bias as the library wants it.
extern "C" __global__ void narrow(const float* x, T* y, long long n) {
    for (int64 i = GLOBAL_THREAD; i < n; i += GLOBAL_THREADS) put(y + i, x[i]);
}

// y (rows, channels) = act(y + bias + addend); bias and addend may be null. VECTOR elements at once, of which channels is a multiple.
extern "C" __global__ void epilogue(T* y, const float* bias, const T* addend, long long rows, long long channels) {
    int64 count = rows * channels / VECTOR;
    for (int64 i = GLOBAL_THREAD; i < count; i += GLOBAL_THREADS) {
        float a[VECTOR], b[VECTOR];
        load<T, VECTOR>(y + i * VECTOR, a);
        if (addend) load<T, VECTOR>(addend + i * VECTOR, b);
        int64 channel = i * VECTOR % channels;
#pragma unroll
        for (int k = 0; k < VECTOR; ++k)
            a[k] = activated(a[k] + (bias ? bias[channel + k] : 0.0f) + (addend ? b[k] : 0.0f));
        store<T, VECTOR>(y + i * VECTOR, a);
    }
}

// Filters (K, window, C), `apart` numbers from one to the next, to plain ones (K, C, window).
extern "C" __global__ void plain_filters(const T* x, float* y, long long filters, long long channels, long long window, long long apart) {
    int64 each = channels * window, count = filters * each;
    for (int64 i = GLOBAL_THREAD; i < count; i += GLOBAL_THREADS) {
        int64 filter = i / each, channel = i % each / window, place = i % window;
        y[i] = widen(x[filter * apart + place * channels + channel]);
    }
}

// part (gridDim.y, channels): the sums of x (rows, channels) over a slice of the rows each. Threads lie along channels.
extern "C" __global__ void partial_sums(const T* x, float* part, long long rows, long long channels) {
    int64 channel = GLOBAL_THREAD;
    if (channel >= channels) return;
    int64 slice = (rows + gridDim.y - 1) / gridDim.y, first = blockIdx.y * slice;
    int64 last = first + slice < rows ? first + slice : rows;
    float sum = 0.0f;
    for (int64 r = first; r < last; ++r) sum += widen(x[r * channels + channel]);
    part[blockIdx.y * channels + channel] = sum;
}

extern "C" __global__ void whole_sums(const float* part, float* y, long long parts, long long channels) {
    int64 channel = GLOBAL_THREAD;
    if (channel >= channels) return;
    float sum = 0.0f;
    for (int64 p = 0; p < parts; ++p) sum += part[p * channels + channel];
    y[channel] = sum;
}
