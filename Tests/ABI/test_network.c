/* One checked call of every other function of the header: shape and movement, indexing, networks, optimizers, files, table. */
#include "check.h"
#include <time.h>

static void shapes(bp_context *ctx) {
  int64_t flat[1] = {-1}, three_two[2] = {3, -1}, order[3] = {2, 0, 1}, wide[3] = {2, -1, 3};
  bp_tensor *x, *y, *pair[2];
  begin("reshape, flatten, transpose, permute and expand");
  bp_scope_push(ctx);
  x = trainable(ctx, "2 3", "1 2 3 4 5 6");
  expect(bp_reshape(x, 1, flat), "6", "1 2 3 4 5 6");
  expect(bp_reshape(bp_transpose(x, 0, 1), 2, three_two), "3 2", "1 4 2 5 3 6");
  expect(bp_flatten(floats(ctx, "2 1 2", "1 2 3 4"), 1, -1), "2 2", "1 2 3 4");
  expect(bp_transpose(x, -1, 0), "3 2", "1 4 2 5 3 6");
  expect(bp_permute(floats(ctx, "2 1 3", "1 2 3 4 5 6"), 3, order), "3 2 1", "1 4 2 5 3 6");
  y = bp_expand(floats(ctx, "1 3", "1 2 3"), 3, wide);
  expect(y, "2 1 3", "1 2 3 1 2 3");
  y = bp_mul(bp_reshape(bp_transpose(x, 0, 1), 1, flat), floats(ctx, "6", "1 2 3 4 5 6"));
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "2 3", "1 3 5 2 4 6");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("squeeze, squeeze_dim, unsqueeze, slice and select");
  bp_scope_push(ctx);
  x = floats(ctx, "1 2 1", "1 2");
  expect(bp_squeeze(x), "2", "1 2");
  expect(bp_squeeze_dim(x, 0), "2 1", "1 2");
  expect(bp_squeeze_dim(x, 1), "1 2 1", "1 2");
  expect(bp_unsqueeze(floats(ctx, "2", "1 2"), -1), "2 1", "1 2");
  x = trainable(ctx, "5", "0 1 2 3 4");
  expect(bp_slice(x, 0, 1, BP_NONE, 2), "2", "1 3");
  expect(bp_slice(x, 0, -2, 100, 1), "2", "3 4");
  expect(bp_slice(x, 0, 3, 1, 1), "0", "");
  expect(bp_select(x, 0, -1), "", "4");
  bp_backward(bp_sum(bp_slice(x, 0, BP_NONE, 4, 3)));
  expect(bp_grad(x), "5", "1 0 0 1 0");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("cat, stack, contiguous and clone");
  bp_scope_push(ctx);
  pair[0] = trainable(ctx, "1 2", "1 2");
  pair[1] = trainable(ctx, "2 2", "3 4 5 6");
  y = bp_cat(2, pair, 0);
  expect(y, "3 2", "1 2 3 4 5 6");
  bp_backward(bp_sum(bp_mul(y, y)));
  expect(bp_grad(pair[0]), "1 2", "2 4");
  expect(bp_grad(pair[1]), "2 2", "6 8 10 12");
  pair[1] = bp_select(pair[1], 0, 0);
  pair[0] = bp_select(pair[0], 0, 0);
  expect(bp_stack(2, pair, 1), "2 2", "1 3 2 4");
  x = bp_transpose(floats(ctx, "2 2", "1 2 3 4"), 0, 1);
  expect(bp_contiguous(x), "2 2", "1 3 2 4");
  expect(bp_clone(x), "2 2", "1 3 2 4");
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void indexing(bp_context *ctx) {
  bp_tensor *x, *y, *src;
  begin("gather, scatter_add, index_add, index_select and embedding");
  bp_scope_push(ctx);
  x = trainable(ctx, "2 3", "1 2 3 4 5 6");
  y = bp_gather(x, 1, integers(ctx, "2 2", "2 0 1 1"));
  expect(y, "2 2", "3 1 5 5");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "2 3", "1 0 1 0 2 0");
  src = trainable(ctx, "2 2", "10 20 30 40");
  y = bp_scatter_add(floats(ctx, "2 3", "0 0 0 0 0 0"), 1, tensor(ctx, BP_INT32, "2 2", "2 0 1 1"), src);
  expect(y, "2 3", "20 0 10 0 70 0");
  bp_backward(bp_sum(bp_square(y)));
  expect(bp_grad(src), "2 2", "20 40 140 140");
  bp_zero_grad(x);
  src = trainable(ctx, "2 2", "10 20 30 40");
  y = bp_index_add(x, 1, integers(ctx, "2", "0 0"), src);
  expect(y, "2 3", "31 2 3 74 5 6");
  bp_backward(bp_sum(bp_square(y)));
  expect(bp_grad(src), "2 2", "62 62 148 148");
  expect(bp_grad(x), "2 3", "62 4 6 148 10 12");
  bp_zero_grad(x);
  y = bp_index_select(x, 1, integers(ctx, "3", "0 0 2"));
  expect(y, "2 3", "1 1 3 4 4 6");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "2 3", "2 0 1 2 0 1");
  x = trainable(ctx, "3 2", "1 2 3 4 5 6");
  y = bp_embedding(integers(ctx, "2 2", "2 0 2 1"), x, 1);
  expect(y, "2 2 2", "5 6 1 2 5 6 3 4");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "3 2", "1 1 0 0 2 2");
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void networks(bp_context *ctx) {
  int64_t last[1] = {2}, many[1] = {4000};
  bp_cross_entropy_options o = BP_CROSS_ENTROPY_OPTIONS_INIT;
  bp_tensor *x, *y, *w, *b;
  begin("softmax and log_softmax");
  bp_scope_push(ctx);
  x = trainable(ctx, "1 3", "1 2 3");
  expect(bp_softmax(x, 1), "1 3", "0.090030573 0.244728471 0.665240956");
  expect(bp_log_softmax(x, -1), "1 3", "-2.407605964 -1.407605964 -0.407605964");
  expect(bp_softmax(floats(ctx, "3", "1000 1000 -inf"), 0), "3", ".5 .5 0");
  bp_backward(bp_select(bp_select(bp_log_softmax(x, 1), 0, 0), 0, 1));
  expect(bp_grad(x), "1 3", "-0.090030573 0.755271529 -0.665240956");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("layer_norm with the biased variance");
  bp_scope_push(ctx);
  x = floats(ctx, "2 2", "1 3 -2 2");
  w = trainable(ctx, "2", "2 .5");
  b = trainable(ctx, "2", "1 -1");
  expect(bp_layer_norm(x, 1, last, NULL, NULL, 0), "2 2", "-1 1 -1 1");
  y = bp_layer_norm(x, 1, last, w, b, 0);
  expect(y, "2 2", "-1 -.5 -1 -.5");
  bp_backward(bp_sum(y));
  expect(bp_grad(w), "2", "-2 2");
  expect(bp_grad(b), "2", "2 2");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("batch_norm: statistics of the batch, which the running ones follow; group_norm and rms_norm");
  bp_scope_push(ctx);
  {
    bp_tensor *mean = floats(ctx, "2", "0 10"), *variance = floats(ctx, "2", "1 2"), *rows;
    x = floats(ctx, "2 2", "1 10 3 30");
    w = trainable(ctx, "2", "2 .5");
    b = trainable(ctx, "2", "1 -1");
    y = bp_batch_norm(x, mean, variance, w, b, 1, 0.5, 0);
    expect(y, "2 2", "-1 -1.5 3 -.5");
    expect(mean, "2", "1 15");
    expect(variance, "2", "1.5 101"); /* the unbiased variances are 2 and 200 */
    bp_backward(bp_sum(y));
    expect(bp_grad(w), "2", "0 0");
    expect(bp_grad(b), "2", "2 2");
    expect(bp_batch_norm(x, floats(ctx, "2", "1 20"), floats(ctx, "2", "4 25"), w, b, 0, 0.5, 0), "2 2", "1 -2 3 0");
    check(bp_version_of(mean) == 1 && !bp_requires_grad(mean));
    rows = floats(ctx, "1 4", "1 3 -2 2");
    expect(bp_group_norm(rows, 2, NULL, NULL, 0), "1 4", "-1 1 -1 1");
    expect(bp_rms_norm(floats(ctx, "2", "1 7"), 1, last, floats(ctx, "2", "5 10"), 0), "2", "1 14");
    expect(bp_nll_loss(floats(ctx, "2 2", "-1 -2 -3 -4"), integers(ctx, "2", "0 1"), NULL), "", "2.5");
  }
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("gradients are clipped by their joint norm, and by value");
  bp_scope_push(ctx);
  {
    bp_tensor *two[2];
    double norm = 0;
    two[0] = trainable(ctx, "2", "1 1");
    two[1] = trainable(ctx, "1", "1");
    check(bp_clip_grad_norm_(2, two, 1, 2, &norm) == BP_OK && norm == 0); /* no gradients yet */
    bp_backward(bp_add(bp_sum(bp_mul(two[0], floats(ctx, "2", "3 -4"))), bp_sum(bp_mul(two[1], bp_scalar(ctx, 12)))));
    check(bp_clip_grad_norm_(2, two, INFINITY, 2, &norm) == BP_OK && norm == 13);
    expect(bp_grad(two[0]), "2", "3 -4");
    check(bp_clip_grad_norm_(2, two, 6.5, 2, NULL) == BP_OK);
    expect(bp_grad(two[0]), "2", "1.5 -2");
    expect(bp_grad(two[1]), "1", "6");
    check(bp_clip_grad_value_(2, two, 1.75) == BP_OK);
    expect(bp_grad(two[0]), "2", "1.5 -1.75");
    check(bp_clip_grad_norm_(0, NULL, 1, 2, &norm) == BP_OK && norm == 0);
    no_error(ctx);
    check(bp_clip_grad_norm_(2, two, 1, 0, NULL) == BP_E_ARGUMENT);
    bp_context_clear(ctx);
    {
      /* Both types as one vector; a parameter of another context behind the first changes nothing. */
      bp_context *elsewhere = bp_context_create(NULL);
      bp_tensor *mixed[2], *foreign[2];
      double one = 1;
      mixed[0] = two[0];
      mixed[1] = bp_parameter(ctx, BP_FLOAT64, 0, NULL, &one);
      bp_zero_grad(two[0]);
      bp_backward(bp_add(bp_sum(bp_mul(two[0], floats(ctx, "2", "3 -4"))), bp_mul(mixed[1], bp_scalar(ctx, 12))));
      check(bp_clip_grad_norm_(2, mixed, 6.5, 2, &norm) == BP_OK && norm == 13);
      expect(bp_grad(two[0]), "2", "1.5 -2");
      check(bp_item(bp_grad(mixed[1])) > 5.999999 && bp_item(bp_grad(mixed[1])) < 6);
      foreign[0] = two[0];
      foreign[1] = bp_scalar(elsewhere, 1);
      check(bp_clip_grad_value_(2, foreign, 0.5) == BP_E_HANDLE && bp_clip_grad_norm_(2, foreign, 0.5, 2, NULL) == BP_E_HANDLE);
      expect(bp_grad(two[0]), "2", "1.5 -2");
      bp_context_clear(ctx);
      bp_context_destroy(elsewhere);
      bp_release(mixed[1]);
    }
  }
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("dropout zeroes a share p and keeps the mean; without training it is the identity");
  bp_scope_push(ctx);
  x = bp_ones(ctx, BP_FLOAT32, 1, many);
  y = bp_dropout(x, 0.25, 1);
  check(fabs(bp_item(bp_mean(y)) - 1) < 0.06);
  check_near(bp_item(bp_max(y)), 1 / 0.75);
  check(bp_item(bp_min(y)) == 0);
  check(bp_item(bp_min(bp_dropout(x, 0.25, 0))) == 1);
  check(bp_item(bp_max(bp_dropout(x, 1, 1))) == 0);
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("mse_loss");
  bp_scope_push(ctx);
  x = trainable(ctx, "2", "1 4");
  y = floats(ctx, "2", "3 3");
  expect(bp_mse_loss(x, y, BP_REDUCTION_NONE), "2", "4 1");
  check_near(bp_item(bp_mse_loss(x, y, BP_REDUCTION_SUM)), 5);
  bp_backward(bp_mse_loss(x, y, BP_REDUCTION_MEAN));
  expect(bp_grad(x), "2", "-2 1");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("cross_entropy: labels, ignored labels, weights, smoothing, probabilities");
  bp_scope_push(ctx);
  x = trainable(ctx, "2 3", "1 2 3 1 2 3");
  y = integers(ctx, "2", "2 0");
  check_near(bp_item(bp_cross_entropy(x, y, NULL)), (0.407605964 + 2.407605964) / 2);
  bp_backward(bp_cross_entropy(x, y, NULL));
  expect(bp_grad(x), "2 3", "0.045015287 0.122364236 -0.167379522 -0.454984713 0.122364236 0.332620478");
  o.reduction = BP_REDUCTION_NONE;
  expect(bp_cross_entropy(x, y, &o), "2", "0.407605964 2.407605964");
  expect(bp_cross_entropy(x, integers(ctx, "2", "-100 0"), &o), "2", "0 2.407605964");
  o.reduction = BP_REDUCTION_MEAN;
  check_near(bp_item(bp_cross_entropy(x, integers(ctx, "2", "-100 0"), &o)), 2.407605964);
  o.weight = floats(ctx, "3", "3 1 1");
  check_near(bp_item(bp_cross_entropy(x, y, &o)), (0.407605964 + 3 * 2.407605964) / 4);
  o.weight = NULL;
  o.label_smoothing = 0.3;
  check_near(bp_item(bp_cross_entropy(bp_select(x, 0, 0), integers(ctx, "", "2"), &o)), 0.7 * 0.407605964 + 0.1 * 4.222817893);
  o.label_smoothing = 0;
  check_near(bp_item(bp_cross_entropy(bp_select(x, 0, 0), floats(ctx, "3", "0 .5 .5"), &o)), (1.407605964 + 0.407605964) / 2);
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("binary_cross_entropy_with_logits stays finite and takes both weights");
  bp_scope_push(ctx);
  x = trainable(ctx, "3", "0 1000 -1000");
  y = floats(ctx, "3", "1 1 1");
  expect(bp_binary_cross_entropy_with_logits(x, y, NULL, NULL, BP_REDUCTION_NONE), "3", "0.693147181 0 1000");
  expect(bp_binary_cross_entropy_with_logits(x, y, floats(ctx, "", "2"), floats(ctx, "3", "3 1 1"), BP_REDUCTION_NONE), "3",
         "4.158883083 0 2000");
  bp_backward(bp_binary_cross_entropy_with_logits(x, y, NULL, NULL, BP_REDUCTION_SUM));
  expect(bp_grad(x), "3", "-.5 0 -1");
  bp_scope_pop(ctx);
  no_error(ctx);
}

