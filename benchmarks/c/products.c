/* Matrix products of backprop beside those of BLAS libraries, taking turns in one process.
 *
 *     products [--smoke] [--threads N] [NAME=LIBRARY …]      e.g. openblas=/usr/lib/libopenblas.so mkl=libmkl_rt.so.3
 *
 * A line of JSON per shape: GFLOP/s of each (medians), and the ratio of times ours/theirs (median over the rounds). The libraries are told
 * how many threads to use by their own environment variables. backprop is called as a program calls it: bp_matmul(), result allocated and freed.
 */
#include "measure.h"
#include <backprop.h>
#include <dlfcn.h>
#include <math.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112, MOST = 4, ROUNDS = 15 };

/* Integers of 64 bits: libraries built for 32 read the lower half of the register. */
typedef void (*Sgemm)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, float, const float *, int64_t, const float *, int64_t, float, float *, int64_t);
typedef void (*Dgemm)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, double, const double *, int64_t, const double *, int64_t, double, double *, int64_t);

typedef struct { const char *name; Sgemm s; Dgemm d; } Library;
/* A (m × k, stored k × m when ta) times B (k × n, stored n × k when tb). */
typedef struct { int64_t m, k, n; int ta, tb, is_double; } Shape;
typedef struct {
  Shape shape;
  const Library *library; /* NULL: backprop */
  bp_context *ctx;
  bp_tensor *a, *b;
  void *pa, *pb, *pc;
} Product;

static const Shape shapes[] = {
  {64, 64, 64, 0, 0, 0}, {128, 128, 128, 0, 0, 0}, {256, 256, 256, 0, 0, 0}, {512, 512, 512, 0, 0, 0}, {1024, 1024, 1024, 0, 0, 0}, {2048, 2048, 2048, 0, 0, 0},
  {64, 784, 256, 0, 0, 0}, {256, 64, 784, 1, 0, 0}, {64, 256, 784, 0, 1, 0}, {4096, 32, 32, 0, 0, 0}, {512, 512, 512, 1, 0, 0}, {512, 512, 512, 0, 1, 0},
  {1, 784, 256, 0, 0, 0}, {1024, 128, 384, 0, 0, 0}, {256, 256, 256, 0, 0, 1}, {512, 512, 512, 0, 0, 1},
};

static void *symbol(void *library, const char *const *names) {
  for (; *names; names++) {
    void *p = dlsym(library, *names);
    if (p) return p;
  }
  return NULL;
}

static int open_library(Library *out, char *argument) {
  static const char *const s[] = {"scipy_cblas_sgemm64_", "cblas_sgemm64_", "cblas_sgemm", NULL};
  static const char *const d[] = {"scipy_cblas_dgemm64_", "cblas_dgemm64_", "cblas_dgemm", NULL};
  char *path = strchr(argument, '=');
  void *library, *p;
  if (!path) return 0;
  *path++ = 0;
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "products: %s\n", dlerror());
    return 0;
  }
  out->name = argument;
  p = symbol(library, s);
  memcpy(&out->s, &p, sizeof p);
  if (!p) return 0;
  p = symbol(library, d);
  memcpy(&out->d, &p, sizeof p);
  return p != NULL;
}

static void run(void *data) {
  const Product *p = data;
  const Shape s = p->shape;
  int64_t lda = s.ta ? s.m : s.k, ldb = s.tb ? s.k : s.n;
  if (!p->library) {
    bp_release(bp_matmul(p->a, p->b));
  } else if (s.is_double) {
    p->library->d(ROW_MAJOR, s.ta ? TRANS : NO_TRANS, s.tb ? TRANS : NO_TRANS, s.m, s.n, s.k, 1, p->pa, lda, p->pb, ldb, 0, p->pc, s.n);
  } else {
    p->library->s(ROW_MAJOR, s.ta ? TRANS : NO_TRANS, s.tb ? TRANS : NO_TRANS, s.m, s.n, s.k, 1, p->pa, lda, p->pb, ldb, 0, p->pc, s.n);
  }
}

static bp_tensor *matrix(bp_context *ctx, int64_t rows, int64_t columns, int transposed, int is_double, void **memory) {
  int64_t shape[2];
  bp_tensor *stored;
  shape[0] = transposed ? columns : rows;
  shape[1] = transposed ? rows : columns;
  stored = bp_randn(ctx, is_double ? BP_FLOAT64 : BP_FLOAT32, 2, shape);
  *memory = bp_data(stored);
  return transposed ? bp_transpose(stored, 0, 1) : stored;
}

