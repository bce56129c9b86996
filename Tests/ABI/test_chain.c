/* A record of a million operations is built, walked and freed on a small stack. */
#include "check.h"
#include <pthread.h>

enum { LENGTH = 1000000 };

/* (…((w + c) + c)…): each second handle is released at once, the rest by the scope or the last release. */
static bp_tensor *chain(bp_context *ctx, bp_tensor *w, bp_tensor *c) {
  bp_tensor *y = bp_add(w, c);
  (void)ctx;
  for (int i = 1; i < LENGTH && y; i++) {
    bp_tensor *next = i % 2 ? bp_mul(y, c) : bp_add(y, c);
    bp_release(y);
    y = next;
  }
  return y;
}

static void *work(void *unused) {
  bp_context *ctx = bp_context_create(NULL);
  bp_tensor *w = trainable(ctx, "", "0"), *one = floats(ctx, "", "1"), *y;
  (void)unused;
  y = chain(ctx, w, one);
  check_near(bp_item(y), LENGTH / 2);
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) >= 2);
  check(bp_backward(y) == BP_OK);
  check_near(bp_item(bp_grad(w)), 1);
  bp_release(y);
  y = chain(ctx, w, one); /* freed without ever being walked */
  check(y != NULL);
  bp_release(y);
  bp_zero_grad(w);
  no_error(ctx);
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 2);

  bp_scope_push(ctx); /* every handle alive until the pop */
  y = bp_square(w);
  for (int i = 0; i < LENGTH; i++) y = bp_neg(y);
  check(y && bp_backward(y) == BP_OK);
  bp_scope_pop(ctx);
  bp_zero_grad(w);
  no_error(ctx);
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 2);

  y = chain(ctx, w, one); /* freed with its context */
  check(y != NULL);
  bp_context_destroy(ctx);
  text_count = 0;
  return NULL;
}

static void on_stack(size_t bytes) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  check(pthread_attr_setstacksize(&attributes, bytes) == 0);
  if (check(pthread_create(&thread, &attributes, work, NULL) == 0)) pthread_join(thread, NULL);
  pthread_attr_destroy(&attributes);
}

int main(void) {
  begin("a chain of 1,000,000 operations with an 8 MB stack");
  on_stack((size_t)8 << 20);
  begin("a chain of 1,000,000 operations with a 256 KB stack");
  on_stack((size_t)256 << 10);
  return finish();
}
