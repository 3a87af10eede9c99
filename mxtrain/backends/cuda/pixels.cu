// Images to the input of a net: y = x * multiplier + offset by channel, from (N, H, W, C) uint8 to (N, C, H, W) by
// strides, so that any order and padded channels do. A window of each image is taken, mirrored where asked; what lies
// outside of the image is `fill`.

extern "C" __global__ void pixels(const uint8* source, T* target, const float* multiplier, const float* offset,
                                  const int32* places, long long images, long long height, long long width,
                                  long long channels, long long h, long long w, long long top, long long left,
                                  long long fill, long long factors, long long padded, long long stride_n,
                                  long long stride_c, long long stride_h, long long stride_w) {
    for (int64 i = GLOBAL_THREAD; i < images * h * w; i += GLOBAL_THREADS) {
        int64 n = i / (h * w), y = i / w % h, x = i % w;
        int64 from_y = y, from_x = x;
        if (places) {  // vertical and horizontal place, mirrored left and right, mirrored up and down
            const int32* place = places + 4 * n;
            from_y = (place[3] ? h - 1 - y : y) + place[0];
            from_x = (place[2] ? w - 1 - x : x) + place[1];
        }
        from_y -= top;
        from_x -= left;
        bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
        const uint8* pixel = source + ((n * height + from_y) * width + from_x) * channels;
        T* out = target + n * stride_n + y * stride_h + x * stride_w;
        for (int64 c = 0; c < padded; ++c) {
            float value = 0;
            if (c < channels) {
                value = (inside ? (float)pixel[c] : (float)fill) * multiplier[c % factors];
#ifdef __CUDA_ARCH__
                value = __fadd_rn(value, offset[c % factors]);  // rounded twice, as the host does
#else
                value = value + offset[c % factors];
#endif
            }
            put(out + c * stride_c, value);
        }
    }
}