/* Two steps of each optimizer from 1 with gradient 2·w of w². */
static void optimizers(bp_context *ctx) {
  bp_sgd_options s = BP_SGD_OPTIONS_INIT;
  bp_adam_options a = BP_ADAM_OPTIONS_INIT, w = BP_ADAMW_OPTIONS_INIT;
  static const double expected[3][2] = {{0.8, 0.46}, {0.9, 0.800412229}, {0.899, 0.798519027}};
  for (int kind = 0; kind < 3; kind++) {
    static const char *const names[] = {"SGD with momentum", "Adam", "AdamW"};
    bp_tensor *p = trainable(ctx, "", "1");
    bp_optimizer *opt;
    begin(names[kind]);
    s.lr = a.lr = w.lr = 0.1;
    s.momentum = 0.9;
    opt = kind == 0 ? bp_sgd_create(ctx, &s) : kind == 1 ? bp_adam_create(ctx, &a) : bp_adamw_create(ctx, &w);
    check(opt && bp_optimizer_add(opt, p) == BP_OK);
    for (int step = 0; step < 2; step++) {
      bp_scope_push(ctx);
      bp_optimizer_zero_grad(opt);
      bp_backward(bp_square(p));
      check(bp_optimizer_step(opt) == BP_OK);
      bp_scope_pop(ctx);
      check_near(bp_item(p), expected[kind][step]);
    }
    check(bp_optimizer_set_lr(opt, 0) == BP_OK && bp_optimizer_lr(opt) == 0);
    refuses_status(bp_optimizer_add(opt, p), BP_E_ARGUMENT, "add");
    bp_optimizer_destroy(opt);
    no_error(ctx);
  }
}

