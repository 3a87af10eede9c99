// A cuDNN on the host, for small cases: the same functions, arguments and rules, computed by loops in double precision.
// Every descriptor carries its kind, so that two that are exchanged are found; workspaces are filled, so that one that is
// too small damages what lies behind it. With -DREAL the prototypes are those of NVIDIA's own header.
#include "fake_numbers.h"
#ifdef REAL
#include <cudnn.h>
#else
typedef struct cudnnContext* cudnnHandle_t;
typedef struct cudnnTensorStruct* cudnnTensorDescriptor_t;
typedef struct cudnnFilterStruct* cudnnFilterDescriptor_t;
typedef struct cudnnConvolutionStruct* cudnnConvolutionDescriptor_t;
typedef struct cudnnActivationStruct* cudnnActivationDescriptor_t;
typedef void* cudaStream_t;
typedef int cudnnStatus_t, cudnnDataType_t, cudnnTensorFormat_t, cudnnConvolutionMode_t, cudnnMathType_t,
    cudnnConvolutionFwdAlgo_t, cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdFilterAlgo_t, cudnnDeterminism_t,
    cudnnNanPropagation_t, cudnnActivationMode_t;
typedef struct {
    int algo, status;
    float time;
    size_t memory;
    int determinism, mathType, reserved[3];
} Perf;
typedef Perf cudnnConvolutionFwdAlgoPerf_t, cudnnConvolutionBwdDataAlgoPerf_t, cudnnConvolutionBwdFilterAlgoPerf_t;
#endif
#define API(name) extern "C" cudnnStatus_t name
#define OK ((cudnnStatus_t)0)
#define BAD ((cudnnStatus_t)2000)

struct cudnnContext { int kind = 'H'; void* stream = nullptr; };
struct Shape { int kind, dtype, nd, dim[8], step[8]; };
struct cudnnTensorStruct : Shape { cudnnTensorStruct() { kind = 'T'; } };
struct cudnnFilterStruct : Shape { cudnnFilterStruct() { kind = 'F'; } };
struct cudnnConvolutionStruct { int kind = 'C', nd, pad[3], step[3], apart[3], mode, compute, groups = 1, math = 0; };
struct cudnnActivationStruct { int kind = 'A', mode; };

static cudnnStatus_t refuse(const char* why, cudnnStatus_t status = BAD) {
    last_error = why;
    return status;
}
#define BEGIN(name) \
    if (failing.count(name)) return refuse("asked for by the test", (cudnnStatus_t)failing[name]);
