// Local response normalisation of images that lie channels-last: rows of channels. A block of threads per row would read
// each value once; neighbours come out of the cache all the same.

__device__ inline float squares(const T* row, long long channels, long long channel, long long half) {
    float sum = 0.0f;
    for (int64 j = channel - half; j <= channel + half; ++j)
        if (j >= 0 && j < channels) {
            float v = widen(row[j]);
            sum += v * v;
        }
    return sum;
}

// base: what is raised to -beta, or null.
extern "C" __global__ void lrn(const T* x, T* y, float* base, long long rows, long long channels, long long half, float scale, float beta, float knorm) {
    int64 count = rows * channels;
    for (int64 i = GLOBAL_THREAD; i < count; i += GLOBAL_THREADS) {
        int64 channel = i % channels;
        float b = knorm + scale * squares(x + i - channel, channels, channel, half);
        put(y + i, widen(x[i]) * powf(b, -beta));
        if (base) base[i] = b;
    }
}

extern "C" __global__ void lrn_backward(const T* dy, const T* x, const float* base, T* dx, long long rows, long long channels, long long half, float scale, float beta) {
    int64 count = rows * channels;
    for (int64 i = GLOBAL_THREAD; i < count; i += GLOBAL_THREADS) {
        int64 channel = i % channels;
        float inner = 0.0f;
        for (int64 d = -half; d <= half; ++d)
            if (channel + d >= 0 && channel + d < channels)
                inner += widen(dy[i + d]) * widen(x[i + d]) * powf(base[i + d], -beta - 1.0f);
        put(dx + i, widen(dy[i]) * powf(base[i], -beta) - 2.0f * scale * beta * widen(x[i]) * inner);
    }
}
