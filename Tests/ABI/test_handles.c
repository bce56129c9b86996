/* Handles that are NULL, stale, foreign or garbage: always BP_E_HANDLE, never a crash. */
#include "check.h"

typedef bp_tensor *(*unary)(const bp_tensor *);
typedef bp_tensor *(*binary)(const bp_tensor *, const bp_tensor *);
static const unary unaries[] = {bp_logical_not, bp_neg,    bp_abs,  bp_sign, bp_square, bp_sqrt,   bp_rsqrt,  bp_reciprocal, bp_exp,    bp_log, bp_sin,
                                bp_cos,         bp_erf,    bp_softplus, bp_relu, bp_sigmoid, bp_tanh, bp_sum,   bp_mean,   bp_max,        bp_min,    bp_argmax,
                                bp_argmin,      bp_detach, bp_squeeze, bp_contiguous, bp_clone, bp_grad};
static const binary binaries[] = {bp_add, bp_sub, bp_mul, bp_div, bp_pow, bp_maximum, bp_minimum, bp_eq,
                                  bp_ne,  bp_lt,  bp_le,  bp_gt,  bp_ge,  bp_matmul};

/* Gives the handle to every kind of function; each must answer with an error value. */
static void offer(bp_context *ctx, bp_tensor *bad, bp_tensor *good) {
  int64_t one[1] = {1}, zero[1] = {0};
  bp_tensor *out = NULL, *pair[2];
  float x;
  bp_optimizer *opt = bp_sgd_create(ctx, NULL);
  static const char *const names[1] = {"bad"};
  pair[0] = good;
  pair[1] = bad;
  for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++) check(unaries[i](bad) == NULL);
  for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
    check(binaries[i](bad, good) == NULL);
    check(binaries[i](good, bad) == NULL);
    check(binaries[i](bad, bad) == NULL);
  }
  check(!bp_gelu(bad, 0) && !bp_clamp(bad, 0, 1) && !bp_where(bad, good, good) && !bp_where(good, bad, good) && !bp_to(bad, BP_FLOAT64));
  check(!bp_add_(bad, good) && !bp_sub_(good, bad) && !bp_mul_(bad, good) && !bp_div_(good, bad) && !bp_copy_(bad, good) && !bp_fill_(bad, 1));
  check(!bp_var(bad, 1) && !bp_sum_dim(bad, 1, zero, 0) && !bp_mean_dim(bad, 1, zero, 0) && !bp_amax(bad, 1, zero, 0) &&
        !bp_amin(bad, 1, zero, 0) && !bp_var_dim(bad, 1, zero, 1, 0) && !bp_max_dim(bad, 0, 0, &out) && !bp_min_dim(bad, 0, 0, &out) &&
        !bp_argmax_dim(bad, 0, 0) && !bp_argmin_dim(bad, 0, 0));
  check(!bp_linear(bad, good, NULL) && !bp_linear(good, bad, NULL) && !bp_reshape(bad, 1, one) && !bp_flatten(bad, 0, -1) &&
        !bp_transpose(bad, 0, 0) && !bp_permute(bad, 1, zero) && !bp_expand(bad, 1, one) && !bp_squeeze_dim(bad, 0) && !bp_unsqueeze(bad, 0) &&
        !bp_slice(bad, 0, 0, 1, 1) && !bp_select(bad, 0, 0) && !bp_cat(2, pair, 0) && !bp_stack(2, pair, 0));
  check(!bp_gather(bad, 0, good) && !bp_gather(good, 0, bad) && !bp_scatter_add(bad, 0, good, good) && !bp_scatter_add(good, 0, good, bad) &&
        !bp_index_add(bad, 0, good, good) && !bp_index_select(bad, 0, good) && !bp_index_select(good, 0, bad) && !bp_embedding(bad, good, BP_NONE) && !bp_embedding(good, bad, BP_NONE));
  check(!bp_softmax(bad, 0) && !bp_log_softmax(bad, 0) && !bp_layer_norm(bad, 1, one, NULL, NULL, 1e-5) && !bp_dropout(bad, .5, 1) &&
        !bp_mse_loss(bad, good, 1) && !bp_mse_loss(good, bad, 1) && !bp_cross_entropy(bad, good, NULL) && !bp_cross_entropy(good, bad, NULL) &&
        !bp_binary_cross_entropy_with_logits(bad, good, NULL, NULL, 1) && !bp_binary_cross_entropy_with_logits(good, bad, NULL, NULL, 1));
  check(!bp_rms_norm(bad, 1, one, NULL, 1e-5) && !bp_batch_norm(bad, NULL, NULL, NULL, NULL, 1, .1, 1e-5) &&
        !bp_group_norm(bad, 1, NULL, NULL, 1e-5) && !bp_nll_loss(bad, good, NULL) && !bp_nll_loss(good, bad, NULL));
  if (bad) check(!bp_layer_norm(good, 1, one, bad, NULL, 1e-5));
  if (bad) check(!bp_batch_norm(good, bad, bad, NULL, NULL, 1, .1, 1e-5) && !bp_group_norm(good, 1, bad, NULL, 1e-5));
  check(bp_ndim(bad) == -1 && bp_dim(bad, 0) == -1 && bp_numel(bad) == -1 && bp_dtype_of(bad) == -1 && bp_stride(bad, 0) == INT64_MIN);
  check(isnan(bp_item(bad)) && !bp_data(bad) && bp_read(bad, &x, 4) == BP_E_HANDLE && bp_write(bad, &x, 4) == BP_E_HANDLE);
  check(bp_is_contiguous(bad) <= 0 && bp_requires_grad(bad) <= 0 && bp_is_leaf(bad) <= 0 && bp_version_of(bad) == -1);
  check(bp_operation_of(bad) != NULL && !*bp_operation_of(bad) && !bp_context_of(bad) && !bp_retain(bad));
  check(bp_set_requires_grad(bad, 1) == BP_E_HANDLE && bp_zero_grad(bad) == BP_E_HANDLE && bp_backward(bad) == BP_E_HANDLE &&
        bp_backward_with(bad, NULL) == BP_E_HANDLE && bp_autograd_grad(bad, 1, &good, &out, NULL) == BP_E_HANDLE);
  check(bp_clip_grad_norm_(1, &bad, 1, 2, NULL) == BP_E_HANDLE && bp_clip_grad_value_(1, &bad, 1) == BP_E_HANDLE);
  check(bp_optimizer_add(opt, bad) == BP_E_HANDLE && bp_save(ctx, "never.safetensors", 1, names, &bad) == BP_E_HANDLE);
  check(fopen("never.safetensors", "rb") == NULL);
  bp_optimizer_destroy(opt);
  bp_context_clear(ctx);
}

