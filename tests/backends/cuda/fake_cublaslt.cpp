// A cuBLASLt on the host, for small cases: column-major products in double precision, with the epilogues, attributes
// checked by their sizes, descriptors by their kinds. With -DREAL the prototypes are those of NVIDIA's own header.
#include "fake_numbers.h"
#ifdef REAL
#include <cublasLt.h>
#else
typedef int cublasStatus_t, cublasComputeType_t, cudaDataType, cudaDataType_t, cublasLtMatmulDescAttributes_t,
    cublasLtMatrixLayoutAttribute_t, cublasLtMatmulPreferenceAttributes_t;
typedef void* cudaStream_t;
typedef struct cublasLtContext* cublasLtHandle_t;
typedef struct { uint64_t data[32]; } cublasLtMatmulDescOpaque_t;
typedef struct { uint64_t data[8]; } cublasLtMatrixLayoutOpaque_t, cublasLtMatmulPreferenceOpaque_t, cublasLtMatmulAlgo_t;
typedef cublasLtMatmulDescOpaque_t* cublasLtMatmulDesc_t;
typedef cublasLtMatrixLayoutOpaque_t* cublasLtMatrixLayout_t;
typedef cublasLtMatmulPreferenceOpaque_t* cublasLtMatmulPreference_t;
typedef struct {
    cublasLtMatmulAlgo_t algo;
    size_t workspaceSize;
    cublasStatus_t state;
    float wavesCount;
    int reserved[4];
} cublasLtMatmulHeuristicResult_t;
#endif
#define API(name) extern "C" cublasStatus_t name
#define OK ((cublasStatus_t)0)
#define INVALID ((cublasStatus_t)7)
#define NEED(what) if (!(what)) return last_error = #what, INVALID;
#define BEGIN(name) if (failing.count(name)) return (cublasStatus_t)failing[name];

struct cublasLtContext { int kind = 'H'; };
struct Desc { int kind = 'D', compute, scale; int32_t ta = 0, tb = 0; uint32_t epilogue = 1; void *bias = nullptr, *aux = nullptr; int64_t aux_ld = 0; };
struct Matrix { int kind = 'M', type; uint64_t rows, cols; int64_t ld; int32_t batch = 1; int64_t stride = 0; };
struct Preference { int kind = 'P'; uint64_t workspace = 0; uint32_t reduction = 7, alignment[4] = {256, 256, 256, 256}; };

static int living = 0;
extern "C" int fakeLiving() { return living; }

API(cublasLtCreate)(cublasLtHandle_t* h) { BEGIN("cublasLtCreate"); ++living; return *h = new cublasLtContext, OK; }
API(cublasLtDestroy)(cublasLtHandle_t h) { --living; return delete h, OK; }
extern "C" size_t cublasLtGetVersion(void) { return 130002; }
extern "C" const char* cublasLtGetStatusString(cublasStatus_t s) { return (int)s == 7 ? "an unsupported value or parameter was passed to the function" : "fake status"; }

