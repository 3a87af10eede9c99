// Layer normalisation over rows that lie side by side. A group of THREADS threads has a row to itself.

#define GROUPS (256 / THREADS)

__device__ inline float over_row(float x) {
    return THREADS == WARP ? reduce_warp<Sum>(x) : reduce_block<Sum>(x, 0);
}

extern "C" __global__ void __launch_bounds__(256) normalise(
    const T* x, const float* gamma, const float* beta, T* y, float* mean, float* var,
    long long rows, long long width, float eps) {
    int64 row = (int64)blockIdx.x * GROUPS + threadIdx.x / THREADS;
    int lane = threadIdx.x % THREADS;
    if (row >= rows) return;
    const T* mine = x + row * width;
    float sum = 0, squares = 0;
    for (int64 k = lane; k < width; k += THREADS) sum += widen(mine[k]);
    float m = over_row(sum) / width;
    for (int64 k = lane; k < width; k += THREADS) {
        float d = widen(mine[k]) - m;
        squares += d * d;
    }
    float v = over_row(squares) / width, inverse = 1 / sqrtf(v + eps);
    for (int64 k = lane; k < width; k += THREADS)
        put(y + row * width + k, (widen(mine[k]) - m) * inverse * gamma[k] + beta[k]);
    if (lane == 0) {
        mean[row] = m;
        var[row] = v;
    }
}

extern "C" __global__ void __launch_bounds__(256) backward(
    const T* dy, const T* x, const float* gamma, const float* mean, const float* var, T* dx,
    long long rows, long long width, float eps) {
    int64 row = (int64)blockIdx.x * GROUPS + threadIdx.x / THREADS;
    int lane = threadIdx.x % THREADS;
    if (row >= rows) return;
    int64 at = row * width;
    float m = mean[row], inverse = 1 / sqrtf(var[row] + eps), one = 0, two = 0;
    for (int64 k = lane; k < width; k += THREADS) {
        float d = widen(dy[at + k]) * gamma[k];
        one += d;
        two += d * (widen(x[at + k]) - m);
    }
    one = over_row(one) / width;
    two = over_row(two) * inverse * inverse / width;
    for (int64 k = lane; k < width; k += THREADS) {
        float d = widen(dy[at + k]) * gamma[k];
        put(dx + at + k, inverse * (d - one - (widen(x[at + k]) - m) * two));
    }
}

// Sums of dy and of dy times the normalised values over a chunk of the rows: 32 columns by 8 rows of threads.
extern "C" __global__ void __launch_bounds__(256) sums(
    const T* dy, const T* x, const float* mean, const float* var, float* partial,
    long long rows, long long width, long long chunk, float eps) {
    __shared__ float part[2][8][33];
    int lane = threadIdx.x % 32, down = threadIdx.x / 32;
    int64 c = (int64)blockIdx.x * 32 + lane;
    int64 first = (int64)blockIdx.y * chunk, last = min(first + chunk, (int64)rows);
    float one = 0, two = 0;
    if (c < width)
        for (int64 r = first + down; r < last; r += 8) {
            float d = widen(dy[r * width + c]);
            one += d;
            two += d * (widen(x[r * width + c]) - mean[r]) / sqrtf(var[r] + eps);
        }
    part[0][down][lane] = one;
    part[1][down][lane] = two;
    __syncthreads();
    if (down != 0 || c >= width) return;
    for (int k = 1; k < 8; ++k) {
        one += part[0][k][lane];
        two += part[1][k][lane];
    }
    partial[2 * blockIdx.y * width + c] = one;
    partial[(2 * blockIdx.y + 1) * width + c] = two;
}

extern "C" __global__ void __launch_bounds__(256) add_chunks(
    const float* partial, float* dgamma, float* dbeta, long long width, long long chunks) {
    int64 c = GLOBAL_THREAD;
    if (c >= width) return;
    float one = 0, two = 0;
    for (int64 k = 0; k < chunks; ++k) {
        one += partial[2 * k * width + c];
        two += partial[(2 * k + 1) * width + c];
    }
    dbeta[c] = one;
    dgamma[c] = two;
}