static void files(bp_context *ctx) {
  static const char *const names[2] = {"layer.weight", "step"};
  char path[64];
  bp_tensor *both[2];
  bp_archive *file;
  begin("save and load give back names, types, shapes and bits");
  snprintf(path, sizeof path, "test_network.%ld.safetensors", (long)time(NULL));
  both[0] = floats(ctx, "2 2", "1 -0.1 nan inf");
  both[1] = integers(ctx, "", "9007199254740993");
  check(bp_save(ctx, path, 2, names, both) == BP_OK);
  file = bp_load(ctx, path);
  check(bp_archive_count(file) == 2 && bp_archive_name(file, 2) == NULL && bp_archive_name(file, -1) == NULL);
  check(bp_archive_name(file, 0) && bp_archive_name(file, 1) && strcmp(bp_archive_name(file, 0), bp_archive_name(file, 1)));
  bp_context_clear(ctx);
  bp_scope_push(ctx);
  expect(bp_archive_get(file, "layer.weight"), "2 2", "1 -0.1 nan inf");
  check(bp_dtype_of(bp_archive_get(file, "step")) == BP_INT64);
  refuses(bp_archive_get(file, "absent"), BP_E_ARGUMENT, "absent");
  bp_scope_pop(ctx);
  bp_archive_destroy(file);
  bp_archive_destroy(NULL);
  remove(path);
  no_error(ctx);
}

static void table(void) {
  int add = 0, n = bp_operation_count();
  begin("the table lists every operation once");
  check(n > 50);
  for (int32_t i = 0; i < n; i++) {
    check(bp_operation_name(i) != NULL);
    add += !strcmp(bp_operation_name(i), "add");
    for (int32_t j = 0; j < i; j++) check(strcmp(bp_operation_name(i), bp_operation_name(j)) != 0);
  }
  check(add == 1 && bp_operation_name(n) == NULL && bp_operation_name(-1) == NULL);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  shapes(ctx);
  indexing(ctx);
  networks(ctx);
  optimizers(ctx);
  files(ctx);
  table();
  release_texts();
  begin("nothing is left");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  bp_context_destroy(ctx);
  return finish();
}
