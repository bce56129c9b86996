/* The few vector steps Swift's SIMD types scalarise: lane conversions and interleaving, at the width of the instruction
   set this header is compiled for. Each function becomes one to three instructions; none is exported. */
#pragma once
#include <math.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define SHIM_F32_LANES 16
#define SHIM_F64_LANES 8
#elif defined(__AVX2__)
#define SHIM_F32_LANES 8
#define SHIM_F64_LANES 4
#else
#define SHIM_F32_LANES 4
#define SHIM_F64_LANES 2
#endif

#define SHIM_VECTOR(T, lanes) T __attribute__((ext_vector_type(lanes)))
#define SHIM_INLINE static inline __attribute__((always_inline, unused))
typedef SHIM_VECTOR(float, SHIM_F32_LANES) shim_vf;
typedef SHIM_VECTOR(float, SHIM_F64_LANES) shim_vf_half;
typedef SHIM_VECTOR(int32_t, SHIM_F32_LANES) shim_vi;
typedef SHIM_VECTOR(uint8_t, SHIM_F32_LANES) shim_vi_bytes;
typedef SHIM_VECTOR(uint8_t, 4 * SHIM_F32_LANES) shim_vb;
typedef SHIM_VECTOR(double, SHIM_F64_LANES) shim_vd;
typedef SHIM_VECTOR(int64_t, SHIM_F64_LANES) shim_vl;
typedef SHIM_VECTOR(uint8_t, SHIM_F64_LANES) shim_vl_bytes;
typedef SHIM_VECTOR(uint64_t, SHIM_F64_LANES) shim_vul;
typedef SHIM_VECTOR(uint32_t, SHIM_F64_LANES) shim_vui_half;

/* -- the low byte of every lane -- */
SHIM_INLINE shim_vi_bytes shim_bytes_i32(shim_vi v) { return __builtin_convertvector(v, shim_vi_bytes); }
SHIM_INLINE shim_vl_bytes shim_bytes_i64(shim_vl v) { return __builtin_convertvector(v, shim_vl_bytes); }

/* -- comparing and choosing, for lanes and in functions where Swift's masks become loops: all bits of a lane, or none -- */
SHIM_INLINE shim_vb shim_less_u8(shim_vb a, shim_vb b) { return (shim_vb)(a < b); }
SHIM_INLINE shim_vb shim_equal_u8(shim_vb a, shim_vb b) { return (shim_vb)(a == b); }
SHIM_INLINE shim_vb shim_choose_u8(shim_vb m, shim_vb a, shim_vb b) { return (m & a) | (~m & b); }
SHIM_INLINE shim_vb shim_not_u8(shim_vb m) { return ~m; }
SHIM_INLINE shim_vb shim_truth_u8(shim_vb m) { return m & 1; }
SHIM_INLINE shim_vl shim_less_f64(shim_vd a, shim_vd b) { return (shim_vl)(a < b); }
SHIM_INLINE shim_vl shim_equal_f64(shim_vd a, shim_vd b) { return (shim_vl)(a == b); }
SHIM_INLINE shim_vd shim_choose_f64(shim_vl m, shim_vd a, shim_vd b) {
  return (shim_vd)((m & (shim_vl)a) | (~m & (shim_vl)b));
}

/* -- r, with libm's sine (turns 0) or cosine in the lanes where |x| > limit: a loop of calls nearly never entered -- */
static inline __attribute__((cold, noinline, unused)) shim_vd shim_sine_lanes(shim_vd r, shim_vd x, double limit, int64_t turns) {
  for (int i = 0; i < SHIM_F64_LANES; i++)
    if (fabs(x[i]) > limit) r[i] = turns == 0 ? sin(x[i]) : cos(x[i]);
  return r;
}
SHIM_INLINE shim_vd shim_sine_beyond(shim_vd r, shim_vd x, double limit, int64_t turns) {
  shim_vl large = (shim_vl)((shim_vd)((shim_vl)x & INT64_MAX) > limit);
  if (__builtin_expect(__builtin_reduce_or(large) != 0, 0)) return shim_sine_lanes(r, x, limit, turns);
  return r;
}

/* -- the largest and the smallest lane; NaN if any lane is -- */
#define SHIM_FOLD(name, V, T, I, reduce) \
  SHIM_INLINE T name(V v) { return __builtin_reduce_or((I)(v != v)) != 0 ? (T)NAN : reduce(v); }
SHIM_FOLD(shim_largest_f32, shim_vf, float, shim_vi, __builtin_reduce_max)
SHIM_FOLD(shim_smallest_f32, shim_vf, float, shim_vi, __builtin_reduce_min)
SHIM_FOLD(shim_largest_f64, shim_vd, double, shim_vl, __builtin_reduce_max)
SHIM_FOLD(shim_smallest_f64, shim_vd, double, shim_vl, __builtin_reduce_min)

