/* A host's own threads: the bits of the library's, also from hosts that call in another order, too seldom, too often, or with too many threads. */
#include "check.h"
#include <pthread.h>

enum { SIZE = 300, LONG = 1000003, HOST_THREADS = 5 };

/* -- a small thread pool, as a host might have one: one batch of calls at a time ------------------------------------ */

typedef struct pool {
  pthread_mutex_t lock;
  pthread_cond_t wake, finished;
  bp_parallel_call call;
  void *context;
  int64_t next, count, running;
  int stop;
  long batches, calls;
} pool;

static void *pool_worker(void *data) {
  pool *p = (pool *)data;
  pthread_mutex_lock(&p->lock);
  while (!p->stop) {
    if (p->next == p->count) {
      pthread_cond_wait(&p->wake, &p->lock);
      continue;
    }
    {
      int64_t i = p->next++;
      p->running++;
      p->calls++;
      pthread_mutex_unlock(&p->lock);
      p->call(p->context, i);
      pthread_mutex_lock(&p->lock);
      p->running--;
      if (p->next == p->count && p->running == 0) pthread_cond_signal(&p->finished);
    }
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

static void on_pool(void *user, int64_t n, bp_parallel_call call, void *context) {
  pool *p = (pool *)user;
  pthread_mutex_lock(&p->lock);
  p->call = call;
  p->context = context;
  p->next = 0;
  p->count = n;
  p->batches++;
  pthread_cond_broadcast(&p->wake);
  while (p->next != p->count || p->running) pthread_cond_wait(&p->finished, &p->lock);
  pthread_mutex_unlock(&p->lock);
}

/* -- hosts that don't do what they should --------------------------------------------------------------------------- */

static void backwards(void *user, int64_t n, bp_parallel_call call, void *context) {
  ++*(long *)user;
  for (int64_t i = n; i > 0; i--) call(context, i - 1);
}
static void half(void *user, int64_t n, bp_parallel_call call, void *context) {
  ++*(long *)user;
  for (int64_t i = 0; i < n / 2; i++) call(context, i);
}
static void twice(void *user, int64_t n, bp_parallel_call call, void *context) {
  ++*(long *)user;
  for (int64_t i = 0; i < 2 * n; i++) call(context, i % 3 - 7);
}
static void not_at_all(void *user, int64_t n, bp_parallel_call call, void *context) {
  (void)n, (void)call, (void)context;
  ++*(long *)user;
}

/* -- work that is cut into pieces ----------------------------------------------------------------------------------- */

static uint64_t digest(bp_context *ctx, int32_t threads) {
  static float memory[SIZE * SIZE];
  int64_t shape[2] = {SIZE, SIZE}, n = LONG, rows = 0;
  uint64_t hash = UINT64_C(14695981039346656037);
  bp_tensor *made[6], *a, *v, *w;
  bp_scope_push(ctx);
  bp_set_num_threads(ctx, threads);
  bp_manual_seed(ctx, 4);
  a = bp_randn(ctx, BP_FLOAT32, 2, shape);
  v = bp_randn(ctx, BP_FLOAT32, 1, &n);
  w = bp_mul(a, a);
  bp_set_requires_grad(a, 1);
  made[0] = bp_matmul(a, w);
  made[1] = bp_sum(bp_exp(bp_mul(v, v)));
  made[2] = bp_sum_dim(a, 1, &rows, 0);
  made[3] = bp_softmax(w, 1);
  bp_backward(bp_mean(bp_tanh(made[0])));
  made[4] = bp_grad(a);
  made[5] = bp_var(v, 1);
  for (int i = 0; i < 6; i++) {
    size_t bytes = sizeof(float) * (size_t)bp_numel(made[i]);
    if (!made[i] || bp_read(made[i], memory, bytes)) { hash = 0; break; }
    for (size_t k = 0; k < bytes; k++) hash = (hash ^ ((unsigned char *)memory)[k]) * UINT64_C(1099511628211);
  }
  bp_scope_pop(ctx);
  return bp_context_status(ctx) ? 0 : hash;
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  pthread_t threads[HOST_THREADS];
  bp_parallel_for strange[4] = {backwards, half, twice, not_at_all};
  uint64_t expected = digest(ctx, 1);
  pool p;
  long before;
  memset(&p, 0, sizeof p);
  pthread_mutex_init(&p.lock, NULL);
  pthread_cond_init(&p.wake, NULL);
  pthread_cond_init(&p.finished, NULL);
  for (int i = 0; i < HOST_THREADS; i++) pthread_create(&threads[i], NULL, pool_worker, &p);

  begin("on a host's threads the results have the same bits, for 2, 3 and 4 of them");
  check(expected != 0);
  bp_set_parallel_for(on_pool, &p);
  for (int round = 0; round < 10; round++)
    for (int32_t n = 2; n <= 4; n++) check(digest(ctx, n) == expected);
  check(p.batches > 0 && p.calls > 2 * p.batches);
  printf("# %ld batches of %ld pieces on the host's threads\n", p.batches, p.calls);

  begin("a context of one thread leaves the host's alone");
  before = p.batches;
  check(digest(ctx, 1) == expected);
  check(p.batches == before);

  begin("hosts that call in another order, half as often, twice as often or never change nothing");
  for (int i = 0; i < 4; i++) {
    long called = 0;
    bp_set_parallel_for(strange[i], &called);
    check(digest(ctx, 3) == expected);
    check(called > 0);
  }

  begin("without a host's function the library's threads are back");
  before = p.batches;
  bp_set_parallel_for(NULL, NULL);
  check(digest(ctx, 2) == expected);
  check(p.batches == before);
  no_error(ctx);

  pthread_mutex_lock(&p.lock);
  p.stop = 1;
  pthread_cond_broadcast(&p.wake);
  pthread_mutex_unlock(&p.lock);
  for (int i = 0; i < HOST_THREADS; i++) pthread_join(threads[i], NULL);
  bp_context_destroy(ctx);
  return finish();
}