static void tensors(bp_context *ctx) {
  bp_context *elsewhere = bp_context_create(NULL), *gone = bp_context_create(NULL);
  bp_tensor *good = floats(ctx, "1", "5"), *stale, *orphan = bp_scalar(gone, 1);
  int64_t before = bp_memory_stat(ctx, BP_MEMORY_TENSORS);
  begin("NULL");
  offer(ctx, NULL, good);
  begin("a released handle, also when its place is taken by another tensor");
  stale = bp_scalar(ctx, 3);
  bp_release(stale);
  offer(ctx, stale, good);
  {
    bp_tensor *successor = bp_scalar(ctx, 4);
    check(successor != stale);
    offer(ctx, stale, good);
    check_near(bp_item(successor), 4);
    bp_release(successor);
  }
  bp_release(stale);
  check(bp_context_status(ctx) == BP_E_HANDLE && *bp_context_message(ctx));
  bp_context_clear(ctx);
  begin("a handle whose context is gone");
  bp_context_destroy(gone);
  offer(ctx, orphan, good);
  bp_release(orphan);
  check(bp_context_status(ctx) == BP_OK);
  begin("garbage pointers");
  {
    static char somewhere[64];
    uint64_t seed = 88172645463325252u;
    offer(ctx, (bp_tensor *)(void *)somewhere, good);
    offer(ctx, (bp_tensor *)(void *)ctx, good);
    offer(ctx, (bp_tensor *)UINTPTR_MAX, good);
    offer(ctx, (bp_tensor *)(uintptr_t)1, good);
    for (int i = 0; i < 100000; i++) {
      bp_tensor *bad;
      seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17;
      /* Random words, and near misses of a good handle. */
      bad = (bp_tensor *)(uintptr_t)(i & 1 ? seed : (uint64_t)(uintptr_t)good ^ (UINT64_C(1) << (seed & 63)));
      if (bad == good) continue;
      if (bp_numel(bad) != -1 && failed_here < 3) check(!"a garbage handle was taken for a tensor");
      bp_release(bad == stale ? NULL : bad);
    }
    bp_context_clear(ctx);
  }
  begin("operands of two contexts");
  {
    bp_tensor *foreign = bp_scalar(elsewhere, 2);
    bp_tensor *pair[2];
    pair[0] = good;
    pair[1] = foreign;
    refuses(bp_add(good, foreign), BP_E_HANDLE, "add");
    refuses(bp_cat(2, pair, 0), BP_E_HANDLE, "cat");
    check(bp_add(foreign, good) == NULL && (bp_context_status(elsewhere) == BP_E_HANDLE || bp_context_status(ctx) == BP_E_HANDLE));
    bp_context_clear(ctx);
    bp_context_clear(elsewhere);
    check_near(bp_item(foreign), 2);
    bp_release(foreign);
  }
  begin("after all that the good tensor and the count of live ones are as before");
  expect(good, "1", "5");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == before && bp_version_of(good) == 0);
  release_texts();
  bp_context_destroy(elsewhere);
}

