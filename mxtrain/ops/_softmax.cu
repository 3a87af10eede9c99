// Softmax and its logarithm over rows that lie side by side. A group of THREADS threads has a row to itself.

#define GROUPS (256 / THREADS)

// A reduction over the threads of a row; a group is a warp, or the whole block.
template <typename F> __device__ inline float over_row(float x, float neutral) {
    return THREADS == WARP ? reduce_warp<F>(x) : reduce_block<F>(x, neutral);
}

extern "C" __global__ void __launch_bounds__(256) softmax(
    const T* x, T* y, long long rows, long long width, float scale) {
    int64 row = (int64)blockIdx.x * GROUPS + threadIdx.x / THREADS;
    int lane = threadIdx.x % THREADS;
    if (row >= rows) return;
    const T* mine = x + row * width;
    float top = -INFINITE, sum = 0;
    for (int64 k = lane; k < width; k += THREADS) top = Max::of(top, widen(mine[k]) * scale);
    top = over_row<Max>(top, -INFINITE);
    for (int64 k = lane; k < width; k += THREADS) sum += expf(widen(mine[k]) * scale - top);
    sum = over_row<Sum>(sum, 0);
    float down = LOG ? logf(sum) : 1 / sum;
    for (int64 k = lane; k < width; k += THREADS) {
        float d = widen(mine[k]) * scale - top;
        put(y + row * width + k, LOG ? d - down : expf(d) * down);
    }
}

extern "C" __global__ void __launch_bounds__(256) softmax_backward(
    const T* dy, const T* y, T* dx, long long rows, long long width, float scale) {
    int64 row = (int64)blockIdx.x * GROUPS + threadIdx.x / THREADS;
    int lane = threadIdx.x % THREADS;
    if (row >= rows) return;
    int64 at = row * width;
    float sum = 0;
    for (int64 k = lane; k < width; k += THREADS) sum += widen(dy[at + k]) * (LOG ? 1 : widen(y[at + k]));
    sum = over_row<Sum>(sum, 0);
    for (int64 k = lane; k < width; k += THREADS) {
        float d = widen(dy[at + k]), v = widen(y[at + k]);
        put(dx + at + k, scale * (LOG ? d - expf(v) * sum : v * (d - sum)));
    }
}