/* The largest difference between our product and the library's. */
static double difference(Product *p) {
  bp_tensor *ours = bp_matmul(p->a, p->b);
  const void *c = bp_data(ours);
  double worst = 0;
  run(p);
  for (int64_t i = 0; i < p->shape.m * p->shape.n; i++) {
    double d = p->shape.is_double ? ((const double *)c)[i] - ((double *)p->pc)[i] : (double)((const float *)c)[i] - (double)((float *)p->pc)[i];
    if (!(fabs(d) <= worst)) worst = fabs(d);
  }
  bp_release(ours);
  return worst;
}

static int measure(bp_context *ctx, Shape s, const Library *libraries, int count, int threads, int smoke) {
  double flops = 2.0 * (double)s.m * (double)s.k * (double)s.n, times[MOST + 1][ROUNDS], ratios[ROUNDS];
  double window = smoke ? 1e4 : 2e6;
  int rounds = smoke ? 2 : flops > 1e9 ? 7 : ROUNDS;
  Product p[MOST + 1];
  memset(p, 0, sizeof p);
  bp_scope_push(ctx);
  bp_no_grad_push(ctx);
  p[0].shape = s;
  p[0].ctx = ctx;
  p[0].a = matrix(ctx, s.m, s.k, s.ta, s.is_double, &p[0].pa);
  p[0].b = matrix(ctx, s.k, s.n, s.tb, s.is_double, &p[0].pb);
  p[0].pc = malloc((size_t)(s.m * s.n) * 8);
  for (int i = 1; i <= count; i++) {
    p[i] = p[0];
    p[i].library = &libraries[i - 1];
    if (!(difference(&p[i]) < 1e-5 * (double)s.k)) {
      fprintf(stderr, "products: %s differs by %g at %d x %d x %d\n", libraries[i - 1].name, difference(&p[i]), (int)s.m, (int)s.k, (int)s.n);
      return 1;
    }
  }
  for (int i = 0; i <= count; i++) run(&p[i]);
  for (int r = 0; r < rounds; r++)
    for (int i = 0; i <= count; i++) times[i][r] = window_of(run, &p[i], window);
  printf("{\"product\": \"%s%dx%d%s·%s%dx%d%s\", \"type\": \"%s\", \"m\": %d, \"k\": %d, \"n\": %d, \"threads\": %d", s.ta ? "(" : "", (int)(s.ta ? s.k : s.m),
         (int)(s.ta ? s.m : s.k), s.ta ? ")ᵀ" : "", s.tb ? "(" : "", (int)(s.tb ? s.n : s.k), (int)(s.tb ? s.k : s.n), s.tb ? ")ᵀ" : "",
         s.is_double ? "float64" : "float32", (int)s.m, (int)s.k, (int)s.n, threads);
  for (int i = 1; i <= count; i++) {
    for (int r = 0; r < rounds; r++) ratios[r] = times[0][r] / times[i][r];
    printf(", \"%s\": %.2f, \"ratio_%s\": %.4f", libraries[i - 1].name, flops / median_of(times[i], rounds), libraries[i - 1].name, median_of(ratios, rounds));
  }
  printf(", \"backprop\": %.2f, \"unit\": \"GFLOP/s\"}\n", flops / median_of(times[0], rounds));
  fflush(stdout);
  free(p[0].pc);
  bp_no_grad_pop(ctx);
  bp_scope_pop(ctx);
  return 0;
}

int main(int argc, char **argv) {
  bp_context *ctx = bp_context_create(NULL);
  Library libraries[MOST];
  int count = 0, smoke = 0, threads = 1, failed = 0;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--smoke")) smoke = 1;
    else if (!strcmp(argv[i], "--threads") && i + 1 < argc) threads = atoi(argv[++i]);
    else if (count < MOST && open_library(&libraries[count], argv[i])) count++;
    else fprintf(stderr, "products: '%s' left out\n", argv[i]);
  }
  bp_set_num_threads(ctx, threads);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    if (!smoke || shapes[i].m * shapes[i].k * shapes[i].n < 20000000) failed |= measure(ctx, shapes[i], libraries, count, threads, smoke);
  if (bp_context_status(ctx)) {
    fprintf(stderr, "products: %s\n", bp_context_message(ctx));
    failed = 1;
  }
  bp_context_destroy(ctx);
  return failed;
}
