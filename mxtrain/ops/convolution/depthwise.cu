// Depthwise convolution of images that lie channels-last, (batch, H, W, channels), with square windows: each channel has a
// filter of its own, (channels, SIDE, SIDE). A thread keeps the filters of VECTOR channels in registers and walks over
// pixels. All pixels of one thread, and all sums, come in a fixed order.

#define WINDOW (SIDE * SIDE)
// What of the filters fits into registers.
#define VECTOR (WIDE ? (SIDE == 3 ? 8 : SIDE == 5 ? 4 : 2) : 1)

#define SLOTS (GLOBAL_THREADS / groups)

__device__ inline void filters(const T* w, int64 group, float kept[WINDOW][VECTOR]) {
#pragma unroll
    for (int k = 0; k < WINDOW; ++k)
#pragma unroll
        for (int c = 0; c < VECTOR; ++c) kept[k][c] = widen(w[(group * VECTOR + c) * WINDOW + k]);
}

extern "C" __global__ void depthwise(const T* x, const T* w, T* y, long long batch, long long channels, long long rows,
    long long cols, long long out_rows, long long out_cols, long long stride, long long dilate, long long pad) {
    int64 groups = channels / VECTOR, group = GLOBAL_THREAD % groups, count = batch * out_rows * out_cols;
    float kept[WINDOW][VECTOR], sum[VECTOR], one[VECTOR];
    filters(w, group, kept);
    if (GLOBAL_THREAD / groups >= SLOTS) return;
    for (int64 pixel = GLOBAL_THREAD / groups; pixel < count; pixel += SLOTS) {
        int64 v = pixel % out_cols, u = pixel / out_cols % out_rows, n = pixel / out_cols / out_rows;
#pragma unroll
        for (int c = 0; c < VECTOR; ++c) sum[c] = 0.0f;
#pragma unroll
        for (int r = 0; r < SIDE; ++r)
#pragma unroll
            for (int s = 0; s < SIDE; ++s) {
                int64 a = u * stride - pad + r * dilate, b = v * stride - pad + s * dilate;
                if (a < 0 || b < 0 || a >= rows || b >= cols) continue;
                load<T, VECTOR>(x + ((n * rows + a) * cols + b) * channels + group * VECTOR, one);
#pragma unroll
                for (int c = 0; c < VECTOR; ++c) sum[c] += one[c] * kept[r * SIDE + s][c];
            }
        store<T, VECTOR>(y + pixel * channels + group * VECTOR, sum);
    }
}

extern "C" __global__ void depthwise_data(const T* dy, const T* w, T* dx, long long batch, long long channels, long long rows,
    long long cols, long long out_rows, long long out_cols, long long stride, long long dilate, long long pad) {
    int64 groups = channels / VECTOR, group = GLOBAL_THREAD % groups, count = batch * rows * cols;
    float kept[WINDOW][VECTOR], sum[VECTOR], one[VECTOR];
    filters(w, group, kept);
    if (GLOBAL_THREAD / groups >= SLOTS) return;
    for (int64 pixel = GLOBAL_THREAD / groups; pixel < count; pixel += SLOTS) {
        int64 b = pixel % cols, a = pixel / cols % rows, n = pixel / cols / rows;
#pragma unroll
        for (int c = 0; c < VECTOR; ++c) sum[c] = 0.0f;
#pragma unroll
        for (int r = 0; r < SIDE; ++r)
#pragma unroll
            for (int s = 0; s < SIDE; ++s) {
                int64 u = a + pad - r * dilate, v = b + pad - s * dilate;
                if (u < 0 || v < 0 || u % stride || v % stride || u / stride >= out_rows || v / stride >= out_cols) continue;
                load<T, VECTOR>(dy + ((n * out_rows + u / stride) * out_cols + v / stride) * channels + group * VECTOR, one);
#pragma unroll
                for (int c = 0; c < VECTOR; ++c) sum[c] += one[c] * kept[r * SIDE + s][c];
            }
        store<T, VECTOR>(dx + pixel * channels + group * VECTOR, sum);
    }
}

// part (slots, channels, SIDE, SIDE): what the pixels of one slot give to the filters' gradient.
extern "C" __global__ void depthwise_filter(const T* x, const T* dy, float* part, long long batch, long long channels, long long rows,
    long long cols, long long out_rows, long long out_cols, long long stride, long long dilate, long long pad, long long slots) {
    int64 groups = channels / VECTOR, group = GLOBAL_THREAD % groups, slot = GLOBAL_THREAD / groups;
    if (slot >= slots) return;
    float sum[WINDOW][VECTOR], one[VECTOR], two[VECTOR];
#pragma unroll
    for (int k = 0; k < WINDOW; ++k)
#pragma unroll
        for (int c = 0; c < VECTOR; ++c) sum[k][c] = 0.0f;
    int64 count = batch * out_rows * out_cols;
    for (int64 pixel = slot; pixel < count; pixel += slots) {
        int64 v = pixel % out_cols, u = pixel / out_cols % out_rows, n = pixel / out_cols / out_rows;
        load<T, VECTOR>(dy + pixel * channels + group * VECTOR, one);
#pragma unroll
        for (int r = 0; r < SIDE; ++r)
#pragma unroll
            for (int s = 0; s < SIDE; ++s) {
                int64 a = u * stride - pad + r * dilate, b = v * stride - pad + s * dilate;
                if (a < 0 || b < 0 || a >= rows || b >= cols) continue;
                load<T, VECTOR>(x + ((n * rows + a) * cols + b) * channels + group * VECTOR, two);
#pragma unroll
                for (int c = 0; c < VECTOR; ++c) sum[r * SIDE + s][c] += one[c] * two[c];
            }
    }
    for (int c = 0; c < VECTOR; ++c)
        for (int k = 0; k < WINDOW; ++k) part[(slot * channels + group * VECTOR + c) * WINDOW + k] = sum[k][c];
}
