/* What one core of this machine can do at most: multiply-adds from registers alone, and bytes moved at several working-set sizes.
 *
 *     limits [--smoke]
 *
 * Lines of JSON: {"limit": "fma float32", "value": 180, "unit": "GFLOP/s"}, {"limit": "triad", "bytes": 3145728, "value": 40, "unit": "GB/s"}. Vectors are
 * as wide as the processor's, chosen at run time. Bytes are those the program names: a store's fetch of its line is not counted. The best of
 * several windows, because a limit is what was reached once.
 */
#include "measure.h"
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,fma"), noinline))
#define AVX2 __attribute__((target("avx2,fma"), noinline))
#endif
#define PLAIN __attribute__((noinline))

typedef struct {
  void *a, *b, *c;
  size_t bytes; /* of each array */
  double sink;
} Memory;

typedef struct {
  const char *name;
  int lanes;
  double (*fma32)(long), (*fma64)(long);
  void (*read)(void *), (*copy)(void *), (*triad)(void *);
} Level;

/* Twelve chains cover latency 4 at three per cycle. a·x + y contracts to one instruction where there is one. */
#define FMA(NAME, ATTRIBUTE, T, V)                                                                                  \
  ATTRIBUTE static double NAME(long rounds) {                                                                       \
    V a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, x = (V){0} + (T)0.999, y = (V){0} + (T)0.001;                \
    double sum = 0;                                                                                                 \
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = a8 = a9 = a10 = a11 = y;                                                 \
    for (long i = 0; i < rounds; i++) {                                                                             \
      a0 = a0 * x + y; a1 = a1 * x + y; a2 = a2 * x + y; a3 = a3 * x + y;                                           \
      a4 = a4 * x + y; a5 = a5 * x + y; a6 = a6 * x + y; a7 = a7 * x + y;                                           \
      a8 = a8 * x + y; a9 = a9 * x + y; a10 = a10 * x + y; a11 = a11 * x + y;                                       \
      __asm__ volatile("" : CLOBBER(a0), CLOBBER(a1), CLOBBER(a2), CLOBBER(a3), CLOBBER(a4), CLOBBER(a5));          \
      __asm__ volatile("" : CLOBBER(a6), CLOBBER(a7), CLOBBER(a8), CLOBBER(a9), CLOBBER(a10), CLOBBER(a11));        \
    }                                                                                                               \
    a0 += a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11;                                                    \
    for (size_t k = 0; k < sizeof(V) / sizeof(T); k++) sum += (double)a0[k];                                        \
    return sum;                                                                                                     \
  }
#if defined(__x86_64__)
#define CLOBBER(v) "+v"(v)
#else
#define CLOBBER(v) "+w"(v)
#endif

#define MOVE(SUFFIX, ATTRIBUTE, V)                                                                                  \
  ATTRIBUTE static void read_##SUFFIX(void *data) {                                                                 \
    Memory *m = data;                                                                                               \
    const V *a = m->a;                                                                                              \
    V s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};                                                                       \
    for (size_t i = 0, n = m->bytes / sizeof(V); i + 4 <= n; i += 4) {                                              \
      s0 += a[i]; s1 += a[i + 1]; s2 += a[i + 2]; s3 += a[i + 3];                                                   \
    }                                                                                                               \
    s0 += s1 + s2 + s3;                                                                                             \
    m->sink += (double)s0[0];                                                                                       \
  }                                                                                                                 \
  ATTRIBUTE static void copy_##SUFFIX(void *data) {                                                                 \
    Memory *m = data;                                                                                               \
    const V *a = m->a;                                                                                              \
    V *b = m->b;                                                                                                    \
    for (size_t i = 0, n = m->bytes / sizeof(V); i < n; i++) {                                                      \
      b[i] = a[i];                                                                                                  \
      __asm__ volatile("" ::: "memory"); /* or it becomes memcpy, with stores that go round the caches */           \
    }                                                                                                               \
  }                                                                                                                 \
  ATTRIBUTE static void triad_##SUFFIX(void *data) {                                                                \
    Memory *m = data;                                                                                               \
    const V *a = m->a, *b = m->b;                                                                                   \
    V *c = m->c, s = (V){0} + 3;                                                                                    \
    for (size_t i = 0, n = m->bytes / sizeof(V); i < n; i++) c[i] = a[i] + s * b[i];                                \
  }

