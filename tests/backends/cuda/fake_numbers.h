// What the fake libraries share: numbers of three types, statuses asked for by tests, a log of calls.
#pragma once
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

static std::map<std::string, int> failing;
static std::string calls, last_error;

extern "C" void fakeFail(const char* function, int status) { failing[function] = status; }
extern "C" const char* fakeLog() { return calls.c_str(); }
extern "C" void fakeReset() { failing.clear(), calls.clear(), last_error.clear(); }

static void note(const char* format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    calls += std::string(text) + "\n";
}

static float half_to_float(uint16_t h) {
    int sign = h >> 15, exponent = (h >> 10) & 31, fraction = h & 1023;
    double v = exponent == 31   ? (fraction ? NAN : INFINITY)
               : exponent == 0  ? std::ldexp(fraction, -24)
                                : std::ldexp(1024 + fraction, exponent - 25);
    return (float)(sign ? -v : v);
}

static uint16_t float_to_half(float f) {
    uint16_t sign = std::signbit(f) ? 0x8000 : 0;
    double v = std::fabs((double)f);
    if (v != v) return 0x7e00;
    int e;
    std::frexp(v, &e);
    if (v == 0) return sign;
    e = std::max(e, -13);
    double steps = std::nearbyint(std::ldexp(v, 11 - e));
    double rounded = std::ldexp(steps, e - 11);
    if (rounded >= 65520) return sign | 0x7c00;
    if (rounded < std::ldexp(1, -14)) return sign | (uint16_t)std::ldexp(rounded, 24);
    std::frexp(rounded, &e);
    return sign | (uint16_t)(((e + 14) << 10) + ((int)std::ldexp(rounded, 11 - e) - 1024));
}

enum Number { F32, F16, BF16 };

static double get(const void* p, Number t, int64_t i) {
    if (t == F32) return ((const float*)p)[i];
    uint16_t bits = ((const uint16_t*)p)[i];
    if (t == F16) return half_to_float(bits);
    uint32_t wide = (uint32_t)bits << 16;
    float f;
    memcpy(&f, &wide, 4);
    return f;
}

static void put(void* p, Number t, int64_t i, double v) {
    float f = (float)v;
    if (t == F32) ((float*)p)[i] = f;
    else if (t == F16) ((uint16_t*)p)[i] = float_to_half(f);
    else {
        uint32_t b;
        memcpy(&b, &f, 4);
        ((uint16_t*)p)[i] = f != f ? 0x7fc0 : (uint16_t)((b + 0x7fff + ((b >> 16) & 1)) >> 16);
    }
}
