/* libm's functions of one and two doubles, under names that no overlay of Swift's shadows. */
#pragma once
#include <math.h>

/* Linking takes a symbol's newest version, glibc 2.29's and 2.34's for these; the first one that this architecture had has the same
   bits, and lets the library load with any glibc from 2.17 on. SHIM_FIRST follows a declaration under a name of our own. SHIM_STATIC: glibc's
   archives have no versions. */
#if defined(__GLIBC__) && defined(__x86_64__) && !defined(SHIM_STATIC)
#define SHIM_FIRST(name) __asm__(#name "@GLIBC_2.2.5")
#elif defined(__GLIBC__) && defined(__aarch64__) && !defined(SHIM_STATIC)
#define SHIM_FIRST(name) __asm__(#name "@GLIBC_2.17")
#else
#define SHIM_FIRST(name) __asm__(#name)
#endif

#define SHIM_FUNCTION(name) \
  extern double shim_first_##name(double) SHIM_FIRST(name); \
  static inline __attribute__((always_inline, unused)) double shim_##name(double x) { return shim_first_##name(x); }
SHIM_FUNCTION(exp)
SHIM_FUNCTION(exp2)
SHIM_FUNCTION(log)
SHIM_FUNCTION(log2)
#undef SHIM_FUNCTION
extern double shim_first_pow(double, double) SHIM_FIRST(pow);
static inline __attribute__((always_inline, unused)) double shim_pow(double x, double y) { return shim_first_pow(x, y); }

#define SHIM_FUNCTION(name) static inline __attribute__((always_inline, unused)) double shim_##name(double x) { return name(x); }
SHIM_FUNCTION(sin)
SHIM_FUNCTION(expm1)
SHIM_FUNCTION(log10)
SHIM_FUNCTION(log1p)
SHIM_FUNCTION(tan)
SHIM_FUNCTION(asin)
SHIM_FUNCTION(acos)
SHIM_FUNCTION(atan)
SHIM_FUNCTION(sinh)
SHIM_FUNCTION(cosh)
SHIM_FUNCTION(asinh)
SHIM_FUNCTION(acosh)
SHIM_FUNCTION(atanh)
SHIM_FUNCTION(erf)
SHIM_FUNCTION(erfc)
SHIM_FUNCTION(floor)
SHIM_FUNCTION(ceil)
SHIM_FUNCTION(trunc)
SHIM_FUNCTION(rint)
#undef SHIM_FUNCTION

#define SHIM_FUNCTION(name) static inline __attribute__((always_inline, unused)) double shim_##name(double x, double y) { return name(x, y); }
SHIM_FUNCTION(atan2)
SHIM_FUNCTION(copysign)
SHIM_FUNCTION(fmod)
SHIM_FUNCTION(nextafter)
#undef SHIM_FUNCTION

/* The next float, of doubles that are floats. */
static inline __attribute__((always_inline, unused)) double shim_nextafterf(double x, double y) { return nextafterf((float)x, (float)y); }
/* Without the sign that lgamma() leaves in memory all threads share. */
static inline __attribute__((always_inline, unused)) double shim_lgamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}
/* √(x² + y²) without overflow on the way: not libm's, whose newest version would need glibc 2.35. Within one ULP. */
static inline __attribute__((always_inline, unused)) double shim_hypot(double x, double y) {
  double a = fabs(x), b = fabs(y), large = a > b ? a : b, scale = large > 0x1p500 ? 0x1p-600 : large < 0x1p-450 ? 0x1p600 : 1;
  if (isinf(a) || isinf(b)) return INFINITY;
  a *= scale, b *= scale;
  return __builtin_sqrt(a * a + b * b) / scale;
}
