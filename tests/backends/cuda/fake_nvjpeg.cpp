// An nvJPEG on the host. Its "JPEG" is: "FJ", width, height, channels, a flag (1: progressive, 2: damaged inside), and
// one byte per channel, of which all pixels are. With -DREAL the prototypes are those of NVIDIA's own header.
#include "fake_numbers.h"
#ifdef REAL
#include <nvjpeg.h>
#else
typedef int nvjpegStatus_t, nvjpegBackend_t, nvjpegOutputFormat_t, libraryPropertyType;
typedef void *cudaStream_t, nvjpegDevAllocator_t, nvjpegPinnedAllocator_t;
typedef struct nvjpegHandle* nvjpegHandle_t;
typedef struct nvjpegJpegState* nvjpegJpegState_t;
typedef struct nvjpegJpegStream* nvjpegJpegStream_t;
typedef struct { unsigned char* channel[4]; size_t pitch[4]; } nvjpegImage_t;
#endif
#define API(name) extern "C" nvjpegStatus_t name
#define OK ((nvjpegStatus_t)0)
#define INVALID ((nvjpegStatus_t)2)
#define NEED(what) if (!(what)) return INVALID;

struct nvjpegHandle { int kind = 'H'; };
struct nvjpegJpegState { int kind = 'S', count = 0; };
struct nvjpegJpegStream { int kind = 'J'; unsigned char head[6]; };
static int living = 0;
extern "C" int fakeLiving() { return living; }

API(nvjpegGetProperty)(libraryPropertyType t, int* v) { int all[] = {13, 3, 2}; return *v = all[(int)t], OK; }
API(nvjpegCreateEx)(nvjpegBackend_t b, nvjpegDevAllocator_t* d, nvjpegPinnedAllocator_t* p, unsigned int flags, nvjpegHandle_t* h) {
    NEED(!d && !p && !flags);
    if (failing.count("nvjpegCreateEx") && (int)b >= failing["nvjpegCreateEx"]) return (nvjpegStatus_t)7;
    note("backend %d", (int)b);
    return ++living, *h = new nvjpegHandle, OK;
}
API(nvjpegDestroy)(nvjpegHandle_t h) { --living; return delete h, OK; }
API(nvjpegJpegStateCreate)(nvjpegHandle_t h, nvjpegJpegState_t* s) { NEED(h->kind == 'H'); return ++living, *s = new nvjpegJpegState, OK; }
API(nvjpegJpegStateDestroy)(nvjpegJpegState_t s) { --living; return delete s, OK; }
API(nvjpegJpegStreamCreate)(nvjpegHandle_t h, nvjpegJpegStream_t* s) { NEED(h->kind == 'H'); return ++living, *s = new nvjpegJpegStream, OK; }
API(nvjpegJpegStreamDestroy)(nvjpegJpegStream_t s) { --living; return delete s, OK; }
API(nvjpegJpegStreamParseHeader)(nvjpegHandle_t h, const unsigned char* data, size_t size, nvjpegJpegStream_t s) {
    NEED(h->kind == 'H' && s->kind == 'J');
    if (size < 6 || data[0] != 'F' || data[1] != 'J') return (nvjpegStatus_t)3;
    return memcpy(s->head, data, 6), OK;
}
API(nvjpegJpegStreamGetFrameDimensions)(nvjpegJpegStream_t s, unsigned int* w, unsigned int* h) { NEED(s->kind == 'J'); return *w = s->head[2], *h = s->head[3], OK; }
API(nvjpegJpegStreamGetComponentsNum)(nvjpegJpegStream_t s, unsigned int* n) { NEED(s->kind == 'J'); return *n = s->head[4], OK; }
API(nvjpegDecodeBatchedSupported)(nvjpegHandle_t h, nvjpegJpegStream_t s, int* refused) { NEED(h->kind == 'H' && s->kind == 'J'); return *refused = s->head[5] == 1, OK; }
API(nvjpegDecodeBatchedInitialize)(nvjpegHandle_t h, nvjpegJpegState_t s, int count, int threads, nvjpegOutputFormat_t format) {
    NEED(h->kind == 'H' && s->kind == 'S' && threads >= 1 && (int)format == 5);
    return s->count = count, OK;
}
API(nvjpegDecodeBatched)(nvjpegHandle_t h, nvjpegJpegState_t s, const unsigned char* const* data, const size_t* lengths, nvjpegImage_t* out, cudaStream_t stream) {
    NEED(h->kind == 'H' && s->kind == 'S');
    note("batch of %d on stream %d", s->count, (int)(intptr_t)stream);
    for (int k = 0; k < s->count; ++k) {
        const unsigned char* d = data[k];
        int w = d[2], n = d[4];
        NEED(lengths[k] == (size_t)(6 + n) && out[k].channel[0] && out[k].pitch[0] == (size_t)(3 * w));
        if (d[5] == 2) return (nvjpegStatus_t)6;
        for (int y = 0; y < d[3]; ++y) for (int x = 0; x < w; ++x) for (int c = 0; c < 3; ++c) out[k].channel[0][y * out[k].pitch[0] + 3 * x + c] = d[6 + (n == 1 ? 0 : c)];
    }
    return OK;
}
