/* A block of a matrix turned on its side, as wide and as high as a vector is long: what packing for a matrix product is made of.
   J. O. Eklundh, "A Fast Computer Method for Matrix Transposing" (1972): blocks of half the size change places, then blocks
   of half that size within them. Static inline, none is exported. */
#pragma once
#include "cshim_lanes.h"
#include "cshim_vector.h"

/* Lane l of the upper (lower) row of a pair h rows apart after the blocks of h lanes changed places; N lanes a row. */
#define SHIM_UP(N, l, h) (((l) & (h)) ? (N) + (l) - (h) : (l))
#define SHIM_DOWN(N, l, h) (((l) & (h)) ? (N) + (l) : (l) + (h))
#define SHIM_LANES_2(F, N, h) F(N, 0, h), F(N, 1, h)
#define SHIM_LANES_4(F, N, h) SHIM_LANES_2(F, N, h), F(N, 2, h), F(N, 3, h)
#define SHIM_LANES_8(F, N, h) SHIM_LANES_4(F, N, h), F(N, 4, h), F(N, 5, h), F(N, 6, h), F(N, 7, h)
#define SHIM_LANES_16(F, N, h)                                                                                              \
  SHIM_LANES_8(F, N, h), F(N, 8, h), F(N, 9, h), F(N, 10, h), F(N, 11, h), F(N, 12, h), F(N, 13, h), F(N, 14, h), F(N, 15, h)
#define SHIM_EXCHANGE(V, N, h)                                                                                              \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < N; i++) if (!(i & h)) {                                            \
    V a = r[i], b = r[i + h];                                                                                               \
    r[i] = __builtin_shufflevector(a, b, SHIM_LANES_##N(SHIM_UP, N, h));                                                    \
    r[i + h] = __builtin_shufflevector(a, b, SHIM_LANES_##N(SHIM_DOWN, N, h));                                               \
  }
#define SHIM_STAGES_2(V, N) SHIM_EXCHANGE(V, N, 1)
#define SHIM_STAGES_4(V, N) SHIM_EXCHANGE(V, N, 2) SHIM_STAGES_2(V, N)
#define SHIM_STAGES_8(V, N) SHIM_EXCHANGE(V, N, 4) SHIM_STAGES_4(V, N)
#define SHIM_STAGES_16(V, N) SHIM_EXCHANGE(V, N, 8) SHIM_STAGES_8(V, N)

/* d[j * ds + i] = s[i * rs + j] for i < rows, and 0 for the lanes i beyond; j < columns. Both at most the lanes of a vector. Reads nothing
   else and writes `columns` whole vectors. */
#define SHIM_TRANSPOSE(NAME, T, V, N, HEAD)                                                                                 \
  SHIM_INLINE void NAME(const T *_Nonnull s, intptr_t rs, intptr_t rows, intptr_t columns, T *_Nonnull d, intptr_t ds) {    \
    V r[N];                                                                                                                 \
    if (rows == N && columns == N) {                                                                                        \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < N; i++) __builtin_memcpy(&r[i], s + i * rs, sizeof(V));        \
      SHIM_STAGES(V, N)                                                                                                     \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < N; j++) __builtin_memcpy(d + j * ds, &r[j], sizeof(V));        \
    } else {                                                                                                                \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < N; i++) r[i] = i < rows ? (V)HEAD(s + i * rs, columns) : (V)0; \
      SHIM_STAGES(V, N)                                                                                                     \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < N; j++)                                                        \
        if (j < columns) __builtin_memcpy(d + j * ds, &r[j], sizeof(V));                                                    \
    }                                                                                                                       \
  }
#if defined(__AVX512F__)
#define SHIM_STAGES SHIM_STAGES_16
SHIM_TRANSPOSE(shim_transpose_f32, float, shim_vf, 16, shim_load_head_f32)
#undef SHIM_STAGES
#define SHIM_STAGES SHIM_STAGES_8
SHIM_TRANSPOSE(shim_transpose_f64, double, shim_vd, 8, shim_load_head_f64)
#elif defined(__AVX2__)
#define SHIM_STAGES SHIM_STAGES_8
SHIM_TRANSPOSE(shim_transpose_f32, float, shim_vf, 8, shim_load_head_f32)
#undef SHIM_STAGES
#define SHIM_STAGES SHIM_STAGES_4
SHIM_TRANSPOSE(shim_transpose_f64, double, shim_vd, 4, shim_load_head_f64)
#else
#define SHIM_STAGES SHIM_STAGES_4
SHIM_TRANSPOSE(shim_transpose_f32, float, shim_vf, 4, shim_load_head_f32)
#undef SHIM_STAGES
#define SHIM_STAGES SHIM_STAGES_2
SHIM_TRANSPOSE(shim_transpose_f64, double, shim_vd, 2, shim_load_head_f64)
#endif
#undef SHIM_STAGES