API(cublasLtMatmulDescCreate)(cublasLtMatmulDesc_t* out, cublasComputeType_t compute, cudaDataType_t scale) {
    NEED(((int)compute == 68 || (int)compute == 77) && (int)scale == 0);
    auto d = new Desc;
    ++living, d->compute = (int)compute, d->scale = (int)scale;
    return *out = (cublasLtMatmulDesc_t)d, OK;
}
API(cublasLtMatmulDescDestroy)(cublasLtMatmulDesc_t d) { --living; return delete (Desc*)d, OK; }
template <class T> static cublasStatus_t take(T& to, const void* p, size_t size) {
    NEED(p && size == sizeof(T));
    return memcpy(&to, p, size), OK;
}
API(cublasLtMatmulDescSetAttribute)(cublasLtMatmulDesc_t o, cublasLtMatmulDescAttributes_t a, const void* p, size_t size) {
    auto d = (Desc*)o;
    NEED(d && d->kind == 'D');
    switch ((int)a) {
        case 3: return take(d->ta, p, size);
        case 4: return take(d->tb, p, size);
        case 7: return take(d->epilogue, p, size);
        case 8: return take(d->bias, p, size);
        case 11: return take(d->aux, p, size);
        case 12: return take(d->aux_ld, p, size);
    }
    return INVALID;
}
API(cublasLtMatrixLayoutCreate)(cublasLtMatrixLayout_t* out, cudaDataType type, uint64_t rows, uint64_t cols, int64_t ld) {
    NEED(((int)type == 0 || (int)type == 2 || (int)type == 14) && ld >= (int64_t)rows);
    auto m = new Matrix;
    ++living, m->type = (int)type, m->rows = rows, m->cols = cols, m->ld = ld;
    return *out = (cublasLtMatrixLayout_t)m, OK;
}
API(cublasLtMatrixLayoutDestroy)(cublasLtMatrixLayout_t m) { --living; return delete (Matrix*)m, OK; }
API(cublasLtMatrixLayoutSetAttribute)(cublasLtMatrixLayout_t o, cublasLtMatrixLayoutAttribute_t a, const void* p, size_t size) {
    auto m = (Matrix*)o;
    NEED(m && m->kind == 'M');
    return (int)a == 5 ? take(m->batch, p, size) : (int)a == 6 ? take(m->stride, p, size) : INVALID;
}
API(cublasLtMatmulPreferenceCreate)(cublasLtMatmulPreference_t* out) { ++living; return *out = (cublasLtMatmulPreference_t) new Preference, OK; }
API(cublasLtMatmulPreferenceDestroy)(cublasLtMatmulPreference_t p) { --living; return delete (Preference*)p, OK; }
API(cublasLtMatmulPreferenceSetAttribute)(cublasLtMatmulPreference_t o, cublasLtMatmulPreferenceAttributes_t a, const void* p, size_t size) {
    auto f = (Preference*)o;
    NEED(f && f->kind == 'P');
    if ((int)a == 1) return take(f->workspace, p, size);
    if ((int)a == 3) return take(f->reduction, p, size);
    if ((int)a >= 5 && (int)a <= 8) return take(f->alignment[(int)a - 5], p, size);
    return INVALID;
}

static Number number(int type) { return type == 0 ? F32 : type == 2 ? F16 : BF16; }

