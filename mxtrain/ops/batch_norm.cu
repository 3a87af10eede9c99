// Batch normalisation of a matrix: `rows` samples and positions, channels side by side.
//
// A block has X threads across the channels, V channels each, and walks down its chunk of the rows; so what belongs to a
// channel stays in registers. Sums are of differences from the first row, so that a large mean costs no digits, and are
// added in a fixed order. The mask has a byte for V elements, a bit for each.
//
// Kernels that sum begin with the last rows: whoever wrote the matrix wrote those last, so they still are in the cache;
// and those that follow begin with the first, which the sums read last.

#define DOWN (256 / X)

// The sum of `own` over the threads of a block that have the same channels, to `total` (channels).
__device__ inline void add_down(const float* own, float* total, int64 channels) {
    __shared__ float part[256 * V];
    __syncthreads();  // an earlier sum may still be read
    for (int k = 0; k < V; ++k) part[threadIdx.x * V + k] = own[k];
    __syncthreads();
    int64 column = (int64)blockIdx.x * X * V + threadIdx.x;
    if (threadIdx.x < X * V && column < channels) {
        float sum = 0;
        for (int r = 0; r < DOWN; ++r) sum += part[r * X * V + threadIdx.x];
        total[column] = sum;
    }
}

extern "C" __global__ void __launch_bounds__(256) sums(
    const T* x, float* partial, long long rows, long long channels, long long chunk) {
    int64 c = ((int64)blockIdx.x * X + threadIdx.x % X) * V, piece = gridDim.y - 1 - blockIdx.y;
    int64 first = piece * chunk, last = min(first + chunk, (int64)rows);
    float origin[V], one[V] = {}, two[V] = {}, v[V];
    if (c < channels) {
        load<T, V>(x + c, origin);
        for (int64 r = first + threadIdx.x / X; r < last; r += DOWN) {
            load<T, V>(x + r * channels + c, v);
#pragma unroll
            for (int k = 0; k < V; ++k) {
                float d = v[k] - origin[k];
                one[k] += d;
                two[k] += d * d;
            }
        }
    }
    add_down(one, partial + piece * 2 * channels, channels);
    add_down(two, partial + (piece * 2 + 1) * channels, channels);
}

// Two sums over the chunks for channel c, in all threads of row 0 of a block of 32 channels by 32.
__device__ inline bool add_chunks(const float* partial, int64 channels, int64 chunks, int64 c, float* one, float* two) {
    __shared__ float part[2][32][33];
    int lane = threadIdx.x % 32, row = threadIdx.x / 32;
    float a = 0, b = 0;
    if (c < channels)
#pragma unroll 4
        for (int64 k = row; k < chunks; k += 32) {
            a += partial[2 * k * channels + c];
            b += partial[(2 * k + 1) * channels + c];
        }
    part[0][row][lane] = a;
    part[1][row][lane] = b;
    __syncthreads();
    if (row != 0 || c >= channels) return false;
    for (int k = 1; k < 32; ++k) {
        a += part[0][k][lane];
        b += part[1][k][lane];
    }
    *one = a;
    *two = b;
    return true;
}

extern "C" __global__ void __launch_bounds__(1024) statistics(
    const T* x, const float* partial, const float* gamma, float* mean, float* var, float* scale,
    long long rows, long long channels, long long chunks, float eps) {
    int64 c = (int64)blockIdx.x * 32 + threadIdx.x % 32;
    float a, b;
    if (!add_chunks(partial, channels, chunks, c, &a, &b)) return;
    float shift = a / rows, v = b / rows - shift * shift;
    v = v < 0 ? 0 : v;
    mean[c] = widen(x[c]) + shift;
    var[c] = v;
    scale[c] = (gamma ? gamma[c] : 1) / sqrtf(v + eps);
}

// The same from statistics that are given; they are handed on.
extern "C" __global__ void __launch_bounds__(256) given(
    const float* moving_mean, const float* moving_var, const float* gamma, float* mean, float* var, float* scale,
    long long channels, float eps) {
    int64 c = GLOBAL_THREAD;
    if (c >= channels) return;
    mean[c] = moving_mean[c];
    var[c] = moving_var[c];
    scale[c] = (gamma ? gamma[c] : 1) / sqrtf(moving_var[c] + eps);
}

