/* Contexts on different threads, any number of workers, and fork(): always the same bits. */
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 20, SIZE = 96, WEIGHTS = SIZE * SIZE };

static float one_thread[WEIGHTS], results[2][WEIGHTS];
static double losses[3];

/* Trains x·w towards a target; the weights afterwards go to out. */
static double train(bp_context *ctx, float *out) {
  int64_t shape[2] = {SIZE, SIZE};
  bp_tensor *x, *target, *w;
  bp_optimizer *opt = bp_adam_create(ctx, NULL);
  double loss_value = NAN;
  bp_manual_seed(ctx, 3);
  x = bp_randn(ctx, BP_FLOAT32, 2, shape);
  target = bp_randn(ctx, BP_FLOAT32, 2, shape);
  w = bp_parameter(ctx, BP_FLOAT32, 2, shape, NULL);
  bp_optimizer_add(opt, w);
  for (int i = 0; i < STEPS; i++) {
    bp_tensor *loss;
    bp_scope_push(ctx);
    loss = bp_mse_loss(bp_tanh(bp_matmul(x, w)), target, BP_REDUCTION_MEAN);
    bp_optimizer_zero_grad(opt);
    bp_backward(loss);
    bp_optimizer_step(opt);
    loss_value = bp_item(loss);
    bp_scope_pop(ctx);
  }
  bp_read(w, out, sizeof(float) * WEIGHTS);
  bp_release(x);
  bp_release(target);
  bp_release(w);
  bp_optimizer_destroy(opt);
  return bp_context_status(ctx) ? NAN : loss_value;
}

static void *train_in_thread(void *number) {
  int n = *(int *)number;
  bp_context *ctx = bp_context_create(NULL);
  losses[n] = train(ctx, results[n]);
  bp_context_destroy(ctx);
  return NULL;
}

static void two_contexts(void) {
  pthread_t threads[2];
  int numbers_[2] = {0, 1};
  bp_context *ctx = bp_context_create(NULL);
  begin("two threads with a context each compute the same bits as one alone");
  losses[2] = train(ctx, one_thread);
  bp_context_destroy(ctx);
  for (int i = 0; i < 2; i++) check(pthread_create(&threads[i], NULL, train_in_thread, &numbers_[i]) == 0);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  check(isfinite(losses[2]) && losses[0] == losses[2] && losses[1] == losses[2]);
  check(!memcmp(results[0], one_thread, sizeof one_thread) && !memcmp(results[1], one_thread, sizeof one_thread));
}

/* FNV-1a over results of everything that is cut into pieces for the workers. */
static uint64_t digest(bp_context *ctx, int32_t threads) {
  static float memory[700 * 530];
  int64_t a_shape[2] = {700, 613}, b_shape[2] = {613, 530}, long_shape[1] = {1000003}, rows[1] = {0}, columns[1] = {1};
  int64_t image[4] = {3, 50, 40, 41}, flat[1] = {613};
  bp_tensor *made[16];
  uint64_t hash = UINT64_C(14695981039346656037);
  bp_scope_push(ctx);
  bp_set_num_threads(ctx, threads);
  bp_manual_seed(ctx, 9);
  {
    bp_tensor *a = bp_randn(ctx, BP_FLOAT32, 2, a_shape), *b = bp_randn(ctx, BP_FLOAT32, 2, b_shape);
    bp_tensor *v = bp_randn(ctx, BP_FLOAT32, 1, long_shape), *p;
    made[0] = bp_matmul(a, b);
    made[1] = bp_sum_dim(a, 1, rows, 0);
    made[2] = bp_mean_dim(a, 1, columns, 0);
    made[3] = bp_sum(v);
    made[4] = bp_var(v, 1);
    made[5] = bp_max(bp_exp(v));
    made[6] = bp_sum_dim(bp_softmax(a, 1), 1, rows, 0);
    made[7] = bp_sum(bp_dropout(v, .3, 1));
    p = bp_clone(b);
    bp_set_requires_grad(p, 1);
    bp_backward(bp_mean(bp_square(bp_matmul(a, p))));
    made[8] = bp_sum_dim(bp_grad(p), 1, rows, 0);
    made[9] = bp_sum(bp_mul(v, v));
    { /* norms, a chain of element-wise gradients, labels, and gradients clipped together */
      bp_tensor *x = bp_randn(ctx, BP_FLOAT32, 4, image), *w = bp_full(ctx, BP_FLOAT32, 1, &image[1], 1.5), *logits = bp_clone(a);
      bp_tensor *y, *labels, *leaves[3];
      double norm = 0;
      bp_set_requires_grad(x, 1);
      bp_set_requires_grad(w, 1);
      bp_set_requires_grad(logits, 1);
      y = bp_group_norm(bp_batch_norm(bp_mul(bp_tanh(x), x), NULL, NULL, w, NULL, 1, .1, 1e-5), 5, w, w, 1e-5);
      labels = bp_argmax_dim(bp_randn(ctx, BP_FLOAT32, 2, a_shape), 1, 0);
      made[10] = bp_cross_entropy(bp_rms_norm(logits, 1, flat, NULL, 1e-5), labels, NULL);
      bp_backward(bp_add(made[10], bp_mean(bp_mul(y, bp_sigmoid(y)))));
      leaves[0] = x, leaves[1] = w, leaves[2] = logits;
      bp_clip_grad_norm_(3, leaves, 1e-3, 2, &norm);
      made[11] = bp_clone(bp_grad(w));
      made[12] = bp_slice(bp_flatten(bp_grad(x), 0, -1), 0, 0, 200000, 1);
      made[13] = bp_slice(bp_flatten(bp_grad(logits), 0, -1), 0, 0, 200000, 1);
      made[14] = bp_full(ctx, BP_FLOAT32, 0, NULL, norm);
      made[15] = bp_mean(y);
    }
  }
  for (int i = 0; i < 16; i++) {
    size_t bytes = sizeof(float) * (size_t)bp_numel(made[i]);
    if (!made[i] || bytes > sizeof memory || bp_read(made[i], memory, bytes)) { hash = 0; break; }
    for (size_t k = 0; k < bytes; k++) hash = (hash ^ ((unsigned char *)memory)[k]) * UINT64_C(1099511628211);
  }
  bp_scope_pop(ctx);
  return bp_context_status(ctx) ? 0 : hash;
}

static void workers(bp_context *ctx) {
  uint64_t one = digest(ctx, 1);
  begin("large products, sums and random numbers have the same bits with 1, 2, 3 and 7 workers");
  check(one != 0);
  check(digest(ctx, 2) == one);
  check(digest(ctx, 3) == one);
  check(digest(ctx, 7) == one);
  check(digest(ctx, 1) == one);
  no_error(ctx);
}

static void forks(bp_context *ctx) {
  uint64_t expected = digest(ctx, 2);
  int good = 0;
  begin("after fork() parent and child go on with workers, thirty times");
  for (int i = 0; i < 30; i++) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
      bp_context *own;
      int right;
      alarm(60);
      right = digest(ctx, 2) == expected;
      own = bp_context_create(NULL);
      right = right && digest(own, 2) == expected;
      bp_context_destroy(own);
      _exit(right ? 0 : 1);
    }
    check(digest(ctx, 2) == expected);
    waitpid(child, &status, 0);
    good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  check(good == 30);
}

int main(void) {
  bp_context *ctx;
  two_contexts();
  ctx = bp_context_create(NULL);
  workers(ctx);
  forks(ctx);
  bp_context_destroy(ctx);
  return finish();
}