struct Problem { const Desc* d; const Matrix *a, *b, *c; int64_t m, n, k; };
static cublasStatus_t fits(Problem& p, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t A, cublasLtMatrixLayout_t B, cublasLtMatrixLayout_t C, cublasLtMatrixLayout_t D) {
    p.d = (Desc*)desc, p.a = (Matrix*)A, p.b = (Matrix*)B, p.c = (Matrix*)D;
    NEED(p.d && p.d->kind == 'D' && p.a && p.a->kind == 'M' && p.b && p.b->kind == 'M' && p.c && p.c->kind == 'M' && C == D);
    p.m = p.d->ta ? p.a->cols : p.a->rows, p.k = p.d->ta ? p.a->rows : p.a->cols, p.n = p.d->tb ? p.b->rows : p.b->cols;
    NEED(p.k == (int64_t)(p.d->tb ? p.b->cols : p.b->rows) && p.m == (int64_t)p.c->rows && p.n == (int64_t)p.c->cols);
    NEED(p.a->type == p.b->type && p.a->batch == p.b->batch && p.a->batch == p.c->batch);
    NEED(p.c->type == 0 || p.c->type == p.a->type);
    uint32_t e = p.d->epilogue;
    if (e & (4 | 16 | 256 | 512)) NEED(p.d->bias);
    if (e & 128) NEED(p.d->aux && p.d->aux_ld >= p.m && p.d->aux_ld % (e & 32 || e & 64 ? 8 : 128) == 0);
    return OK;
}
API(cublasLtMatmulAlgoGetHeuristic)(cublasLtHandle_t h, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t A, cublasLtMatrixLayout_t B, cublasLtMatrixLayout_t C, cublasLtMatrixLayout_t D, cublasLtMatmulPreference_t pref, int wanted, cublasLtMatmulHeuristicResult_t* out, int* count) {
    BEGIN("cublasLtMatmulAlgoGetHeuristic");
    NEED(h && h->kind == 'H');
    Problem p;
    cublasStatus_t s = fits(p, desc, A, B, C, D);
    if (s) return s;
    auto f = (Preference*)pref;
    NEED(f && f->kind == 'P' && wanted >= 3);
    for (uint32_t a : f->alignment) NEED(a == 16);
    if (failing.count("epilogue") && p.d->epilogue == (uint32_t)failing["epilogue"]) return (cublasStatus_t)15;
    size_t spaces[] = {0, 4096, f->workspace + 1};
    *count = 3;
    for (int k = 0; k < 3; ++k) {
        out[k] = cublasLtMatmulHeuristicResult_t();
        out[k].algo.data[0] = k + 1, out[k].algo.data[1] = f->reduction, out[k].workspaceSize = spaces[k];
        out[k].state = OK, out[k].wavesCount = 1;
    }
    return OK;
}
static const double C0 = 0.7978845608028654, C1 = 0.044715;
static double gelu(double x) { return 0.5 * x * (1 + std::tanh(C0 * (x + C1 * x * x * x))); }
static double gelu_slope(double x) {
    double t = std::tanh(C0 * (x + C1 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * C0 * (1 + 3 * C1 * x * x);
}
API(cublasLtMatmul)(cublasLtHandle_t h, cublasLtMatmulDesc_t desc, const void* alpha, const void* A, cublasLtMatrixLayout_t Ad, const void* B, cublasLtMatrixLayout_t Bd, const void* beta, const void* C, cublasLtMatrixLayout_t Cd, void* D, cublasLtMatrixLayout_t Dd, const cublasLtMatmulAlgo_t* algo, void* ws, size_t size, cudaStream_t stream) {
    BEGIN("cublasLtMatmul");
    NEED(h && h->kind == 'H' && alpha && beta && A && B && C && D && algo && (intptr_t)stream == 7);
    Problem p;
    cublasStatus_t s = fits(p, desc, Ad, Bd, Cd, Dd);
    if (s) return s;
    NEED(algo->data[0] >= 1 && algo->data[0] <= 2 && size >= (algo->data[0] == 2 ? 4096u : 0u) && (!size || ws));
    if (size) memset(ws, 0xEE, size);
    uint32_t e = p.d->epilogue;
    note("matmul %d x %d x %d, batch %d, epilogue %d, compute %d, algo %d", (int)p.m, (int)p.n, (int)p.k, p.a->batch, (int)e, p.d->compute, (int)algo->data[0]);
    Number in = number(p.a->type), out = number(p.c->type);
    float by = *(const float*)alpha, keep = *(const float*)beta;
    auto a = [&](int64_t q, int64_t i, int64_t j) { return get(A, in, q * p.a->stride + (p.d->ta ? j + i * p.a->ld : i + j * p.a->ld)); };
    auto b = [&](int64_t q, int64_t i, int64_t j) { return get(B, in, q * p.b->stride + (p.d->tb ? j + i * p.b->ld : i + j * p.b->ld)); };
    std::vector<double> rows(p.m, 0.0);
    for (int64_t q = 0; q < p.a->batch; ++q) for (int64_t j = 0; j < p.n; ++j) for (int64_t i = 0; i < p.m; ++i) {
        double sum = 0;
        for (int64_t k = 0; k < p.k; ++k) sum += a(q, i, k) * b(q, k, j);
        int64_t at = q * p.c->stride + i + j * p.c->ld, side = i + j * p.d->aux_ld;
        double v = by * sum + (keep ? keep * get(C, out, at) : 0);
        if (e & 4) v += get(p.d->bias, out, i);
        uint8_t* bits = (uint8_t*)p.d->aux;
        if (e & 2) {
            if (e & 128) bits[side / 8] = (uint8_t)((bits[side / 8] & ~(1 << side % 8)) | ((v > 0) << side % 8));
            v = v > 0 ? v : 0;
        }
        if (e & 8) v = bits[side / 8] >> side % 8 & 1 ? v : 0;
        if (e & 32) { if (e & 128) put(p.d->aux, out, side, v); v = gelu(v); }
        if (e & 64) v *= gelu_slope(get(p.d->aux, out, side));
        if (e & 16) rows[i] += v;
        put(D, out, at, v);
    }
    if (e & 16) for (int64_t i = 0; i < p.m; ++i) put(p.d->bias, out, i, rows[i]);
    if (e & 256) for (int64_t i = 0; i < p.m; ++i) { double t = 0; for (int64_t k = 0; k < p.k; ++k) t += a(0, i, k); put(p.d->bias, out, i, t); }
    if (e & 512) for (int64_t j = 0; j < p.n; ++j) { double t = 0; for (int64_t k = 0; k < p.k; ++k) t += b(0, k, j); put(p.d->bias, out, j, t); }
    return OK;
}
