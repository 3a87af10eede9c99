// Pooling of images that lie channels-last, (batch, A, B, C, channels) with up to three spatial axes, VECTOR channels at
// once. MODE 0: maximum; 1: mean, the padding counted; 2: mean without it; 3: sum. The backward gathers, so that its sums
// have a fixed order.

struct Axis { int64 size, out, kernel, stride, pad; };

// Elements of a window that a mean divides by, along one axis.
__device__ inline int64 counted(Axis a, int64 o) {
    int64 start = o * a.stride - a.pad, stop = start + a.kernel;
#if MODE == 1
    int64 end = a.size + a.pad;
    return (stop < end ? stop : end) - start;
#else
    return (stop < a.size ? stop : a.size) - (start > 0 ? start : 0);
#endif
}

__device__ inline float divisor(Axis a, Axis b, Axis c, int64 u, int64 v, int64 w) {
#if MODE == 1 || MODE == 2
    return (float)(counted(a, u) * counted(b, v) * counted(c, w));
#else
    return 1.0f;
#endif
}

__device__ inline int64 first_window(Axis a, int64 i) {
    int64 least = i + a.pad - a.kernel + 1;
    return least <= 0 ? 0 : (least + a.stride - 1) / a.stride;
}
__device__ inline int64 last_window(Axis a, int64 i) {
    int64 o = (i + a.pad) / a.stride;
    return o < a.out ? o : a.out - 1;
}

// where: position of the maximum in its window, or null.
extern "C" __global__ void pool(const T* x, T* y, int* where, long long batch, long long channels,
    long long size0, long long out0, long long kernel0, long long stride0, long long pad0,
    long long size1, long long out1, long long kernel1, long long stride1, long long pad1,
    long long size2, long long out2, long long kernel2, long long stride2, long long pad2) {
    Axis a = {size0, out0, kernel0, stride0, pad0}, b = {size1, out1, kernel1, stride1, pad1}, c = {size2, out2, kernel2, stride2, pad2};
    int64 groups = channels / VECTOR, count = batch * a.out * b.out * c.out * groups;
    for (int64 i = GLOBAL_THREAD; i < count; i += GLOBAL_THREADS) {
        int64 group = i % groups, w = i / groups % c.out, v = i / groups / c.out % b.out, rest = i / groups / c.out / b.out;
        int64 u = rest % a.out, n = rest / a.out;
        float sum[VECTOR], one[VECTOR];
        int best[VECTOR];
        for (int k = 0; k < VECTOR; ++k) sum[k] = MODE == 0 ? -INFINITE : 0.0f, best[k] = 0;
        for (int64 d = 0; d < a.kernel; ++d)
            for (int64 r = 0; r < b.kernel; ++r)
                for (int64 s = 0; s < c.kernel; ++s) {
                    int64 p = u * a.stride - a.pad + d, q = v * b.stride - b.pad + r, t = w * c.stride - c.pad + s;
                    if (p < 0 || q < 0 || t < 0 || p >= a.size || q >= b.size || t >= c.size) continue;
                    load<T, VECTOR>(x + ((((n * a.size + p) * b.size + q) * c.size + t) * groups + group) * VECTOR, one);
                    for (int k = 0; k < VECTOR; ++k) {
                        if (MODE != 0) sum[k] += one[k];
                        else if (one[k] > sum[k] || one[k] != one[k]) sum[k] = one[k], best[k] = (int)((d * b.kernel + r) * c.kernel + s);
                    }
                }
        float by = divisor(a, b, c, u, v, w);
        for (int k = 0; k < VECTOR; ++k) sum[k] = MODE == 1 || MODE == 2 ? sum[k] / by : sum[k];
        store<T, VECTOR>(y + i * VECTOR, sum);
        if (where)
            for (int k = 0; k < VECTOR; ++k) where[i * VECTOR + k] = best[k];
    }
}

extern "C" __global__ void pool_backward(const T* dy, const int* where, T* dx, long long batch, long long channels,
    long long size0, long long out0, long long kernel0, long long stride0, long long pad0,
    long long size1, long long out1, long long kernel1, long long stride1, long long pad1,
    long long size2, long long out2, long long kernel2, long long stride2, long long pad2) {
    Axis a = {size0, out0, kernel0, stride0, pad0}, b = {size1, out1, kernel1, stride1, pad1}, c = {size2, out2, kernel2, stride2, pad2};
    int64 groups = channels / VECTOR, count = batch * a.size * b.size * c.size * groups;
    for (int64 i = GLOBAL_THREAD; i < count; i += GLOBAL_THREADS) {
        int64 group = i % groups, t = i / groups % c.size, q = i / groups / c.size % b.size, rest = i / groups / c.size / b.size;
        int64 p = rest % a.size, n = rest / a.size;
        float sum[VECTOR], one[VECTOR];
        for (int k = 0; k < VECTOR; ++k) sum[k] = 0.0f;
        for (int64 u = first_window(a, p); u <= last_window(a, p); ++u)
            for (int64 v = first_window(b, q); v <= last_window(b, q); ++v)
                for (int64 w = first_window(c, t); w <= last_window(c, t); ++w) {
                    int64 from = ((((n * a.out + u) * b.out + v) * c.out + w) * groups + group) * VECTOR;
                    load<T, VECTOR>(dy + from, one);
                    int64 place = ((p + a.pad - u * a.stride) * b.kernel + q + b.pad - v * b.stride) * c.kernel + t + c.pad - w * c.stride;
                    float by = divisor(a, b, c, u, v, w);
                    for (int k = 0; k < VECTOR; ++k)
                        sum[k] += MODE != 0 ? one[k] / by : where[from + k] == place ? one[k] : 0.0f;
                }
        store<T, VECTOR>(dx + i * VECTOR, sum);
    }
}
