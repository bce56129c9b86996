/* Memory over a training loop: no page faults once it runs, kept blocks serve other sizes, trimming gives back, the high-water mark can begin anew. */
#include "check.h"
#include <sys/resource.h>
#include <unistd.h>

enum { WARM_UP = 10, COUNTED = 100, ELEMENTS = 1000000 };

static long faults(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_minflt;
}

/* Resident bytes, without pages of files. */
static long resident(void) {
  char text[128] = "";
  FILE *f = fopen("/proc/self/statm", "r");
  long pages = 0, shared = 0;
  if (f && fgets(text, sizeof text, f)) sscanf(text, "%*d %ld %ld", &pages, &shared);
  if (f) fclose(f);
  return (pages - shared) * sysconf(_SC_PAGESIZE);
}

typedef struct network { bp_tensor *x, *labels, *w[3]; bp_optimizer *optimizer; } network;

static network network_create(bp_context *ctx, int64_t batch) {
  int64_t x[2] = {0, 784}, w[3][2] = {{256, 784}, {128, 256}, {10, 128}};
  network n;
  x[0] = batch;
  n.x = bp_randn(ctx, BP_FLOAT32, 2, x);
  n.labels = bp_zeros(ctx, BP_INT64, 1, &batch);
  n.optimizer = bp_adam_create(ctx, NULL);
  for (int i = 0; i < 3; i++) {
    n.w[i] = bp_mul(bp_randn(ctx, BP_FLOAT32, 2, w[i]), bp_number(ctx, 0.05));
    bp_set_requires_grad(n.w[i], 1);
    bp_optimizer_add(n.optimizer, n.w[i]);
  }
  return n;
}

static void network_step(bp_context *ctx, void *data) {
  network *n = (network *)data;
  bp_tensor *h;
  bp_scope_push(ctx);
  bp_optimizer_zero_grad(n->optimizer);
  h = bp_relu(bp_linear(n->x, n->w[0], NULL));
  h = bp_relu(bp_linear(h, n->w[1], NULL));
  bp_backward(bp_cross_entropy(bp_linear(h, n->w[2], NULL), n->labels, NULL));
  bp_optimizer_step(n->optimizer);
  bp_scope_pop(ctx);
}

static void elementwise_step(bp_context *ctx, void *data) {
  bp_tensor **x = (bp_tensor **)data, *h;
  bp_scope_push(ctx);
  h = bp_exp(bp_mul(bp_tanh(bp_add(bp_mul(x[0], x[1]), x[0])), bp_number(ctx, 0.5)));
  h = bp_sub(bp_relu(bp_mul(bp_sigmoid(bp_add(h, x[1])), x[0])), x[1]);
  bp_backward(bp_mean(h));
  bp_zero_grad(x[0]);
  bp_zero_grad(x[1]);
  bp_scope_pop(ctx);
}

static void steady(bp_context *ctx, const char *name, void (*step)(bp_context *, void *), void *data) {
  long before, after;
  int64_t reserved;
  begin(name);
  for (int i = 0; i < WARM_UP; i++) step(ctx, data);
  reserved = bp_memory_stat(ctx, BP_MEMORY_RESERVED);
  before = faults();
  for (int i = 0; i < COUNTED; i++) step(ctx, data);
  after = faults();
  printf("# %ld page faults in %d steps\n", after - before, COUNTED);
  /* One block of the element-wise loop is 977 pages: a step that took one from the system would show 97,700 faults. A handful may come from the
   * system itself (pages of files, memory it moves). */
  check(after - before <= COUNTED / 2);
  check(bp_memory_stat(ctx, BP_MEMORY_RESERVED) == reserved);
  no_error(ctx);
}

static bp_tensor *block(bp_context *ctx, int64_t megabytes) {
  int64_t n = megabytes * (1 << 20) / 4;
  return bp_ones(ctx, BP_FLOAT32, 1, &n);
}

static void reuse(bp_context *ctx) {
  int64_t reserved;
  begin("a kept block serves a request a little smaller, and not one much smaller");
  bp_memory_trim(ctx);
  bp_release(block(ctx, 48));
  reserved = bp_memory_stat(ctx, BP_MEMORY_RESERVED);
  bp_release(block(ctx, 40));
  check(bp_memory_stat(ctx, BP_MEMORY_RESERVED) == reserved);
  {
    bp_tensor *small = block(ctx, 8);
    check(bp_memory_stat(ctx, BP_MEMORY_RESERVED) > reserved);
    bp_release(small);
  }
  no_error(ctx);
}

static void bounded(bp_context *ctx) {
  begin("blocks of ever new sizes do not pile up");
  for (int64_t megabytes = 2; megabytes < 64; megabytes += 3) bp_release(block(ctx, megabytes));
  printf("# reserved %ld MB, largest 62 MB\n", (long)(bp_memory_stat(ctx, BP_MEMORY_RESERVED) >> 20));
  check(bp_memory_stat(ctx, BP_MEMORY_RESERVED) <= (int64_t)3 * (64 << 20));
  no_error(ctx);
}

static void trimmed(bp_context *ctx) {
  bp_tensor *kept[40];
  long full, empty;
  begin("trimming gives kept blocks back to the system, small and large");
  bp_memory_trim(ctx);
  for (int i = 0; i < 40; i++) kept[i] = i % 2 ? block(ctx, 1) : block(ctx, 4);
  full = resident();
  for (int i = 0; i < 40; i++) bp_release(kept[i]);
  bp_memory_trim(ctx);
  empty = resident();
  printf("# resident %ld MB, then %ld MB\n", full >> 20, empty >> 20);
  check(full - empty >= (long)90 << 20);
  check(bp_memory_stat(ctx, BP_MEMORY_RESERVED) < (int64_t)16 << 20);
  no_error(ctx);
}

static void high_water(bp_context *ctx) {
  int64_t in_use = bp_memory_stat(ctx, BP_MEMORY_IN_USE);
  begin("the high-water mark begins anew");
  bp_release(block(ctx, 32));
  check(bp_memory_stat(ctx, BP_MEMORY_PEAK) >= in_use + (32 << 20));
  check(bp_memory_reset_peak(ctx) == BP_OK);
  check(bp_memory_stat(ctx, BP_MEMORY_PEAK) == in_use);
  bp_release(block(ctx, 1));
  check(bp_memory_stat(ctx, BP_MEMORY_PEAK) >= in_use + (1 << 20) && bp_memory_stat(ctx, BP_MEMORY_PEAK) < in_use + (4 << 20));
  no_error(ctx);
  check(bp_memory_reset_peak(NULL) == BP_E_HANDLE);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  int64_t n = ELEMENTS;
  network mlp = network_create(ctx, 64);
  bp_tensor *x[2];
  x[0] = bp_randn(ctx, BP_FLOAT32, 1, &n);
  x[1] = bp_randn(ctx, BP_FLOAT32, 1, &n);
  bp_set_requires_grad(x[0], 1);
  bp_set_requires_grad(x[1], 1);
  bp_set_num_threads(ctx, 1); /* a worker that comes late touches its memory for the first time late */
  steady(ctx, "100 steps of a network of three layers fault in no page and reserve nothing", network_step, &mlp);
  steady(ctx, "100 steps of element-wise work on a million numbers fault in no page and reserve nothing", elementwise_step, x);
  reuse(ctx);
  bounded(ctx);
  trimmed(ctx);
  high_water(ctx);
  bp_context_destroy(ctx);
  return finish();
}
