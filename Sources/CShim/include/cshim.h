/* What only C can say to Swift: libc without the Glibc module, atomics, CPU features, and the SIMD
   instructions Swift has no spelling for. Everything is static inline: no symbol of this file is exported. */
#pragma once
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#define SHIM static inline __attribute__((always_inline, unused))

/* -- memory -- */
SHIM void *_Nullable shim_malloc(size_t bytes) { return malloc(bytes); }
SHIM void *_Nullable shim_realloc(void *_Nullable p, size_t bytes) { return realloc(p, bytes); }
/* 64-byte aligned; bytes is rounded up to a multiple of 64. NULL when it cannot be had. */
SHIM void *_Nullable shim_aligned_malloc(size_t bytes) {
  void *p = NULL;
  if (bytes > SIZE_MAX - 64) return NULL;
  return posix_memalign(&p, 64, (bytes + 63) & ~(size_t)63) ? NULL : p;
}
SHIM void shim_free(void *_Nullable p) { free(p); }

/* -- atomics, on words the engine owns -- */
SHIM uint32_t shim_load(const uint32_t *_Nonnull p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
SHIM void shim_store(uint32_t *_Nonnull p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
SHIM uint32_t shim_add(uint32_t *_Nonnull p, uint32_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
SHIM int shim_swap_if(uint32_t *_Nonnull p, uint32_t expected, uint32_t v) {
  return __atomic_compare_exchange_n(p, &expected, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* -- CPU -- */
/* 4: AVX-512 (x86-64-v4), 3: AVX2 and FMA (x86-64-v3), 1: what the compiler's baseline has. */
SHIM int shim_isa_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return 4;
  if (__builtin_cpu_supports("x86-64-v3")) return 3;
#endif
  return 1;
}
SHIM const char *_Nullable shim_getenv(const char *_Nonnull name) { return getenv(name); }
