/* Handles, memory, scopes and views: who owns what, and when it goes. */
#include "check.h"

static int64_t live(bp_context *ctx) { return bp_memory_stat(ctx, BP_MEMORY_TENSORS); }

static int deletions;
static void *deleted_data, *deleted_user;
static void count_deletion(void *data, void *user) {
  deletions++;
  deleted_data = data;
  deleted_user = user;
}

static void versions_and_contexts(void) {
  bp_context_options options = BP_CONTEXT_OPTIONS_INIT;
  bp_context *ctx, *other;
  begin("version, instruction set and a context with options");
  check(bp_version_number() == BP_VERSION_NUMBER);
  check(!strcmp(bp_version_string(), "0.1.0"));
  check(!strcmp(bp_instruction_set(), "x86-64-v4") || !strcmp(bp_instruction_set(), "x86-64-v3") ||
        !strcmp(bp_instruction_set(), "x86-64") || !strcmp(bp_instruction_set(), "neon"));
  options.num_threads = 2;
  options.seed = 5;
  ctx = bp_context_create(&options);
  other = bp_context_create(NULL);
  check(ctx && other && ctx != other);
  check(bp_num_threads(ctx) == 2);
  check(bp_set_num_threads(ctx, 1) == BP_OK && bp_num_threads(ctx) == 1);
  check(bp_set_num_threads(ctx, 0) == BP_OK && bp_num_threads(ctx) >= 1);
  check(bp_context_status(ctx) == BP_OK && !strcmp(bp_context_message(ctx), ""));
  check(live(ctx) == 0 && bp_memory_stat(ctx, BP_MEMORY_IN_USE) == 0);
  bp_context_destroy(ctx);
  bp_context_destroy(other);
  bp_context_destroy(NULL);
  check(bp_context_status(ctx) == BP_E_HANDLE);
}

static void reading_and_writing(bp_context *ctx) {
  static const bp_dtype types[] = {BP_FLOAT32, BP_FLOAT64, BP_INT64, BP_INT32, BP_UINT8, BP_BOOL, BP_FLOAT16, BP_BFLOAT16};
  int64_t shape[2] = {2, 3};
  unsigned char in[48], out[48];
  begin("every type keeps its bytes through create, read and write");
  for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
    size_t bytes = 6 * element_size(types[k]);
    bp_tensor *t;
    for (size_t i = 0; i < bytes; i++) in[i] = (unsigned char)(i & 1);
    t = bp_tensor_create(ctx, types[k], 2, shape, in);
    check(bp_dtype_of(t) == types[k] && bp_ndim(t) == 2 && bp_dim(t, 1) == 3 && bp_dim(t, -2) == 2 && bp_numel(t) == 6);
    check(bp_read(t, out, bytes) == BP_OK && !memcmp(in, out, bytes));
    for (size_t i = 0; i < bytes; i++) in[i] = (unsigned char)((i + 1) & 1);
    check(bp_version_of(t) == 0 && bp_write(t, in, bytes) == BP_OK && bp_version_of(t) == 1);
    check(bp_read(t, out, bytes) == BP_OK && !memcmp(in, out, bytes) && !memcmp(bp_data(t), in, bytes));
    check(bp_is_leaf(t) && !bp_requires_grad(t) && bp_context_of(t) == ctx && bp_is_contiguous(t));
    bp_release(t);
  }
  {
    bp_tensor *zeros = bp_tensor_create(ctx, BP_FLOAT32, 2, shape, NULL);
    expect(zeros, "2 3", "0 0 0 0 0 0");
    check(bp_stride(zeros, 0) == 3 && bp_stride(zeros, 1) == 1);
    check(((uintptr_t)bp_data(zeros) & 63) == 0);
    bp_release(zeros);
  }
  no_error(ctx);
  check(live(ctx) == 0);
}

