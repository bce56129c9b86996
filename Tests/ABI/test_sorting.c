/* Reductions beyond sums, order, running sums, distances and more ways to make tensors: values worked out by hand. */
#include "check.h"

static int64_t d0[] = {0}, d1[] = {1};

static void reductions(bp_context *ctx) {
  begin("prod, std, var_mean, logsumexp, nansum, any, all, count_nonzero, aminmax");
  bp_scope_push(ctx);
  bp_tensor *x = trainable(ctx, "2 3", "1 2 3 0 5 4"), *mean, *largest;
  expect(bp_prod(x), "", "0");
  expect(bp_prod_dim(x, 1, 1), "2 1", "6 0");
  bp_backward(bp_sum(bp_prod_dim(x, 1, 0)));
  expect(bp_grad(x), "2 3", "6 3 2 20 0 0");
  expect(bp_std(floats(ctx, "2", "1 3"), 0), "", "1");
  expect(bp_std_dim(floats(ctx, "2 2", "1 3 2 8"), 1, d1, 0, 1), "2 1", "1 3");
  expect(bp_var_mean(floats(ctx, "2 2", "1 3 2 8"), 1, d1, 0, 0, &mean), "2", "1 9");
  expect(mean, "2", "2 5");
  expect(bp_std_mean(floats(ctx, "2", "1 3"), 0, NULL, 0, 0, NULL), "", "1");
  expect(bp_logsumexp(floats(ctx, "2", "1000 1000"), 1, d0, 0), "", "1000.6931471805599");
  expect(bp_nansum(floats(ctx, "3", "1 nan 2"), 0, NULL, 0), "", "3");
  expect(bp_nanmean(floats(ctx, "3", "1 nan 2"), 0, NULL, 1), "1", "1.5");
  expect(bp_to(bp_any(x, 1, d1, 0), BP_FLOAT32), "2", "1 1");
  expect(bp_to(bp_all(x, 1, d1, 0), BP_FLOAT32), "2", "1 0");
  expect(bp_to(bp_count_nonzero(x, 1, d1), BP_FLOAT32), "2", "3 2");
  expect(bp_aminmax(x, BP_NONE, 0, &largest), "", "0");
  expect(largest, "", "5");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("norm, normalize, cosine_similarity, pairwise_distance");
  bp_scope_push(ctx);
  x = trainable(ctx, "2 2", "3 -4 0 0");
  expect(bp_norm(x, 2, 1, d1, 0), "2", "5 0");
  bp_backward(bp_sum(bp_norm(x, 2, 1, d1, 0)));
  expect(bp_grad(x), "2 2", "0.6 -0.8 0 0");
  expect(bp_norm(x, INFINITY, 0, NULL, 0), "", "4");
  expect(bp_norm(x, 0, 0, NULL, 0), "", "2");
  expect(bp_normalize(x, 2, 1, d1, 1e-12), "2 2", "0.6 -0.8 0 0");
  expect(bp_cosine_similarity(floats(ctx, "1 2", "3 4"), floats(ctx, "1 2", "4 3"), 1, 1e-8), "1", "0.96");
  expect(bp_pairwise_distance(floats(ctx, "1 2", "4 5"), floats(ctx, "1 2", "1 1"), 2, 0, 1), "1 1", "5");
  refuses(bp_norm(x, NAN, 0, NULL, 0), BP_E_ARGUMENT, "the order is not a number");
  bp_scope_pop(ctx);
}