#define NEED(what) \
    if (!(what)) return refuse(#what);
#define KIND(d, k) NEED((d) && (d)->kind == (k))

static int living = 0;
extern "C" int fakeLiving() { return living; }
#define LIFE(Name, Type)                                                        \
    API(cudnnCreate##Name)(Type * out) { ++living; return *out = new std::remove_pointer<Type>::type(), OK; } \
    API(cudnnDestroy##Name)(Type d) { --living; return delete d, OK; }
#include <type_traits>
LIFE(TensorDescriptor, cudnnTensorDescriptor_t)
LIFE(FilterDescriptor, cudnnFilterDescriptor_t)
LIFE(ConvolutionDescriptor, cudnnConvolutionDescriptor_t)
LIFE(ActivationDescriptor, cudnnActivationDescriptor_t)

API(cudnnCreate)(cudnnHandle_t* out) {
    BEGIN("cudnnCreate");
    ++living;
    return *out = new cudnnContext, OK;
}
API(cudnnDestroy)(cudnnHandle_t h) { --living; return delete h, OK; }
API(cudnnSetStream)(cudnnHandle_t h, cudaStream_t s) {
    KIND(h, 'H');
    note("stream %d", (int)(intptr_t)s);
    return h->stream = s, OK;
}
extern "C" size_t cudnnGetVersion(void) { return 91900; }
extern "C" const char* cudnnGetErrorString(cudnnStatus_t s) { return (int)s == 2000 ? "CUDNN_STATUS_BAD_PARAM" : "CUDNN_STATUS_FAKE"; }
extern "C" void cudnnGetLastErrorString(char* text, size_t size) { snprintf(text, size, "%s", last_error.c_str()); }

static Number number(int dtype) { return dtype == 0 ? F32 : dtype == 2 ? F16 : BF16; }
static int bytes(int dtype) { return dtype == 0 ? 4 : 2; }

API(cudnnSetTensorNdDescriptor)(cudnnTensorDescriptor_t d, cudnnDataType_t t, int nd, const int* dim, const int* step) {
    BEGIN("cudnnSetTensorNdDescriptor");
    KIND(d, 'T');
    NEED(nd >= 4 && nd <= 5 && ((int)t == 0 || (int)t == 2 || (int)t == 9));
    d->dtype = (int)t, d->nd = nd;
    for (int k = 0; k < nd; ++k) {
        NEED(dim[k] > 0 && step[k] > 0);
        d->dim[k] = dim[k], d->step[k] = step[k];
    }
    return OK;
}
API(cudnnSetFilterNdDescriptor)(cudnnFilterDescriptor_t d, cudnnDataType_t t, cudnnTensorFormat_t f, int nd, const int* dim) {
    KIND(d, 'F');
    NEED(nd >= 4 && nd <= 5 && ((int)f == 0 || (int)f == 1));
    d->dtype = (int)t, d->nd = nd;
    for (int k = 0; k < nd; ++k) d->dim[k] = dim[k];
    int order[8] = {0}, n = 1;
    if ((int)f == 0) order[n++] = 1;
    for (int k = 2; k < nd; ++k) order[n++] = k;
    if ((int)f == 1) order[n++] = 1;
    for (int k = nd - 1, step = 1; k >= 0; --k) d->step[order[k]] = step, step *= dim[order[k]];
    return OK;
}
API(cudnnSetConvolutionNdDescriptor)(cudnnConvolutionDescriptor_t d, int n, const int* pad, const int* step, const int* apart,
                                     cudnnConvolutionMode_t mode, cudnnDataType_t compute) {
    KIND(d, 'C');
    NEED(n >= 2 && n <= 3 && (int)mode == 1 && (int)compute == 0);
    d->nd = n, d->mode = (int)mode, d->compute = (int)compute;
    for (int k = 0; k < n; ++k) {
        NEED(pad[k] >= 0 && step[k] > 0 && apart[k] > 0);
        d->pad[k] = pad[k], d->step[k] = step[k], d->apart[k] = apart[k];
    }
    return OK;
}
API(cudnnSetConvolutionGroupCount)(cudnnConvolutionDescriptor_t d, int n) { KIND(d, 'C'); return d->groups = n, OK; }
API(cudnnSetConvolutionMathType)(cudnnConvolutionDescriptor_t d, cudnnMathType_t m) { KIND(d, 'C'); return d->math = (int)m, OK; }
API(cudnnSetActivationDescriptor)(cudnnActivationDescriptor_t d, cudnnActivationMode_t m, cudnnNanPropagation_t, double) {
    KIND(d, 'A');
    return d->mode = (int)m, OK;
}
// A tensor or filter as (a, b, 3 spatial axes).
struct View {
    char* p;
    Number t;
    int64_t a, b, s[3], sa, sb, ss[3];
    View(const Shape& d, const void* q) : p((char*)q), t(number(d.dtype)), a(d.dim[0]), b(d.dim[1]), sa(d.step[0]), sb(d.step[1]) {
        for (int k = 0; k < 3; ++k) {
            int axis = d.nd - 3 + k;
            s[k] = axis >= 2 ? d.dim[axis] : 1, ss[k] = axis >= 2 ? d.step[axis] : 0;
        }
    }
    int64_t at(int64_t i, int64_t j, int64_t x, int64_t y, int64_t z) const { return i * sa + j * sb + x * ss[0] + y * ss[1] + z * ss[2]; }
    double get(int64_t i) const { return ::get(p, t, i); }
    void blend(int64_t i, double v, float alpha, float beta) const { ::put(p, t, i, alpha * v + (beta ? beta * get(i) : 0)); }
};

static int axis(const int* v, int nd, int k, int other) { return k - (3 - nd) >= 0 ? v[k - (3 - nd)] : other; }

// f(x index, w index, y index) for every product of a convolution.
template <class F> static void products(const View& x, const View& w, const View& y, const cudnnConvolutionStruct& c, F f) {
    int64_t per = y.b / c.groups;
    int pad[3], step[3], apart[3];
    for (int k = 0; k < 3; ++k) pad[k] = axis(c.pad, c.nd, k, 0), step[k] = axis(c.step, c.nd, k, 1), apart[k] = axis(c.apart, c.nd, k, 1);
    for (int64_t n = 0; n < y.a; ++n) for (int64_t o = 0; o < y.b; ++o) for (int64_t i = 0; i < w.b; ++i)
    for (int64_t u = 0; u < y.s[0]; ++u) for (int64_t v = 0; v < y.s[1]; ++v) for (int64_t q = 0; q < y.s[2]; ++q)
    for (int64_t d = 0; d < w.s[0]; ++d) for (int64_t r = 0; r < w.s[1]; ++r) for (int64_t s = 0; s < w.s[2]; ++s) {
        int64_t a = u * step[0] - pad[0] + d * apart[0], b = v * step[1] - pad[1] + r * apart[1], e = q * step[2] - pad[2] + s * apart[2];
        if (a < 0 || b < 0 || e < 0 || a >= x.s[0] || b >= x.s[1] || e >= x.s[2]) continue;
        f(x.at(n, o / per * w.b + i, a, b, e), w.at(o, i, d, r, s), y.at(n, o, u, v, q));
    }
}

static cudnnStatus_t fits(const Shape* x, const Shape* w, const cudnnConvolutionStruct* c, const Shape* y) {
    KIND(x, 'T'); KIND(w, 'F'); KIND(c, 'C'); KIND(y, 'T');
    NEED(x->dtype == w->dtype && x->dtype == y->dtype && x->nd == w->nd && x->nd == y->nd && c->nd == x->nd - 2);
    NEED(x->dim[0] == y->dim[0] && w->dim[0] == y->dim[1] && w->dim[1] * c->groups == x->dim[1] && y->dim[1] % c->groups == 0);
    for (int k = 0; k < c->nd; ++k) {
        int span = c->apart[k] * (w->dim[k + 2] - 1) + 1;
        NEED(y->dim[k + 2] == (x->dim[k + 2] + 2 * c->pad[k] - span) / c->step[k] + 1);
    }
    bool last = x->step[1] == 1 && x->dim[1] > 1;
    if (last && w->dim[1] > 1) NEED(w->step[1] == 1);  // channels-last data want channels-last filters
    return OK;
}

struct Known { int algo, deterministic, per; };  // workspace: per * elements of y
static const Known FORWARD[] = {{1, 1, 4}, {0, 1, 0}, {7, 1, 1 << 28}}, DATA[] = {{0, 0, 0}, {1, 1, 2}},
                   FILTER[] = {{3, 0, 1}, {1, 1, 2}, {0, 0, 0}};

static const Known* known(const Known* list, int n, int algo) {
    for (int k = 0; k < n; ++k) if (list[k].algo == algo) return list + k;
    return nullptr;
}
static int64_t elements(const Shape* s) {
    int64_t n = 1;
    for (int k = 0; k < s->nd; ++k) n *= s->dim[k];
    return n;
}
template <class P> static void list(const Known* all, int n, int math, int64_t size, int* count, P* out) {
    *count = n;
    for (int k = 0; k < n; ++k) {
        out[k] = P();
        out[k].algo = (decltype(out[k].algo))all[k].algo, out[k].status = OK, out[k].time = -1;
        out[k].memory = (size_t)(all[k].per * size), out[k].determinism = (decltype(out[k].determinism))all[k].deterministic;
        out[k].mathType = (decltype(out[k].mathType))math;
    }
}
#define DIRECTION(Long, LIST, Algo, Result, DA, DB, DO, X, W, Y)                                                      \
    API(cudnnGetConvolution##Long##WorkspaceSize)(cudnnHandle_t h, const DA a, const DB b, const cudnnConvolutionDescriptor_t c, const DO o, Algo algo, size_t* size) { \
        KIND(h, 'H');                                                                                                 \
        cudnnStatus_t s = fits(X, W, c, Y);                                                                           \
        if (s) return s;                                                                                              \
        const Known* k = known(LIST, sizeof LIST / sizeof *LIST, (int)algo);                                          \
        NEED(k);                                                                                                      \
        return *size = (size_t)(k->per * elements(Y)), OK;                                                            \
    }                                                                                                                 \
    API(cudnnGetConvolution##Long##Algorithm_v7)(cudnnHandle_t h, const DA a, const DB b, const cudnnConvolutionDescriptor_t c, const DO o, const int n, int* count, Result* out) { \
        BEGIN("cudnnGetConvolution" #Long "Algorithm_v7");                                                            \
        KIND(h, 'H');                                                                                                 \
        cudnnStatus_t s = fits(X, W, c, Y);                                                                           \
        if (s) return s;                                                                                              \
        NEED(n >= 3);                                                                                                 \
        return list(LIST, sizeof LIST / sizeof *LIST, c->math, elements(Y), count, out), OK;                   \
    }                                                                                                                 \
    API(cudnnConvolution##Long)(cudnnHandle_t h, const void* alpha, const DA a, const void* pa, const DB b, const void* pb, const cudnnConvolutionDescriptor_t c, Algo algo, void* ws, size_t size, const void* beta, const DO o, void* po) { \
        BEGIN("cudnnConvolution" #Long);                                                                              \
        KIND(h, 'H');                                                                                                 \
        cudnnStatus_t s = fits(X, W, c, Y);                                                                           \
        if (s) return s;                                                                                              \
        const Known* k = known(LIST, sizeof LIST / sizeof *LIST, (int)algo);                                          \
        NEED(k && alpha && beta && pa && pb && po);                                                                   \
        NEED(size >= (size_t)(k->per * elements(Y)) && (size == 0 || ws));                                            \
        if (size) memset(ws, 0xEE, size);                                                                             \
        note(#Long " algo %d math %d groups %d", (int)algo, c->math, c->groups);                                      \
        View x(*X, X == (const Shape*)a ? pa : po), y(*Y, Y == (const Shape*)o ? po : pb), w(*W, W == (const Shape*)a ? pa : W == (const Shape*)b ? pb : po), t(*o, po); \
        std::vector<double> sum(reach(*o), 0.0);                                                                      \
        products(x, w, y, *c, [&](int64_t i, int64_t j, int64_t m) { add(sum, x, w, y, t, i, j, m); });               \
        each(t, [&](int64_t i) { t.blend(i, sum[i], *(const float*)alpha, *(const float*)beta); });                   \
        return OK;                                                                                                    \
    }
static int64_t reach(const Shape& d) {
    int64_t n = 1;
    for (int k = 0; k < d.nd; ++k) n += (int64_t)(d.dim[k] - 1) * d.step[k];
    return n;
}
static void add(std::vector<double>& sum, const View& x, const View& w, const View& y, const View& out, int64_t i, int64_t j, int64_t m) {
    if (out.p == y.p) sum[m] += x.get(i) * w.get(j);
    else if (out.p == x.p) sum[i] += y.get(m) * w.get(j);
    else sum[j] += x.get(i) * y.get(m);
}
template <class F> static void each(const View& t, F f) {
    for (int64_t i = 0; i < t.a; ++i) for (int64_t j = 0; j < t.b; ++j) for (int64_t u = 0; u < t.s[0]; ++u)
    for (int64_t v = 0; v < t.s[1]; ++v) for (int64_t q = 0; q < t.s[2]; ++q) f(t.at(i, j, u, v, q));
}
DIRECTION(Forward, FORWARD, cudnnConvolutionFwdAlgo_t, cudnnConvolutionFwdAlgoPerf_t, cudnnTensorDescriptor_t, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t, (const Shape*)a, (const Shape*)b, (const Shape*)o)
DIRECTION(BackwardData, DATA, cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdDataAlgoPerf_t, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t, cudnnTensorDescriptor_t, (const Shape*)o, (const Shape*)a, (const Shape*)b)
DIRECTION(BackwardFilter, FILTER, cudnnConvolutionBwdFilterAlgo_t, cudnnConvolutionBwdFilterAlgoPerf_t, cudnnTensorDescriptor_t, cudnnTensorDescriptor_t, cudnnFilterDescriptor_t, (const Shape*)a, (const Shape*)o, (const Shape*)b)

static double apply(int mode, double v) { return mode == 0 ? 1 / (1 + std::exp(-v)) : mode == 1 ? (v > 0 || v != v ? v : 0) : mode == 2 ? std::tanh(v) : v; }

API(cudnnConvolutionBiasActivationForward)(cudnnHandle_t h, const void* alpha1, const cudnnTensorDescriptor_t xd, const void* x, const cudnnFilterDescriptor_t wd, const void* w, const cudnnConvolutionDescriptor_t c, cudnnConvolutionFwdAlgo_t algo, void* ws, size_t size, const void* alpha2, const cudnnTensorDescriptor_t zd, const void* z, const cudnnTensorDescriptor_t bd, const void* bias, const cudnnActivationDescriptor_t act, const cudnnTensorDescriptor_t yd, void* y) {
    BEGIN("cudnnConvolutionBiasActivationForward");
    KIND(zd, 'T'); KIND(bd, 'T'); KIND(act, 'A');
    NEED(alpha1 && alpha2 && bias && z && bd->dtype == yd->dtype && bd->dim[0] == 1 && bd->dim[1] == yd->dim[1]);
    NEED(act->mode == 1 || (act->mode == 5 && (int)algo == 1));
    std::vector<double> extra(reach(*yd), 0.0);
    View out(*yd, y), other(*zd, z), b(*bd, bias);
    float factor = *(const float*)alpha2, zero = 0;
    if (factor) each(other, [&](int64_t i) { extra[i] = factor * other.get(i); });
    cudnnStatus_t s = cudnnConvolutionForward(h, alpha1, xd, x, wd, w, c, algo, ws, size, &zero, yd, y);
    if (s) return s;
    note("bias, activation %d, addend %d", act->mode, factor != 0);
    for (int64_t i = 0; i < out.a; ++i) for (int64_t j = 0; j < out.b; ++j) for (int64_t u = 0; u < out.s[0]; ++u)
    for (int64_t v = 0; v < out.s[1]; ++v) for (int64_t q = 0; q < out.s[2]; ++q) {
        int64_t at = out.at(i, j, u, v, q);
        ::put(y, out.t, at, apply(act->mode, out.get(at) + extra[at] + b.get(b.at(0, j, 0, 0, 0))));
    }
    return OK;
}
#ifndef REAL
#include "fake_cudnn_graph.h"
#endif