static void making(bp_context *ctx) {
  int64_t shape[2] = {2, 2}, seven[1] = {1000};
  static float a[1000], b[1000];
  bp_tensor *t, *u;
  begin("zeros, ones, full, arange, eye, scalars and random tensors");
  bp_scope_push(ctx);
  expect(bp_zeros(ctx, BP_INT32, 2, shape), "2 2", "0 0 0 0");
  expect(bp_ones(ctx, BP_FLOAT64, 2, shape), "2 2", "1 1 1 1");
  expect(bp_full(ctx, BP_FLOAT32, 2, shape, -1.5), "2 2", "-1.5 -1.5 -1.5 -1.5");
  expect(bp_arange(ctx, BP_INT64, 0, 5, 2), "3", "0 2 4");
  expect(bp_arange(ctx, BP_FLOAT32, 1, -1, -0.5), "4", "1 .5 0 -.5");
  expect(bp_arange(ctx, BP_FLOAT32, 1, 1, 1), "0", "");
  expect(bp_eye(ctx, BP_FLOAT32, 3), "3 3", "1 0 0 0 1 0 0 0 1");
  check_near(bp_item(bp_scalar(ctx, 2.5)), 2.5);
  check(bp_ndim(bp_scalar(ctx, 1)) == 0 && bp_dtype_of(bp_scalar(ctx, 1)) == BP_FLOAT32);
  /* A number takes the other operand's type when that is of the same kind. */
  t = bp_add(bp_ones(ctx, BP_FLOAT64, 2, shape), bp_number(ctx, 0.1));
  check(bp_dtype_of(t) == BP_FLOAT64);
  check(fabs(bp_item(bp_select(bp_select(t, 0, 0), 0, 0)) - 1.1) < 1e-15);
  check(bp_dtype_of(bp_mul(bp_ones(ctx, BP_INT32, 2, shape), bp_integer(ctx, 3))) == BP_INT32);
  check(bp_dtype_of(bp_mul(bp_ones(ctx, BP_INT32, 2, shape), bp_number(ctx, 3))) == BP_FLOAT32);
  bp_manual_seed(ctx, 11);
  bp_read(bp_rand(ctx, BP_FLOAT32, 1, seven), a, sizeof a);
  bp_manual_seed(ctx, 11);
  bp_read(bp_rand(ctx, BP_FLOAT32, 1, seven), b, sizeof b);
  check(!memcmp(a, b, sizeof a));
  for (int i = 0; i < 1000; i++) check(a[i] >= 0 && a[i] < 1);
  uint64_t seed = 0, position = 0;
  check(!bp_random_state(ctx, &seed, &position) && seed == 11 && position && position % 4 == 0);
  bp_read(bp_randn(ctx, BP_FLOAT32, 1, seven), a, sizeof a);
  bp_manual_seed(ctx, 5);
  bp_rand(ctx, BP_FLOAT64, 1, seven);
  check(!bp_set_random_state(ctx, seed, position) && !bp_random_state(ctx, NULL, NULL));
  bp_read(bp_randn(ctx, BP_FLOAT32, 1, seven), b, sizeof b);
  check(!memcmp(a, b, sizeof a));
  /* Ranges wider than a double's 53 bits: the last bit is random too. */
  t = bp_randint(ctx, BP_INT64, 1, seven, INT64_MIN, INT64_MAX);
  check(fabs(bp_item(bp_sum(bp_bitwise_and(t, bp_integer(ctx, 1)))) - 500) < 100 && fabs(bp_item(bp_sum(bp_lt(t, bp_integer(ctx, 0)))) - 500) < 100);
  t = bp_randn(ctx, BP_FLOAT64, 1, seven);
  check(fabs(bp_item(bp_mean(t))) < 0.15 && fabs(bp_item(bp_var(t, 1)) - 1) < 0.2);
  u = bp_randperm(ctx, 1000);
  check(bp_dtype_of(u) == BP_INT64 && bp_item(bp_sum(u)) == 499500 && bp_item(bp_max(u)) == 999 && bp_item(bp_min(u)) == 0);
  check(bp_item(bp_sum(bp_eq(u, bp_arange(ctx, BP_INT64, 0, 1000, 1)))) < 50);
  bp_scope_pop(ctx);
  no_error(ctx);
  check(live(ctx) == 0);
}

static void borrowing(bp_context *ctx) {
  float memory[4] = {1, 2, 3, 4};
  int64_t shape[2] = {2, 2};
  bp_tensor *t, *view, *w, *y;
  begin("a borrowed tensor sees the caller's memory; its deleter runs once, after the last use");
  deletions = 0;
  t = bp_tensor_borrow(ctx, BP_FLOAT32, 2, shape, memory, count_deletion, &deletions);
  check(bp_data(t) == memory);
  memory[3] = 40;
  expect(t, "2 2", "1 2 3 40");
  view = bp_transpose(t, 0, 1);
  bp_release(t);
  check(deletions == 0);
  expect(view, "2 2", "1 3 2 40");
  bp_release(view);
  check(deletions == 1 && deleted_data == memory && deleted_user == &deletions);

  w = floats(ctx, "2 2", "1 1 1 1");
  bp_set_requires_grad(w, 1);
  t = bp_tensor_borrow(ctx, BP_FLOAT32, 2, shape, memory, count_deletion, NULL);
  y = bp_mul(w, t);
  bp_release(t);
  check(deletions == 1); /* the graph needs its value */
  {
    bp_tensor *loss = bp_sum(y);
    bp_release(y);
    check(bp_backward(loss) == BP_OK);
    expect(bp_grad(w), "2 2", "1 2 3 40");
    bp_release(loss);
  }
  check(deletions == 2 && deleted_user == NULL);
  t = bp_tensor_borrow(ctx, BP_FLOAT32, 2, shape, memory, NULL, NULL);
  bp_release(t);
  check(bp_tensor_borrow(ctx, 99, 2, shape, memory, count_deletion, NULL) == NULL && deletions == 2);
  bp_context_clear(ctx);
  release_texts();
  check(live(ctx) == 0);
  {
    bp_context *short_lived = bp_context_create(NULL);
    t = bp_tensor_borrow(short_lived, BP_FLOAT32, 2, shape, memory, count_deletion, NULL);
    check(t != NULL);
    bp_context_destroy(short_lived);
    check(deletions == 3);
    bp_release(t);
    check(deletions == 3);
  }
}

