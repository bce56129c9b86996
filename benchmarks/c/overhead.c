/* What things cost around the arithmetic: recording and walking one operation, a training step's parts, loading the library.
 *
 *     overhead [--smoke]
 *
 * Every figure is the median of several runs of one thread. Times are nanoseconds unless the row says otherwise.
 */
#include <backprop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 9, CHAIN = 1000 };

static int repeats = 200; /* chains per run */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, ascending);
  return values[n / 2];
}

static void row(const char *what, double value, const char *unit) { printf("%-58s %10.1f %s\n", what, value, unit); }

/* A chain of additions to x; the last link is the caller's. */
static bp_tensor *additions(bp_tensor *x, bp_tensor *c) {
  bp_tensor *y = x;
  for (int i = 0; i < CHAIN; i++) y = bp_add(y, c);
  return y;
}

/* Nanoseconds per one-element addition: recorded or not, walked or not. */
static double per_operation(bp_context *ctx, bp_tensor *x, bp_tensor *c, int record, int walk) {
  double runs[RUNS];
  for (int r = 0; r < RUNS; r++) {
    double start = now();
    for (int k = 0; k < repeats; k++) {
      bp_tensor *y;
      bp_scope_push(ctx);
      if (!record) bp_no_grad_push(ctx);
      y = additions(x, c);
      if (walk) bp_backward(y);
      if (!record) bp_no_grad_pop(ctx);
      bp_scope_pop(ctx);
    }
    runs[r] = (now() - start) / ((double)repeats * CHAIN);
  }
  return median(runs, RUNS);
}

/* Microseconds of forward, backward and optimizer in one step of a network B × 784 → 256 → 10. */
static void network_step(bp_context *ctx, int64_t batch, double parts[3]) {
  int64_t x_shape[2], w1_shape[2] = {256, 784}, w2_shape[2] = {10, 256};
  double runs[3][RUNS];
  bp_tensor *x, *labels, *w1, *w2;
  bp_optimizer *optimizer = bp_adam_create(ctx, NULL);
  int steps = repeats / 4 + 1;
  x_shape[0] = batch;
  x_shape[1] = 784;
  x = bp_randn(ctx, BP_FLOAT32, 2, x_shape);
  labels = bp_zeros(ctx, BP_INT64, 1, &batch);
  w1 = bp_mul(bp_randn(ctx, BP_FLOAT32, 2, w1_shape), bp_number(ctx, 0.05));
  w2 = bp_mul(bp_randn(ctx, BP_FLOAT32, 2, w2_shape), bp_number(ctx, 0.05));
  bp_set_requires_grad(w1, 1);
  bp_set_requires_grad(w2, 1);
  bp_optimizer_add(optimizer, w1);
  bp_optimizer_add(optimizer, w2);
  for (int r = 0; r < RUNS; r++) {
    double sums[3] = {0, 0, 0};
    for (int k = 0; k < steps; k++) {
      double t0, t1, t2, t3;
      bp_tensor *loss;
      bp_scope_push(ctx);
      bp_optimizer_zero_grad(optimizer);
      t0 = now();
      loss = bp_cross_entropy(bp_linear(bp_relu(bp_linear(x, w1, NULL)), w2, NULL), labels, NULL);
      t1 = now();
      bp_backward(loss);
      t2 = now();
      bp_optimizer_step(optimizer);
      t3 = now();
      bp_scope_pop(ctx);
      sums[0] += t1 - t0;
      sums[1] += t2 - t1;
      sums[2] += t3 - t2;
    }
    for (int i = 0; i < 3; i++) runs[i][r] = sums[i] / steps / 1e3;
  }
  for (int i = 0; i < 3; i++) parts[i] = median(runs[i], RUNS);
  bp_optimizer_destroy(optimizer);
  bp_release(x);
  bp_release(labels);
  bp_release(w1);
  bp_release(w2);
}

int main(int argc, char **argv) {
  bp_context *ctx = bp_context_create(NULL);
  bp_tensor *x = bp_parameter(ctx, BP_FLOAT32, 0, NULL, NULL), *c = bp_scalar(ctx, 1);
  double plain, recorded, walked, parts[3];
  if (argc > 1 && !strcmp(argv[1], "--smoke")) repeats = 2;
  bp_set_num_threads(ctx, 1);

  plain = per_operation(ctx, x, c, 0, 0);
  recorded = per_operation(ctx, x, c, 1, 0);
  walked = per_operation(ctx, x, c, 1, 1);
  printf("kernels: %s, one thread\n", bp_instruction_set());
  row("one-element add, nothing recorded", plain, "ns");
  row("one-element add, recorded", recorded, "ns");
  row("one-element add, recorded and walked back", walked, "ns");
  for (int64_t batch = 1; batch <= 64; batch *= 64) {
    char what[64];
    network_step(ctx, batch, parts);
    snprintf(what, sizeof what, "784-256-10 network, batch %d: forward", (int)batch);
    row(what, parts[0], "us");
    snprintf(what, sizeof what, "784-256-10 network, batch %d: backward", (int)batch);
    row(what, parts[1], "us");
    snprintf(what, sizeof what, "784-256-10 network, batch %d: Adam", (int)batch);
    row(what, parts[2], "us");
    snprintf(what, sizeof what, "784-256-10 network, batch %d: backward / forward", (int)batch);
    row(what, parts[1] / parts[0], "x");
  }
  if (bp_context_status(ctx)) {
    fprintf(stderr, "overhead: %s\n", bp_context_message(ctx));
    return 1;
  }
  bp_release(x);
  bp_release(c);
  bp_context_destroy(ctx);
  return 0;
}