typedef float F16 __attribute__((vector_size(64)));
typedef double D8 __attribute__((vector_size(64)));
typedef float F8 __attribute__((vector_size(32)));
typedef double D4 __attribute__((vector_size(32)));
typedef float F4 __attribute__((vector_size(16)));
typedef double D2 __attribute__((vector_size(16)));
#if defined(__x86_64__)
FMA(fma32_512, AVX512, float, F16)
FMA(fma64_512, AVX512, double, D8)
MOVE(512, AVX512, F16)
FMA(fma32_256, AVX2, float, F8)
FMA(fma64_256, AVX2, double, D4)
MOVE(256, AVX2, F8)
#endif
FMA(fma32_128, PLAIN, float, F4)
FMA(fma64_128, PLAIN, double, D2)
MOVE(128, PLAIN, F4)

static Level best_level(void) {
#if defined(__x86_64__)
  Level avx512 = {"AVX-512", 16, fma32_512, fma64_512, read_512, copy_512, triad_512};
  Level avx2 = {"AVX2", 8, fma32_256, fma64_256, read_256, copy_256, triad_256};
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
#endif
  return (Level){"128-bit", 4, fma32_128, fma64_128, read_128, copy_128, triad_128};
}

static double least(double (*window)(void *), void *data, int times) {
  double best = window(data);
  for (int i = 1; i < times; i++) {
    double t = window(data);
    if (t < best) best = t;
  }
  return best;
}

typedef struct { double (*run)(long); long rounds; } Peak;
static double peak_window(void *data) {
  Peak *p = data;
  double start = now_ns(), sum = p->run(p->rounds), end = now_ns();
  return sum == 0.5 ? 1e30 : end - start;
}

typedef struct { void (*run)(void *); Memory *memory; double window; } Traffic;
static double traffic_window(void *data) {
  Traffic *t = data;
  return window_of(t->run, t->memory, t->window);
}

int main(int argc, char **argv) {
  int smoke = argc > 1 && !strcmp(argv[1], "--smoke"), times = smoke ? 2 : 15;
  /* Per array: both first-level sizes, second level, third level, memory. */
  size_t sizes[] = {8 << 10, 64 << 10, 256 << 10, 4 << 20, 64 << 20}, count = smoke ? 2 : 5;
  Level level = best_level();
  Memory memory = {0, 0, 0, 0, 0};
  long rounds = smoke ? 1000 : 2000000;
  double flops = 12.0 * 2 * level.lanes * (double)rounds;
  Peak peak32 = {level.fma32, rounds}, peak64 = {level.fma64, rounds};
  printf("{\"limit\": \"fma float32\", \"vectors\": \"%s\", \"value\": %.1f, \"unit\": \"GFLOP/s\"}\n", level.name, flops / least(peak_window, &peak32, times));
  printf("{\"limit\": \"fma float64\", \"vectors\": \"%s\", \"value\": %.1f, \"unit\": \"GFLOP/s\"}\n", level.name, flops / 2 / least(peak_window, &peak64, times));
  for (size_t i = 0; i < count; i++) {
    struct { const char *name; void (*run)(void *); int arrays; } kinds[3] = {{"read", level.read, 1}, {"copy", level.copy, 2}, {"triad", level.triad, 3}};
    memory.bytes = sizes[i];
    if (posix_memalign(&memory.a, 4096, sizes[i]) || posix_memalign(&memory.b, 4096, sizes[i]) || posix_memalign(&memory.c, 4096, sizes[i])) return 1;
    memset(memory.a, 0, sizes[i]);
    memset(memory.b, 0, sizes[i]);
    memset(memory.c, 0, sizes[i]);
    for (int k = 0; k < 3; k++) {
      Traffic traffic = {kinds[k].run, &memory, smoke ? 1e4 : 1e7};
      double bytes = (double)kinds[k].arrays * (double)sizes[i];
      printf("{\"limit\": \"%s\", \"bytes\": %.0f, \"value\": %.1f, \"unit\": \"GB/s\"}\n", kinds[k].name, bytes, bytes / least(traffic_window, &traffic, times));
    }
    free(memory.a);
    free(memory.b);
    free(memory.c);
  }
  return memory.sink == 0.5;
}
