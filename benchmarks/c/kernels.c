/* What the element-wise, row and summing operations reach, in and out of the caches, forward only.
 *
 *     kernels [--smoke] [--threads N]
 *
 * A line of JSON per operation and size: {"kernel": "exp", "elements": 16384, "like": "copy", "bytes": 131072, "value": 2.1, "unit": "Gelem/s"}.
 * `bytes` are those that must move at least; `like` is the limit of limits.c with that pattern. The best of several windows, as there.
 */
#include "measure.h"
#include <backprop.h>
#include <string.h>

typedef struct { const char *name, *like; int arrays; bp_tensor *(*run)(bp_tensor **); } Kernel;
typedef struct { const Kernel *kernel; bp_tensor **operands; } Call;

#define UNARY(NAME) static bp_tensor *run_##NAME(bp_tensor **x) { return bp_##NAME(x[0]); }
#define BINARY(NAME) static bp_tensor *run_##NAME(bp_tensor **x) { return bp_##NAME(x[0], x[1]); }
UNARY(neg) UNARY(exp) UNARY(log) UNARY(tanh) UNARY(sigmoid) UNARY(erf) UNARY(sin) UNARY(cos) UNARY(sqrt) UNARY(relu) UNARY(sum)
BINARY(add) BINARY(mul) BINARY(div)
static bp_tensor *run_gelu(bp_tensor **x) { return bp_gelu(x[0], 0); }
static bp_tensor *run_add_row(bp_tensor **x) { return bp_add(x[0], x[2]); }
static bp_tensor *run_add_column(bp_tensor **x) { return bp_add(x[0], x[3]); }
static bp_tensor *run_sum_rows(bp_tensor **x) { return bp_sum_dim(x[0], 1, (int64_t[]){1}, 0); }
static bp_tensor *run_sum_columns(bp_tensor **x) { return bp_sum_dim(x[0], 1, (int64_t[]){0}, 0); }
static bp_tensor *run_softmax(bp_tensor **x) { return bp_softmax(x[0], 1); }
static bp_tensor *run_log_softmax(bp_tensor **x) { return bp_log_softmax(x[0], 1); }
static bp_tensor *run_layer_norm(bp_tensor **x) { return bp_layer_norm(x[0], 1, (int64_t[]){256}, x[2], x[2], 1e-5); }
static bp_tensor *run_transpose(bp_tensor **x) { return bp_contiguous(bp_transpose(x[0], 0, 1)); }

static const Kernel kernels[] = {
  {"add", "triad", 3, run_add}, {"mul", "triad", 3, run_mul}, {"div", "triad", 3, run_div}, {"add a row", "copy", 2, run_add_row},
  {"add a column", "copy", 2, run_add_column}, {"neg", "copy", 2, run_neg}, {"relu", "copy", 2, run_relu}, {"sqrt", "copy", 2, run_sqrt},
  {"exp", "copy", 2, run_exp}, {"log", "copy", 2, run_log}, {"tanh", "copy", 2, run_tanh}, {"sigmoid", "copy", 2, run_sigmoid}, {"erf", "copy", 2, run_erf},
  {"gelu", "copy", 2, run_gelu}, {"sin", "copy", 2, run_sin}, {"cos", "copy", 2, run_cos}, {"sum", "read", 1, run_sum}, {"sum of rows", "read", 1, run_sum_rows},
  {"sum of columns", "read", 1, run_sum_columns}, {"softmax", "copy", 2, run_softmax}, {"log_softmax", "copy", 2, run_log_softmax},
  {"layer_norm", "copy", 2, run_layer_norm}, {"transpose", "copy", 2, run_transpose},
};

static void call(void *data) {
  const Call *c = data;
  bp_context *ctx = bp_context_of(c->operands[0]);
  bp_scope_push(ctx);
  c->kernel->run(c->operands);
  bp_scope_pop(ctx);
}

int main(int argc, char **argv) {
  bp_context *ctx = bp_context_create(NULL);
  /* Rows of 256 floats: operand and result in the second level, the third, and memory. */
  int64_t rows[] = {64, 512, 65536}, column[2] = {0, 1}, shape[2] = {0, 256}, width = 256;
  int smoke = 0, threads = 1;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--smoke")) smoke = 1;
    else if (!strcmp(argv[i], "--threads") && i + 1 < argc) threads = atoi(argv[++i]);
  }
  bp_set_num_threads(ctx, threads);
  bp_no_grad_push(ctx);
  for (int s = 0; s < (smoke ? 1 : 3); s++) {
    bp_tensor *x[4];
    shape[0] = column[0] = rows[s];
    x[0] = bp_rand(ctx, BP_FLOAT32, 2, shape); /* positive: log and sqrt like it */
    x[1] = bp_rand(ctx, BP_FLOAT32, 2, shape);
    x[2] = bp_rand(ctx, BP_FLOAT32, 1, &width);
    x[3] = bp_rand(ctx, BP_FLOAT32, 2, column);
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
      Call c = {&kernels[k], x};
      double elements = (double)(rows[s] * width), best = 1e30;
      call(&c);
      for (int r = 0; r < (smoke ? 1 : 7); r++) {
        double t = window_of(call, &c, smoke ? 1e3 : 4e6);
        if (t < best) best = t;
      }
      printf("{\"kernel\": \"%s\", \"elements\": %.0f, \"threads\": %d, \"like\": \"%s\", \"bytes\": %.0f, \"value\": %.3f, \"unit\": \"Gelem/s\"}\n",
             kernels[k].name, elements, threads, kernels[k].like, elements * 4 * kernels[k].arrays, elements / best);
    }
    for (int i = 0; i < 4; i++) bp_release(x[i]);
  }
  bp_no_grad_pop(ctx);
  if (bp_context_status(ctx)) {
    fprintf(stderr, "kernels: %s\n", bp_context_message(ctx));
    return 1;
  }
  bp_context_destroy(ctx);
  return 0;
}
