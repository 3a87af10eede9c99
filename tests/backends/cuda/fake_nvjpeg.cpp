// An nvJPEG on the host. It reads the headers of JPEGs and makes pixels up: 3 x + 5 y + 70 c. It refuses progressive ones,
// and one without an end is damaged. With -DREAL the prototypes are those of NVIDIA's own header.
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
struct Head { int w = 0, h = 0, n = 0; bool progressive = false; };
struct nvjpegJpegStream { int kind = 'J'; Head head; };
static bool parse(const unsigned char* d, size_t size, Head& head) {
    if (size < 4 || d[0] != 0xff || d[1] != 0xd8) return false;
    for (size_t at = 2; at + 10 < size && d[at] == 0xff; at += 2 + (d[at + 2] << 8 | d[at + 3])) {
        if (d[at + 1] == 0xda) return head.n > 0;
        if (d[at + 1] < 0xc0 || d[at + 1] > 0xc2) continue;
        head = {d[at + 7] << 8 | d[at + 8], d[at + 5] << 8 | d[at + 6], d[at + 9], d[at + 1] == 0xc2};
    }
    return false;
}
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
    return parse(data, size, s->head = Head()) ? OK : (nvjpegStatus_t)3;
}
API(nvjpegJpegStreamGetFrameDimensions)(nvjpegJpegStream_t s, unsigned int* w, unsigned int* h) { NEED(s->kind == 'J'); return *w = s->head.w, *h = s->head.h, OK; }
API(nvjpegJpegStreamGetComponentsNum)(nvjpegJpegStream_t s, unsigned int* n) { NEED(s->kind == 'J'); return *n = s->head.n, OK; }
API(nvjpegDecodeBatchedSupported)(nvjpegHandle_t h, nvjpegJpegStream_t s, int* refused) { NEED(h->kind == 'H' && s->kind == 'J'); return *refused = s->head.progressive, OK; }
API(nvjpegDecodeBatchedInitialize)(nvjpegHandle_t h, nvjpegJpegState_t s, int count, int threads, nvjpegOutputFormat_t format) {
    NEED(h->kind == 'H' && s->kind == 'S' && threads >= 1 && (int)format == 5);
    return s->count = count, OK;
}
API(nvjpegDecodeBatched)(nvjpegHandle_t h, nvjpegJpegState_t s, const unsigned char* const* data, const size_t* lengths, nvjpegImage_t* out, cudaStream_t stream) {
    NEED(h->kind == 'H' && s->kind == 'S');
    note("batch of %d on stream %d", s->count, (int)(intptr_t)stream);
    if (failing.count("nvjpegDecodeBatched")) return (nvjpegStatus_t)failing["nvjpegDecodeBatched"];
    for (int k = 0; k < s->count; ++k) {
        Head head;
        NEED(parse(data[k], lengths[k], head) && out[k].channel[0] && out[k].pitch[0] == (size_t)(3 * head.w));
        if (data[k][lengths[k] - 2] != 0xff || data[k][lengths[k] - 1] != 0xd9) return (nvjpegStatus_t)6;
        for (int y = 0; y < head.h; ++y)
            for (int x = 0; x < 3 * head.w; ++x) out[k].channel[0][y * out[k].pitch[0] + x] = 3 * (x / 3) + 5 * y + 70 * (x % 3);
    }
    return OK;
}
