// A driver of no GPU, for cuDNN to make plans with: it says that it has loaded what cuDNN compiled, and starts nothing.
#include <stddef.h>
typedef void* P;
#define API(name) extern "C" int name
API(cuInit)(unsigned) { return 100; }
API(cuDriverGetVersion)(int* v) { return *v = 13000, 0; }
API(cuDeviceGetCount)(int* n) { return *n = 1, 0; }
API(cuDeviceGet)(int* d, int i) { return *d = i, 0; }
API(cuLibraryLoadData)(P* out, const void*, P, P, unsigned, P, P, unsigned) { return *out = (P)0x1000, 0; }
API(cuLibraryGetKernel)(P* out, P, const char*) { return *out = (P)0x2000, 0; }
API(cuLibraryUnload)(P) { return 0; }
API(cuKernelSetAttribute)(int, int, P, int) { return 0; }
API(cuKernelGetAttribute)(int* v, int, P, int) { return *v = 0, 0; }
API(cuOccupancyMaxPotentialClusterSize)(int* v, P, P) { return *v = 8, 0; }
API(cuCtxGetCurrent)(P* c) { return *c = (P)0x3000, 0; }
API(cuCtxPushCurrent)(P) { return 0; }
API(cuCtxPopCurrent)(P*) { return 0; }
API(cuCtxGetLimit)(size_t* v, int) { return *v = 0, 0; }
API(cuGetErrorName)(int, const char** s) { return *s = "of the driver of no GPU", 0; }
API(cuGetErrorString)(int, const char** s) { return *s = "of the driver of no GPU", 0; }
#define NONE(name) API(name)() { return 100; }
NONE(cuStreamGetCtx) NONE(cuLibraryLoadFromFile) NONE(cuLaunchKernel) NONE(cuLaunchCooperativeKernel) NONE(cuLaunchKernelEx)
NONE(cuLinkCreate) NONE(cuLinkAddData) NONE(cuLinkComplete) NONE(cuLinkDestroy)
