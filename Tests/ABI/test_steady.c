/* A training loop in its stride allocates nothing and does not grow. */
#include "interpose.h"
#include "check.h"
#include <unistd.h>

enum { WARM_UP = 5, COUNTED = 1000, LONG_RUN = 100000 };

typedef struct mlp {
  bp_tensor *x, *labels, *p[4];
  bp_optimizer *optimizer;
} mlp;

static mlp mlp_create(bp_context *ctx, int64_t batch, int64_t in, int64_t hidden, int64_t out) {
  int64_t x[2], w1[2], w2[2];
  mlp m;
  x[0] = batch; x[1] = in; w1[0] = hidden; w1[1] = in; w2[0] = out; w2[1] = hidden;
  m.x = bp_randn(ctx, BP_FLOAT32, 2, x);
  m.labels = bp_zeros(ctx, BP_INT64, 1, &batch);
  m.p[0] = bp_parameter(ctx, BP_FLOAT32, 2, w1, NULL);
  m.p[1] = bp_parameter(ctx, BP_FLOAT32, 1, &hidden, NULL);
  m.p[2] = bp_parameter(ctx, BP_FLOAT32, 2, w2, NULL);
  m.p[3] = bp_parameter(ctx, BP_FLOAT32, 1, &out, NULL);
  m.optimizer = bp_adam_create(ctx, NULL);
  bp_no_grad_push(ctx);
  for (int i = 0; i < 4; i++) {
    bp_fill_(m.p[i], 0.01);
    bp_optimizer_add(m.optimizer, m.p[i]);
  }
  bp_no_grad_pop(ctx);
  return m;
}

static double step(bp_context *ctx, const mlp *m) {
  int64_t hidden = bp_dim(m->p[1], 0);
  double value;
  bp_tensor *h, *loss;
  bp_scope_push(ctx);
  h = bp_relu(bp_linear(m->x, m->p[0], m->p[1]));
  h = bp_layer_norm(h, 1, &hidden, NULL, NULL, 1e-5);
  loss = bp_cross_entropy(bp_linear(h, m->p[2], m->p[3]), m->labels, NULL);
  bp_optimizer_zero_grad(m->optimizer);
  bp_backward(loss);
  bp_optimizer_step(m->optimizer);
  value = bp_item(loss);
  bp_scope_pop(ctx);
  return value;
}

/* Resident memory in bytes, without pages of files: the library's own code comes in as the kernel sees fit. */
static long resident(void) {
  char text[128] = "";
  FILE *f = fopen("/proc/self/statm", "r");
  long pages = 0, shared = 0;
  if (f && fgets(text, sizeof text, f)) sscanf(text, "%*d %ld %ld", &pages, &shared);
  if (f) fclose(f);
  return (pages - shared) * sysconf(_SC_PAGESIZE);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  mlp large = mlp_create(ctx, 64, 64, 128, 10), small = mlp_create(ctx, 2, 4, 8, 3);
  double first, last = 0;
  long before, made, grown;
  int64_t tensors;

  begin("1,000 steps of a network allocate nothing after the first five");
  first = step(ctx, &large);
  for (int i = 1; i < WARM_UP; i++) step(ctx, &large);
  tensors = bp_memory_stat(ctx, BP_MEMORY_TENSORS);
  before = allocations;
  for (int i = 0; i < COUNTED; i++) last = step(ctx, &large);
  made = allocations - before; /* read before printf allocates its buffer */
  printf("# %ld allocations in the first %d steps, %ld in the next %d\n", before, WARM_UP, made, COUNTED);
  check(made == 0);
  check(last < first && bp_memory_stat(ctx, BP_MEMORY_TENSORS) == tensors);
  no_error(ctx);

  begin("resident memory does not grow over 100,000 small steps");
  for (int i = 0; i < 1000; i++) step(ctx, &small);
  grown = resident();
  for (int i = 0; i < LONG_RUN; i++) last = step(ctx, &small);
  grown = resident() - grown;
  printf("# grown by %ld KB\n", grown / 1024);
  /* Linux counts resident pages per thread in batches of 64, so the figure is exact to some 256 KB per thread. 1 MB is 10 bytes a
   * step: the smallest block that could be lost, 32 bytes, would show three times over. */
  check(grown <= 1 << 20);
  check(isfinite(last));
  no_error(ctx);
  bp_context_destroy(ctx);
  return finish();
}
