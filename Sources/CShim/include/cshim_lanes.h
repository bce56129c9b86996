/* The first n lanes of a vector, loaded and stored: one masked instruction where the instruction set has it.
   The vectors are those of Vector.swift; memory past element n - 1 is not touched. */
#pragma once
#include "cshim.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
typedef float shim_f32_lanes __attribute__((ext_vector_type(16)));
typedef double shim_f64_lanes __attribute__((ext_vector_type(8)));
SHIM shim_f32_lanes shim_load_head_f32(const float *_Nonnull p, intptr_t n) {
  return (shim_f32_lanes)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
SHIM void shim_store_head_f32(float *_Nonnull p, intptr_t n, shim_f32_lanes v) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}
SHIM shim_f64_lanes shim_load_head_f64(const double *_Nonnull p, intptr_t n) {
  return (shim_f64_lanes)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}
SHIM void shim_store_head_f64(double *_Nonnull p, intptr_t n, shim_f64_lanes v) {
  _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v);
}
#elif defined(__AVX2__)
typedef float shim_f32_lanes __attribute__((ext_vector_type(8)));
typedef double shim_f64_lanes __attribute__((ext_vector_type(4)));
SHIM __m256i shim_head_mask_32(intptr_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
SHIM __m256i shim_head_mask_64(intptr_t n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
SHIM shim_f32_lanes shim_load_head_f32(const float *_Nonnull p, intptr_t n) {
  return (shim_f32_lanes)_mm256_maskload_ps(p, shim_head_mask_32(n));
}
SHIM void shim_store_head_f32(float *_Nonnull p, intptr_t n, shim_f32_lanes v) {
  _mm256_maskstore_ps(p, shim_head_mask_32(n), (__m256)v);
}
SHIM shim_f64_lanes shim_load_head_f64(const double *_Nonnull p, intptr_t n) {
  return (shim_f64_lanes)_mm256_maskload_pd(p, shim_head_mask_64(n));
}
SHIM void shim_store_head_f64(double *_Nonnull p, intptr_t n, shim_f64_lanes v) {
  _mm256_maskstore_pd(p, shim_head_mask_64(n), (__m256d)v);
}
#else
typedef float shim_f32_lanes __attribute__((ext_vector_type(4)));
typedef double shim_f64_lanes __attribute__((ext_vector_type(2)));
SHIM shim_f32_lanes shim_load_head_f32(const float *_Nonnull p, intptr_t n) {
  shim_f32_lanes v = {n > 0 ? p[0] : 0, n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, n > 3 ? p[3] : 0};
  return v;
}
SHIM void shim_store_head_f32(float *_Nonnull p, intptr_t n, shim_f32_lanes v) {
  for (intptr_t i = 0; i < n; i++) p[i] = v[i];
}
SHIM shim_f64_lanes shim_load_head_f64(const double *_Nonnull p, intptr_t n) {
  shim_f64_lanes v = {n > 0 ? p[0] : 0, n > 1 ? p[1] : 0};
  return v;
}
SHIM void shim_store_head_f64(double *_Nonnull p, intptr_t n, shim_f64_lanes v) {
  for (intptr_t i = 0; i < n; i++) p[i] = v[i];
}
#endif