static void others(bp_context *ctx) {
  bp_context *gone = bp_context_create(NULL);
  bp_optimizer *opt = bp_sgd_create(ctx, NULL);
  bp_tensor *t = bp_scalar(ctx, 1);
  bp_archive *tensor_as_archive = (bp_archive *)(void *)t;
  begin("stale and mistaken contexts, optimizers and archives");
  bp_context_destroy(gone);
  check(bp_context_status(gone) == BP_E_HANDLE && bp_context_message(gone) != NULL && !bp_scalar(gone, 1));
  check(bp_scope_push(gone) == BP_E_HANDLE && bp_scope_pop(gone) == BP_E_HANDLE && bp_manual_seed(gone, 1) == BP_E_HANDLE);
  check(bp_no_grad_push(gone) == BP_E_HANDLE && bp_is_grad_enabled(gone) <= 0 && bp_set_num_threads(gone, 1) == BP_E_HANDLE);
  check(bp_random_state(gone, NULL, NULL) == BP_E_HANDLE && bp_set_random_state(gone, 1, 0) == BP_E_HANDLE);
  check(!bp_sgd_create(gone, NULL) && !bp_adam_create(NULL, NULL) && !bp_load(gone, "x") && bp_memory_stat(gone, BP_MEMORY_PEAK) == -1);
  check(bp_memory_trim(NULL) == BP_E_HANDLE && bp_num_threads(NULL) <= 0);
  bp_context_clear(gone);
  bp_context_clear(NULL);
  bp_context_destroy((bp_context *)(void *)t);
  check_near(bp_item(t), 1);
  bp_optimizer_destroy(opt);
  bp_optimizer_destroy(opt);
  bp_optimizer_destroy(NULL);
  bp_optimizer_destroy((bp_optimizer *)(void *)t);
  check(bp_optimizer_step(opt) == BP_E_HANDLE && bp_optimizer_zero_grad(NULL) == BP_E_HANDLE && isnan(bp_optimizer_lr(opt)));
  check(bp_optimizer_set_lr((bp_optimizer *)(void *)t, 1) == BP_E_HANDLE && bp_optimizer_add(opt, t) == BP_E_HANDLE);
  check(bp_archive_count(tensor_as_archive) <= 0 && !bp_archive_name(NULL, 0) && !bp_archive_get(tensor_as_archive, "x"));
  bp_archive_destroy(tensor_as_archive);
  check_near(bp_item(t), 1);
  bp_release((bp_tensor *)(void *)ctx);
  bp_context_clear(ctx);
  check_near(bp_item(t), 1);
  bp_release(t);
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
}

static void successors(void) {
  bp_context *first = bp_context_create(NULL), *second;
  bp_optimizer *stale = NULL, *opt;
  bp_module *module = NULL, *other;
  bp_archive *archive = NULL, *again;
  static const char *const names[1] = {"x"};
  bp_tensor *x = bp_scalar(first, 1);
  begin("optimizers, modules and archives of a context that is gone are not taken for those of the next under its number");
  check(bp_save(first, "successors.safetensors", 1, names, &x) == BP_OK);
  for (int i = 0; i < 5; i++) {
    bp_optimizer_destroy(stale);
    bp_module_destroy(module);
    bp_archive_destroy(archive);
    stale = bp_sgd_create(first, NULL);
    module = bp_module_create(first, "ReLU()");
    archive = bp_load(first, "successors.safetensors");
  }
  check(stale && module && archive);
  bp_context_destroy(first);
  second = bp_context_create(NULL);
  for (int i = 0; i < 10; i++) {
    opt = bp_sgd_create(second, NULL);
    other = bp_module_create(second, "ReLU()");
    again = bp_load(second, "successors.safetensors");
    check(opt != stale && other != module && again != archive);
    check(bp_optimizer_step(stale) == BP_E_HANDLE && !bp_archive_name(archive, 0) && bp_module_describe(module, NULL, 0) < 0);
    bp_optimizer_destroy(opt);
    bp_module_destroy(other);
    bp_archive_destroy(again);
  }
  bp_context_destroy(second);
  remove("successors.safetensors");
}

static void many_contexts(void) {
  static bp_context *all[5000];
  int n = 0;
  begin("4,095 contexts may live at once; one more is refused with a sentence");
  while (n < 5000 && (all[n] = bp_context_create(NULL)) != NULL) n++;
  check(n >= 4090 && n <= 4095);
  check(*bp_context_message(NULL));
  while (n > 0) bp_context_destroy(all[--n]);
  all[0] = bp_context_create(NULL);
  check(all[0] != NULL);
  bp_context_destroy(all[0]);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  tensors(ctx);
  others(ctx);
  bp_context_destroy(ctx);
  successors();
  many_contexts();
  return finish();
}