extern "C" __global__ void __launch_bounds__(256) normalise(
    const T* x, const float* mean, const float* scale, const float* beta, const T* addend, T* y, uint8* mask,
    long long rows, long long channels, long long chunk) {
    int64 c = ((int64)blockIdx.x * X + threadIdx.x % X) * V;
    if (c >= channels) return;
    int64 first = (int64)blockIdx.y * chunk, last = min(first + chunk, (int64)rows);
    float m[V], s[V], b[V], v[V];
    load<float, V>(mean + c, m);
    load<float, V>(scale + c, s);
    load<float, V>(beta + c, b);
    for (int64 r = first + threadIdx.x / X; r < last; r += DOWN) {
        int64 at = r * channels + c;
        float z[V] = {};
        load<T, V>(x + at, v);
        if (addend) load<T, V>(addend + at, z);
        uint32 bits = 0;
#pragma unroll
        for (int k = 0; k < V; ++k) {
            v[k] = (v[k] - m[k]) * s[k] + b[k] + z[k];
            if (RELU) {
                bits |= (uint32)(v[k] > 0) << k;
                v[k] = v[k] > 0 || v[k] != v[k] ? v[k] : 0;
            }
        }
        store<T, V>(y + at, v);
        if (RELU && mask) mask[at / V] = (uint8)bits;
    }
}

// dy where the activation let it through.
__device__ inline void load_dy(const T* dy, const uint8* mask, int64 at, float* v) {
    load<T, V>(dy + at, v);
    if (RELU) {
        uint32 bits = mask[at / V];
#pragma unroll
        for (int k = 0; k < V; ++k) v[k] = bits >> k & 1 ? v[k] : 0;
    }
}

extern "C" __global__ void __launch_bounds__(256) backward_sums(
    const T* dy, const T* x, const float* mean, const uint8* mask, float* partial,
    long long rows, long long channels, long long chunk) {
    int64 c = ((int64)blockIdx.x * X + threadIdx.x % X) * V, piece = gridDim.y - 1 - blockIdx.y;
    int64 first = piece * chunk, last = min(first + chunk, (int64)rows);
    float m[V], one[V] = {}, two[V] = {}, v[V], d[V];
    if (c < channels) {
        load<float, V>(mean + c, m);
        for (int64 r = first + threadIdx.x / X; r < last; r += DOWN) {
            int64 at = r * channels + c;
            load_dy(dy, mask, at, d);
            load<T, V>(x + at, v);
#pragma unroll
            for (int k = 0; k < V; ++k) {
                one[k] += d[k];
                two[k] += d[k] * (v[k] - m[k]);
            }
        }
    }
    add_down(one, partial + piece * 2 * channels, channels);
    add_down(two, partial + (piece * 2 + 1) * channels, channels);
}

// Gradients of gamma and beta, and the three numbers per channel from which that of x is made: scale, and what is taken
// away from dy: offset + (x - mean) slope.
extern "C" __global__ void __launch_bounds__(1024) backward_numbers(
    const float* partial, const float* gamma, const float* var, float* dgamma, float* dbeta, float* numbers,
    long long rows, long long channels, long long chunks, long long batch, float eps) {
    int64 c = (int64)blockIdx.x * 32 + threadIdx.x % 32;
    float a, b;
    if (!add_chunks(partial, channels, chunks, c, &a, &b)) return;
    float inverse = 1 / sqrtf(var[c] + eps);
    dgamma[c] = gamma ? b * inverse : 0;
    dbeta[c] = a;
    numbers[c] = (gamma ? gamma[c] : 1) * inverse;
    numbers[channels + c] = batch ? a / rows : 0;
    numbers[2 * channels + c] = batch ? b * inverse * inverse / rows : 0;
}

extern "C" __global__ void __launch_bounds__(256) backward(
    const T* dy, const T* x, const float* mean, const uint8* mask, const float* numbers, T* dx, T* daddend,
    long long rows, long long channels, long long chunk) {
    int64 c = ((int64)blockIdx.x * X + threadIdx.x % X) * V;
    if (c >= channels) return;
    int64 first = (int64)blockIdx.y * chunk, last = min(first + chunk, (int64)rows);
    float m[V], scale[V], offset[V], slope[V], v[V], d[V];
    load<float, V>(mean + c, m);
    load<float, V>(numbers + c, scale);
    load<float, V>(numbers + channels + c, offset);
    load<float, V>(numbers + 2 * channels + c, slope);
    for (int64 r = first + threadIdx.x / X; r < last; r += DOWN) {
        int64 at = r * channels + c;
        load_dy(dy, mask, at, d);
        load<T, V>(x + at, v);
        if (daddend) store<T, V>(daddend + at, d);
#pragma unroll
        for (int k = 0; k < V; ++k) v[k] = scale[k] * (d[k] - offset[k] - (v[k] - m[k]) * slope[k]);
        store<T, V>(dx + at, v);
    }
}
