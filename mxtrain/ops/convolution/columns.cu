// The windows of an image that lies channels-last, (batch, rows, cols, channels), as a matrix (batch * out_rows * out_cols,
// width): a row holds the elements of a window, (kernel_rows, kernel_cols, channels), and zeros up to `width`, a multiple of
// 8. A thread writes 8 numbers; WHOLE: they are 8 channels of one pixel. Bits are copied, so T is any type of their size.
// The caller sees to it that 32 bits hold all numbers: divisions of 64 take three times as long.

extern "C" __global__ void columns(const T* x, T* y, long long batch, long long channels, long long rows, long long cols,
    long long out_rows, long long out_cols, long long kernel_rows, long long kernel_cols, long long stride_rows,
    long long stride_cols, long long dilate_rows, long long dilate_cols, long long pad_rows, long long pad_cols,
    long long width) {
    int32 slots = (int32)width / 8, high = (int32)out_rows, wide = (int32)out_cols, deep = (int32)channels;
    int32 count = (int32)batch * high * wide * slots;
    for (int32 i = (int32)GLOBAL_THREAD; i < count; i += (int32)GLOBAL_THREADS) {
        int32 place = i % slots * 8, pixel = i / slots;
        int32 v = pixel % wide, u = pixel / wide % high, n = pixel / wide / high;
        int32 channel = place % deep, r = place / deep / (int32)kernel_cols, s = place / deep % (int32)kernel_cols;
        int32 top = u * (int32)stride_rows - (int32)pad_rows, left = v * (int32)stride_cols - (int32)pad_cols;
        Pack<T, 8> found;
#if WHOLE
        int32 a = top + r * (int32)dilate_rows, b = left + s * (int32)dilate_cols;
        if (a >= 0 && b >= 0 && a < (int32)rows && b < (int32)cols)
            found = *reinterpret_cast<const Pack<T, 8>*>(x + ((n * (int32)rows + a) * (int32)cols + b) * deep + channel);
        else
#pragma unroll
            for (int k = 0; k < 8; ++k) found.at[k] = 0;
#else
#pragma unroll
        for (int k = 0; k < 8; ++k) {
            int32 a = top + r * (int32)dilate_rows, b = left + s * (int32)dilate_cols;
            bool there = r < (int32)kernel_rows && a >= 0 && b >= 0 && a < (int32)rows && b < (int32)cols;
            found.at[k] = there ? x[((n * (int32)rows + a) * (int32)cols + b) * deep + channel] : (T)0;
            if (++channel == deep) {
                channel = 0;
                if (++s == (int32)kernel_cols) s = 0, ++r;
            }
        }
#endif
        *reinterpret_cast<Pack<T, 8>*>(y + (int64)i * 8) = found;
    }
}
