// Sums into the rows that an index names, without atomics: positions with one index are a list in order of position, and
// whoever is first in a list adds up its rows. So sums are the same every time.

// Positions as whole numbers within 0..size-1: the nearest, or the remainder.
extern "C" __global__ void __launch_bounds__(256) positions(
    const I* index, int32* place, int32* next, int32* later, long long count, long long size) {
    for (int64 i = GLOBAL_THREAD; i < count; i += GLOBAL_THREADS) {
        int64 p = Cast<int64, I>::of(index[i]);
        if (WRAP) {
            p %= size;
            if (p < 0) p += size;
        } else {
            p = p < 0 ? 0 : p < size ? p : size - 1;
        }
        place[i] = (int32)p;
        next[i] = -1;
        later[i] = 0;
    }
}

// The next position with the same index; it is then not the first of its list.
extern "C" __global__ void __launch_bounds__(256) link(const int32* place, int32* next, int32* later, long long count) {
    __shared__ int32 tile[256];
    int64 i = GLOBAL_THREAD, begin = (int64)blockIdx.x * blockDim.x;
    int32 mine = i < count ? place[i] : -1;
    bool looking = i < count;
    for (int64 first = begin; first < count; first += 256) {
        __syncthreads();
        if (first + threadIdx.x < count) tile[threadIdx.x] = place[first + threadIdx.x];
        __syncthreads();
        int64 last = min((int64)256, count - first);
        for (int64 k = max((int64)0, i + 1 - first); looking && k < last; ++k)
            if (tile[k] == mine) {
                next[i] = (int32)(first + k);
                later[first + k] = 1;
                looking = false;
            }
    }
}

extern "C" __global__ void __launch_bounds__(256) zero(T* out, long long count) {
    for (int64 i = GLOBAL_THREAD; i < count; i += GLOBAL_THREADS) put(out + i, 0);
}

// The rows of every list to the row it names.
extern "C" __global__ void __launch_bounds__(256) add_rows(
    const T* rows, const int32* place, const int32* next, const int32* later, T* out, long long width) {
    int64 i = blockIdx.x;
    if (later[i]) return;
    for (int64 c = (int64)blockIdx.y * blockDim.x + threadIdx.x; c < width; c += (int64)gridDim.y * blockDim.x) {
        float sum = 0;
        for (int64 k = i; k >= 0; k = next[k]) sum += widen(rows[k * width + c]);
        put(out + place[i] * width + c, sum);
    }
}
