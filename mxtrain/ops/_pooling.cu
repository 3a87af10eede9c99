// Pooling of images that lie channels-last, (batch, A, B, C, channels) with up to three spatial axes, VECTOR channels at
// once. MODE 0: maximum; 1: mean, the padding counted; 2: mean without it; 3: sum. The backward gathers, so that its sums
// have a fixed order. INDEX holds the number of any element, PLACE that of an element of a window: divisions of 32 bits take
// a third of the time of those of 64.

#if LARGE
typedef int64 INDEX;
typedef int32 PLACE;
#else
typedef int32 INDEX;
typedef uint8 PLACE;
#endif

struct Axis { INDEX size, out, kernel, stride, pad; };

#define AXIS(n) {(INDEX)size##n, (INDEX)out##n, (INDEX)kernel##n, (INDEX)stride##n, (INDEX)pad##n}

// Elements of a window that a mean divides by, along one axis.
__device__ inline INDEX counted(Axis a, INDEX o) {
    INDEX start = o * a.stride - a.pad, stop = start + a.kernel;
#if MODE == 1
    INDEX end = a.size + a.pad;
    return (stop < end ? stop : end) - start;
#else
    return (stop < a.size ? stop : a.size) - (start > 0 ? start : 0);
#endif
}

__device__ inline float divisor(Axis a, Axis b, Axis c, INDEX u, INDEX v, INDEX w) {
#if MODE == 1 || MODE == 2
    return (float)(counted(a, u) * counted(b, v) * counted(c, w));
#else
    return 1.0f;
#endif
}

__device__ inline INDEX first_window(Axis a, INDEX i) {
    INDEX least = i + a.pad - a.kernel + 1;
    return least <= 0 ? 0 : (least + a.stride - 1) / a.stride;
}
__device__ inline INDEX last_window(Axis a, INDEX i) {
    INDEX o = (i + a.pad) / a.stride;
    return o < a.out ? o : a.out - 1;
}

// where: position of the maximum in its window, or null.
extern "C" __global__ void pool(const T* x, T* y, PLACE* where, long long batch, long long channels,
    long long size0, long long out0, long long kernel0, long long stride0, long long pad0,
    long long size1, long long out1, long long kernel1, long long stride1, long long pad1,
    long long size2, long long out2, long long kernel2, long long stride2, long long pad2) {
    Axis a = AXIS(0), b = AXIS(1), c = AXIS(2);
    INDEX groups = (INDEX)channels / VECTOR, count = (INDEX)batch * a.out * b.out * c.out * groups;
    for (INDEX i = (INDEX)GLOBAL_THREAD; i < count; i += (INDEX)GLOBAL_THREADS) {
        INDEX group = i % groups, w = i / groups % c.out, v = i / groups / c.out % b.out, rest = i / groups / c.out / b.out;
        INDEX u = rest % a.out, n = rest / a.out;
        float sum[VECTOR], one[VECTOR];
        int best[VECTOR];
        for (int k = 0; k < VECTOR; ++k) sum[k] = MODE == 0 ? -INFINITE : 0.0f, best[k] = 0;
        for (INDEX d = 0; d < a.kernel; ++d)
            for (INDEX r = 0; r < b.kernel; ++r)
                for (INDEX s = 0; s < c.kernel; ++s) {
                    INDEX p = u * a.stride - a.pad + d, q = v * b.stride - b.pad + r, t = w * c.stride - c.pad + s;
                    if (p < 0 || q < 0 || t < 0 || p >= a.size || q >= b.size || t >= c.size) continue;
                    load<T, VECTOR>(x + (int64)((((n * a.size + p) * b.size + q) * c.size + t) * groups + group) * VECTOR, one);
                    for (int k = 0; k < VECTOR; ++k) {
                        if (MODE != 0) sum[k] += one[k];
                        else if (one[k] > sum[k] || one[k] != one[k]) sum[k] = one[k], best[k] = (int)((d * b.kernel + r) * c.kernel + s);
                    }
                }
        float by = divisor(a, b, c, u, v, w);
        for (int k = 0; k < VECTOR; ++k) sum[k] = MODE == 1 || MODE == 2 ? sum[k] / by : sum[k];
        store<T, VECTOR>(y + (int64)i * VECTOR, sum);
        if (where) {
            Pack<PLACE, VECTOR> places;
            for (int k = 0; k < VECTOR; ++k) places.at[k] = (PLACE)best[k];
            *reinterpret_cast<Pack<PLACE, VECTOR>*>(where + (int64)i * VECTOR) = places;
        }
    }
}

extern "C" __global__ void pool_backward(const T* dy, const PLACE* where, T* dx, long long batch, long long channels,
    long long size0, long long out0, long long kernel0, long long stride0, long long pad0,
    long long size1, long long out1, long long kernel1, long long stride1, long long pad1,
    long long size2, long long out2, long long kernel2, long long stride2, long long pad2) {
    Axis a = AXIS(0), b = AXIS(1), c = AXIS(2);
    INDEX groups = (INDEX)channels / VECTOR, count = (INDEX)batch * a.size * b.size * c.size * groups;
    for (INDEX i = (INDEX)GLOBAL_THREAD; i < count; i += (INDEX)GLOBAL_THREADS) {
        INDEX group = i % groups, t = i / groups % c.size, q = i / groups / c.size % b.size, rest = i / groups / c.size / b.size;
        INDEX p = rest % a.size, n = rest / a.size;
        float sum[VECTOR], one[VECTOR];
        for (int k = 0; k < VECTOR; ++k) sum[k] = 0.0f;
        for (INDEX u = first_window(a, p); u <= last_window(a, p); ++u)
            for (INDEX v = first_window(b, q); v <= last_window(b, q); ++v)
                for (INDEX w = first_window(c, t); w <= last_window(c, t); ++w) {
                    int64 from = (int64)((((n * a.out + u) * b.out + v) * c.out + w) * groups + group) * VECTOR;
                    load<T, VECTOR>(dy + from, one);
                    INDEX place = ((p + a.pad - u * a.stride) * b.kernel + q + b.pad - v * b.stride) * c.kernel + t + c.pad - w * c.stride;
#if MODE == 0
                    Pack<PLACE, VECTOR> places = *reinterpret_cast<const Pack<PLACE, VECTOR>*>(where + from);
                    for (int k = 0; k < VECTOR; ++k) sum[k] += places.at[k] == (PLACE)place ? one[k] : 0.0f;
#else
                    float by = divisor(a, b, c, u, v, w);
                    for (int k = 0; k < VECTOR; ++k) sum[k] += one[k] / by;
#endif
                }
        store<T, VECTOR>(dx + (int64)i * VECTOR, sum);
    }
}
