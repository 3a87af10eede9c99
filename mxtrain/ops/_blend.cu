// Moving averages: out = old * keep + fresh * (1 - keep), a block for each array. table (arrays, 4): addresses of old, fresh
// and out, and how many elements they have. out may be old.
extern "C" __global__ void blend_all(const long long* table, float keep) {
    const long long* own = table + 4 * (int64)blockIdx.x;
    const float* old = reinterpret_cast<const float*>(own[0]);
    const float* fresh = reinterpret_cast<const float*>(own[1]);
    float* out = reinterpret_cast<float*>(own[2]);
    for (int64 i = threadIdx.x; i < own[3]; i += blockDim.x) out[i] = (old[i] - fresh[i]) * keep + fresh[i];
}