/* -- conversions -- */
SHIM_INLINE shim_vf shim_f32_of_i32(shim_vi v) { return __builtin_convertvector(v, shim_vf); }
#if SHIM_F64_LANES == 8
#define SHIM_LOW 0, 1, 2, 3, 4, 5, 6, 7
#define SHIM_HIGH 8, 9, 10, 11, 12, 13, 14, 15
#define SHIM_ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define SHIM_ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#elif SHIM_F64_LANES == 4
#define SHIM_LOW 0, 1, 2, 3
#define SHIM_HIGH 4, 5, 6, 7
#define SHIM_ZIP_LOW 0, 4, 1, 5
#define SHIM_ZIP_HIGH 2, 6, 3, 7
#else
#define SHIM_LOW 0, 1
#define SHIM_HIGH 2, 3
#define SHIM_ZIP_LOW 0, 2
#define SHIM_ZIP_HIGH 1, 3
#endif
SHIM_INLINE shim_vd shim_f64_low(shim_vf v) { return __builtin_convertvector(__builtin_shufflevector(v, v, SHIM_LOW), shim_vd); }
SHIM_INLINE shim_vd shim_f64_high(shim_vf v) { return __builtin_convertvector(__builtin_shufflevector(v, v, SHIM_HIGH), shim_vd); }
SHIM_INLINE shim_vf shim_f32_join(shim_vd low, shim_vd high) {
  shim_vf_half l = __builtin_convertvector(low, shim_vf_half), h = __builtin_convertvector(high, shim_vf_half);
  return __builtin_shufflevector(l, h, SHIM_LOW, SHIM_HIGH);
}

/* -- full products of the low 32 bits of each lane -- */
SHIM_INLINE shim_vul shim_multiply_u32(shim_vul a, shim_vul b) { return (a & 0xffffffffu) * (b & 0xffffffffu); }

/* -- a0 b0 a1 b1 …, first and second half -- */
SHIM_INLINE shim_vul shim_zip_low(shim_vul a, shim_vul b) { return __builtin_shufflevector(a, b, SHIM_ZIP_LOW); }
SHIM_INLINE shim_vul shim_zip_high(shim_vul a, shim_vul b) { return __builtin_shufflevector(a, b, SHIM_ZIP_HIGH); }

/* The floats nearest to a and b, side by side in each 64-bit lane. */
SHIM_INLINE shim_vul shim_f32_pairs(shim_vd a, shim_vd b) {
  shim_vui_half l = (shim_vui_half)__builtin_convertvector(a, shim_vf_half), h = (shim_vui_half)__builtin_convertvector(b, shim_vf_half);
  return __builtin_convertvector(l, shim_vul) | (__builtin_convertvector(h, shim_vul) << 32);
}

/* -- every second lane of a followed by b, and back: a0 b0 a1 b1 …, first and second half -- */
#if SHIM_F64_LANES == 8
#define SHIM_EVEN_F32 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define SHIM_ODD_F32 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define SHIM_MERGE_LOW_F32 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define SHIM_MERGE_HIGH_F32 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define SHIM_EVEN_F64 0, 2, 4, 6, 8, 10, 12, 14
#define SHIM_ODD_F64 1, 3, 5, 7, 9, 11, 13, 15
#define SHIM_MERGE_LOW_F64 0, 8, 1, 9, 2, 10, 3, 11
#define SHIM_MERGE_HIGH_F64 4, 12, 5, 13, 6, 14, 7, 15
#elif SHIM_F64_LANES == 4
#define SHIM_EVEN_F32 0, 2, 4, 6, 8, 10, 12, 14
#define SHIM_ODD_F32 1, 3, 5, 7, 9, 11, 13, 15
#define SHIM_MERGE_LOW_F32 0, 8, 1, 9, 2, 10, 3, 11
#define SHIM_MERGE_HIGH_F32 4, 12, 5, 13, 6, 14, 7, 15
#define SHIM_EVEN_F64 0, 2, 4, 6
#define SHIM_ODD_F64 1, 3, 5, 7
#define SHIM_MERGE_LOW_F64 0, 4, 1, 5
#define SHIM_MERGE_HIGH_F64 2, 6, 3, 7
#else
#define SHIM_EVEN_F32 0, 2, 4, 6
#define SHIM_ODD_F32 1, 3, 5, 7
#define SHIM_MERGE_LOW_F32 0, 4, 1, 5
#define SHIM_MERGE_HIGH_F32 2, 6, 3, 7
#define SHIM_EVEN_F64 0, 2
#define SHIM_ODD_F64 1, 3
#define SHIM_MERGE_LOW_F64 0, 2
#define SHIM_MERGE_HIGH_F64 1, 3
#endif
SHIM_INLINE shim_vf shim_even_f32(shim_vf a, shim_vf b) { return __builtin_shufflevector(a, b, SHIM_EVEN_F32); }
SHIM_INLINE shim_vf shim_odd_f32(shim_vf a, shim_vf b) { return __builtin_shufflevector(a, b, SHIM_ODD_F32); }
SHIM_INLINE shim_vf shim_merge_low_f32(shim_vf a, shim_vf b) { return __builtin_shufflevector(a, b, SHIM_MERGE_LOW_F32); }
SHIM_INLINE shim_vf shim_merge_high_f32(shim_vf a, shim_vf b) { return __builtin_shufflevector(a, b, SHIM_MERGE_HIGH_F32); }
SHIM_INLINE shim_vd shim_even_f64(shim_vd a, shim_vd b) { return __builtin_shufflevector(a, b, SHIM_EVEN_F64); }
SHIM_INLINE shim_vd shim_odd_f64(shim_vd a, shim_vd b) { return __builtin_shufflevector(a, b, SHIM_ODD_F64); }
SHIM_INLINE shim_vd shim_merge_low_f64(shim_vd a, shim_vd b) { return __builtin_shufflevector(a, b, SHIM_MERGE_LOW_F64); }
SHIM_INLINE shim_vd shim_merge_high_f64(shim_vd a, shim_vd b) { return __builtin_shufflevector(a, b, SHIM_MERGE_HIGH_F64); }