static void scopes(bp_context *ctx) {
  bp_tensor *kept, *created, *inner;
  begin("a scope frees what was made in it, except created, retained and needed tensors");
  bp_scope_push(ctx);
  created = bp_tensor_create(ctx, BP_FLOAT32, 0, NULL, NULL);
  kept = bp_add(created, bp_scalar(ctx, 1));
  check(bp_retain(kept) == kept);
  bp_scope_push(ctx);
  inner = bp_add(kept, kept);
  check_near(bp_item(inner), 2);
  check(live(ctx) == 4);
  bp_scope_pop(ctx);
  check(live(ctx) == 3);
  check(isnan(bp_item(inner)));
  bp_context_clear(ctx);
  bp_scope_pop(ctx);
  check(live(ctx) == 2);
  check_near(bp_item(kept), 1);
  bp_release(kept);
  bp_release(created);
  check(live(ctx) == 0);
  no_error(ctx);

  begin("the graph outlives the handles of its scope");
  {
    bp_tensor *w = trainable(ctx, "", "3"), *loss;
    bp_scope_push(ctx);
    loss = bp_retain(bp_mul(bp_square(w), bp_exp(bp_mul(w, bp_scalar(ctx, 0)))));
    bp_scope_pop(ctx);
    check(bp_backward(loss) == BP_OK);
    check_near(bp_item(bp_grad(w)), 6);
    bp_release(loss);
    release_texts();
    check(live(ctx) == 0);
  }

  begin("handles may be released in any order, and after their context");
  {
    bp_context *gone = bp_context_create(NULL);
    bp_tensor *a = bp_scalar(gone, 1), *b = bp_add(a, a), *c = bp_mul(b, a);
    bp_release(a);
    bp_release(c);
    check_near(bp_item(b), 2);
    bp_retain(b);
    bp_release(b);
    check_near(bp_item(b), 2);
    bp_context_destroy(gone);
    bp_release(b);
    bp_release(b);
    bp_release(NULL);
    check(bp_ndim(b) == -1);
    bp_context_destroy(gone); /* a stale context is no danger either */
  }
}

static void views(bp_context *ctx) {
  bp_tensor *x, *t, *s;
  float row[3];
  begin("views share memory, know their strides and see changes");
  bp_scope_push(ctx);
  x = floats(ctx, "2 3", "1 2 3 4 5 6");
  t = bp_transpose(x, 0, 1);
  check(bp_data(t) == bp_data(x) && !bp_is_contiguous(t) && bp_stride(t, 0) == 1 && bp_stride(t, 1) == 3);
  check(bp_read(bp_select(x, 0, 1), row, sizeof row) == BP_OK && row[0] == 4 && row[2] == 6);
  s = bp_slice(x, 1, 1, BP_NONE, 1);
  expect(s, "2 2", "2 3 5 6");
  bp_fill_(s, 0);
  expect(x, "2 3", "1 0 0 4 0 0");
  expect(t, "3 2", "1 4 0 0 0 0");
  check(bp_version_of(x) == 1 && bp_version_of(t) == 1);
  expect(bp_contiguous(t), "3 2", "1 4 0 0 0 0");
  check(bp_is_contiguous(bp_contiguous(t)) && bp_data(bp_clone(x)) != bp_data(x));
  {
    int64_t tall[2] = {2, 3};
    check(bp_stride(bp_expand(bp_select(x, 0, 0), 2, tall), 0) == 0);
  }
  check(bp_data(bp_detach(x)) == bp_data(x));
  bp_scope_pop(ctx);
  release_texts();
  no_error(ctx);
  check(live(ctx) == 0);
}

static void memory(bp_context *ctx) {
  int64_t shape[1] = {1 << 20};
  bp_tensor *t;
  begin("the memory figures follow what is alive");
  t = bp_zeros(ctx, BP_FLOAT32, 1, shape);
  check(live(ctx) == 1 && bp_memory_stat(ctx, BP_MEMORY_IN_USE) >= 4 << 20);
  bp_release(t);
  check(live(ctx) == 0 && bp_memory_stat(ctx, BP_MEMORY_IN_USE) == 0);
  check(bp_memory_stat(ctx, BP_MEMORY_PEAK) >= 4 << 20 && bp_memory_stat(ctx, BP_MEMORY_RESERVED) >= 4 << 20);
  check(bp_memory_trim(ctx) == BP_OK);
  check(bp_memory_stat(ctx, BP_MEMORY_RESERVED) < 4 << 20);
  no_error(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  versions_and_contexts();
  reading_and_writing(ctx);
  making(ctx);
  borrowing(ctx);
  scopes(ctx);
  views(ctx);
  memory(ctx);
  bp_context_destroy(ctx);
  return finish();
}