static void order(bp_context *ctx) {
  begin("sort, argsort, msort, topk, kthvalue, mode, median");
  bp_scope_push(ctx);
  bp_tensor *x = trainable(ctx, "4", "2 nan 1 2"), *at = NULL, *many = NULL;
  expect(bp_sort(x, 0, 0, 1, &at), "4", "1 2 2 nan");
  expect(bp_to(at, BP_FLOAT32), "4", "2 0 3 1");
  expect(bp_to(bp_argsort(x, 0, 1, 0), BP_FLOAT32), "4", "1 0 3 2");
  expect(bp_msort(x), "4", "1 2 2 nan");
  expect(bp_topk(x, 2, -1, 0, 1, &at), "2", "1 2");
  expect(bp_to(at, BP_FLOAT32), "2", "2 0");
  expect(bp_kthvalue(x, 3, 0, 1, NULL), "1", "2");
  expect(bp_mode(x, 0, 0, &at), "", "2");
  expect(bp_median(x), "", "nan");
  expect(bp_nanmedian(x), "", "2");
  expect(bp_median_dim(x, 0, 0, &at), "", "nan");
  expect(bp_nanmedian_dim(x, 0, 1, NULL), "1", "2");
  bp_backward(bp_nanmedian(x));
  expect(bp_grad(x), "4", "0.5 0 0 0.5");
  refuses(bp_topk(x, 5, 0, 1, 1, NULL), BP_E_INDEX, "k is 5, there are 4 elements");
  refuses(bp_kthvalue(x, 0, 0, 0, NULL), BP_E_INDEX, "k is 0, wanted 1 to the 4");
  expect(bp_unique(floats(ctx, "4", "3 1 3 2"), &at, &many), "3", "1 2 3");
  expect(bp_to(at, BP_FLOAT32), "4", "2 0 2 1");
  expect(bp_to(many, BP_FLOAT32), "3", "1 1 2");
  expect(bp_unique_consecutive(floats(ctx, "4", "3 3 1 3"), NULL, NULL), "3", "3 1 3");
  bp_scope_pop(ctx);

  begin("cumsum, cumprod, logcumsumexp, cummax, cummin");
  bp_scope_push(ctx);
  x = trainable(ctx, "4", "2 0 3 3");
  expect(bp_cumsum(x, 0), "4", "2 2 5 8");
  expect(bp_cumprod(x, 0), "4", "2 0 0 0");
  bp_backward(bp_sum(bp_cumprod(x, 0)));
  expect(bp_grad(x), "4", "1 26 0 0");
  expect(bp_logcumsumexp(floats(ctx, "2", "1000 1000"), 0), "2", "1000 1000.6931471805599");
  expect(bp_cummax(x, 0, &at), "4", "2 2 3 3");
  expect(bp_to(at, BP_FLOAT32), "4", "0 0 2 3");
  expect(bp_cummin(x, 0, NULL), "4", "2 0 0 0");
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void creation(bp_context *ctx) {
  begin("linspace, logspace, *_like, and random numbers within their limits");
  bp_scope_push(ctx);
  int64_t shape[] = {2, 2}, negative[] = {-1};
  bp_tensor *x = floats(ctx, "2", "5 6");
  expect(bp_linspace(ctx, BP_FLOAT32, 0, 1, 3), "3", "0 0.5 1");
  expect(bp_logspace(ctx, BP_FLOAT32, 0, 2, 3, 10), "3", "1 10 100");
  expect(bp_zeros_like(x), "2", "0 0");
  expect(bp_ones_like(x), "2", "1 1");
  expect(bp_full_like(x, 7), "2", "7 7");
  expect(bp_randint(ctx, BP_FLOAT32, 2, shape, 3, 4), "2 2", "3 3 3 3");
  expect(bp_randint_like(x, -2, -1), "2", "-2 -2");
  expect(bp_normal(ctx, BP_FLOAT32, 1, shape, 4, 0), "2", "4 4");
  expect(bp_bernoulli(floats(ctx, "2", "1 0")), "2", "1 0");
  expect(bp_to(bp_multinomial(floats(ctx, "2 3", "0 1 0 0 0 2"), 2, 1), BP_FLOAT32), "2 2", "1 1 2 2");
  expect(bp_to(bp_sort(bp_multinomial(floats(ctx, "3", "1 0 2"), 2, 0), 0, 0, 0, NULL), BP_FLOAT32), "2", "0 2");
  check(bp_numel(bp_empty(ctx, BP_INT64, 2, shape)) == 4 && bp_dtype_of(bp_empty_like(x)) == BP_FLOAT32);
  check(bp_numel(bp_rand_like(x)) == 2 && bp_numel(bp_randn_like(x)) == 2);
  no_error(ctx);
  refuses(bp_bernoulli(floats(ctx, "1", "1.5")), BP_E_ARGUMENT, "probabilities must lie in 0…1");
  refuses(bp_multinomial(floats(ctx, "2", "1 0"), 2, 0), BP_E_ARGUMENT, "1 weights above 0");
  refuses(bp_randint(ctx, BP_INT64, 0, NULL, 3, 3), BP_E_ARGUMENT, "from (3) must be less than to (3)");
  refuses(bp_linspace(ctx, BP_FLOAT32, 0, 1, -1), BP_E_ARGUMENT, "it is -1");
  refuses(bp_empty(ctx, BP_FLOAT32, 1, negative), BP_E_SHAPE, "negative size");
  bp_scope_pop(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  reductions(ctx);
  order(ctx);
  creation(ctx);
  release_texts();
  begin("nothing is left");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  bp_context_destroy(ctx);
  return finish();
}
