/* One checked call of every element-wise operation, reduction and matrix product of the header, and of their gradients. */
#include "check.h"

typedef bp_tensor *(*unary)(const bp_tensor *);
typedef bp_tensor *(*binary)(const bp_tensor *, const bp_tensor *);

/* x, f(x) and f'(x), worked out with 17 digits elsewhere. */
static const struct {
  const char *name;
  unary f;
  const char *x, *y, *dx;
} unaries[] = {
    {"neg", bp_neg, "-1.5 0 2", "1.5 0 -2", "-1 -1 -1"},
    {"abs", bp_abs, "-1.5 0 2", "1.5 0 2", "-1 0 1"},
    {"sign", bp_sign, "-1.5 0 2", "-1 0 1", "0 0 0"},
    {"square", bp_square, "-1.5 0 2", "2.25 0 4", "-3 0 4"},
    {"sqrt", bp_sqrt, "0.25 1 9", "0.5 1 3", "1 0.5 0.166666667"},
    {"rsqrt", bp_rsqrt, "0.25 1 4", "2 1 0.5", "-4 -0.5 -0.0625"},
    {"reciprocal", bp_reciprocal, "-2 0.5 4", "-0.5 2 0.25", "-0.25 -4 -0.0625"},
    {"exp", bp_exp, "-1 0 2", "0.367879441 1 7.389056099", "0.367879441 1 7.389056099"},
    {"log", bp_log, "0.5 1 10", "-0.693147181 0 2.302585093", "2 1 0.1"},
    {"sin", bp_sin, "-1 0 2", "-0.841470985 0 0.909297427", "0.540302306 1 -0.416146837"},
    {"cos", bp_cos, "-1 0 2", "0.540302306 1 -0.416146837", "0.841470985 0 -0.909297427"},
    {"erf", bp_erf, "-1 0 0.5", "-0.842700793 0 0.520499878", "0.415107497 1.128379167 0.878782579"},
    {"relu", bp_relu, "-1.5 0 2", "0 0 2", "0 0 1"},
    {"sigmoid", bp_sigmoid, "-1 0 2", "0.268941421 0.5 0.880797078", "0.196611933 0.25 0.104993585"},
    {"softplus", bp_softplus, "-1 0 1000", "0.313261688 0.693147181 1000", "0.268941421 0.5 1"},
    {"tanh", bp_tanh, "-1 0 0.5", "-0.761594156 0 0.462117157", "0.419974342 1 0.786447733"},
};

/* a, b, f(a, b) and both derivatives. */
static const struct {
  const char *name;
  binary f;
  const char *a, *b, *y, *da, *db;
} binaries[] = {
    {"add", bp_add, "1 2 -3", "4 -5 6", "5 -3 3", "1 1 1", "1 1 1"},
    {"sub", bp_sub, "1 2 -3", "4 -5 6", "-3 7 -9", "1 1 1", "-1 -1 -1"},
    {"mul", bp_mul, "1 2 -3", "4 -5 6", "4 -10 -18", "4 -5 6", "1 2 -3"},
    {"div", bp_div, "1 2 -3", "4 -5 2", "0.25 -0.4 -1.5", "0.25 -0.2 0.5", "-0.0625 -0.08 0.75"},
    {"pow", bp_pow, "2 3 0", "3 -1 2", "8 0.333333333 0", "12 -0.111111111 0", "5.545177444 0.366204096 0"},
    {"maximum", bp_maximum, "1 2 -3", "4 -5 -3", "4 2 -3", "0 1 0.5", "1 0 0.5"},
    {"minimum", bp_minimum, "1 2 -3", "4 -5 -3", "1 -5 -3", "1 0 0.5", "0 1 0.5"},
};

static const struct {
  const char *name;
  binary f;
  const char *y;
} comparisons[] = {
    {"eq", bp_eq, "0 1 0 0"}, {"ne", bp_ne, "1 0 1 1"}, {"lt", bp_lt, "1 0 0 0"},
    {"le", bp_le, "1 1 0 0"}, {"gt", bp_gt, "0 0 1 0"}, {"ge", bp_ge, "0 1 1 0"},
};

static void elementwise(bp_context *ctx) {
  static const bp_dtype floating[] = {BP_FLOAT32, BP_FLOAT64};
  for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++) {
    begin(unaries[i].name);
    for (int k = 0; k < 2; k++) {
      bp_tensor *x, *y;
      bp_scope_push(ctx);
      x = tensor(ctx, floating[k], "3", unaries[i].x);
      bp_set_requires_grad(x, 1);
      y = unaries[i].f(x);
      check(bp_dtype_of(y) == floating[k] && !strcmp(bp_operation_of(y), unaries[i].name));
      expect(y, "3", unaries[i].y);
      check(bp_backward(bp_sum(y)) == BP_OK);
      expect(bp_grad(x), "3", unaries[i].dx);
      bp_scope_pop(ctx);
    }
    no_error(ctx);
  }
  for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
    begin(binaries[i].name);
    for (int k = 0; k < 2; k++) {
      bp_tensor *a, *b, *y;
      bp_scope_push(ctx);
      a = tensor(ctx, floating[k], "3", binaries[i].a);
      b = tensor(ctx, floating[k], "3", binaries[i].b);
      bp_set_requires_grad(a, 1);
      bp_set_requires_grad(b, 1);
      y = binaries[i].f(a, b);
      expect(y, "3", binaries[i].y);
      check(bp_backward(bp_sum(y)) == BP_OK);
      expect(bp_grad(a), "3", binaries[i].da);
      expect(bp_grad(b), "3", binaries[i].db);
      bp_scope_pop(ctx);
    }
    no_error(ctx);
  }
  for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
    bp_tensor *y;
    begin(comparisons[i].name);
    bp_scope_push(ctx);
    y = comparisons[i].f(floats(ctx, "3", "1 2 3"), floats(ctx, "3", "2 2 2"));
    {
      char three[8];
      snprintf(three, sizeof three, "%.5s", comparisons[i].y);
      expect(y, "3", three);
    }
    check(bp_dtype_of(y) == BP_BOOL && !bp_requires_grad(y));
    y = comparisons[i].f(floats(ctx, "", "nan"), floats(ctx, "", "nan"));
    check(bp_item(y) == (comparisons[i].f == bp_ne));
    bp_scope_pop(ctx);
    no_error(ctx);
  }
}

static void elementwise_others(bp_context *ctx) {
  bp_tensor *x, *y, *c, *b;
  begin("logical_not, gelu, clamp, where and to");
  bp_scope_push(ctx);
  expect(bp_logical_not(floats(ctx, "3", "0 2 -1")), "3", "1 0 0");
  x = trainable(ctx, "3", "-1 0 2");
  y = bp_gelu(x, 0);
  expect(y, "3", "-0.158655254 0 1.954499736");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "3", "-0.083315471 0.5 1.085231801");
  bp_zero_grad(x);
  expect(bp_gelu(x, 1), "3", "-0.158808009 0 1.954597694");
  x = trainable(ctx, "4", "-2 -1 0.5 3");
  y = bp_clamp(x, -1, 2);
  expect(y, "4", "-1 -1 0.5 2");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "4", "0 1 1 0");
  expect(bp_clamp(x, -INFINITY, 0), "4", "-2 -1 0 0");
  c = tensor(ctx, BP_BOOL, "2 1", "1 0");
  x = trainable(ctx, "3", "1 2 3");
  b = trainable(ctx, "", "9");
  y = bp_where(c, x, b);
  expect(y, "2 3", "1 2 3 9 9 9");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "3", "1 1 1");
  check_near(bp_item(bp_grad(b)), 3);
  y = bp_to(floats(ctx, "3", "-1.7 0 2.9"), BP_INT32);
  check(bp_dtype_of(y) == BP_INT32);
  expect(y, "3", "-1 0 2");
  x = trainable(ctx, "2", "1 2");
  y = bp_to(x, BP_FLOAT64);
  check(bp_dtype_of(y) == BP_FLOAT64);
  bp_backward(bp_sum(bp_square(y)));
  expect(bp_grad(x), "2", "2 4");
  check(bp_dtype_of(bp_grad(x)) == BP_FLOAT32);
  {
    uint16_t half[4];
    bp_read(bp_to(floats(ctx, "4", "1 -2 65504 1e-8"), BP_FLOAT16), half, sizeof half);
    check(half[0] == 0x3c00 && half[1] == 0xc000 && half[2] == 0x7bff && half[3] == 0);
    bp_read(bp_to(floats(ctx, "4", "1 -2 3.14159274 1e38"), BP_BFLOAT16), half, sizeof half);
    check(half[0] == 0x3f80 && half[1] == 0xc000 && half[2] == 0x4049);
    expect(bp_to(bp_to(floats(ctx, "3", "1.5 -2.25 inf"), BP_FLOAT16), BP_FLOAT32), "3", "1.5 -2.25 inf");
  }
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("types promote as in PyTorch");
  bp_scope_push(ctx);
  x = tensor(ctx, BP_INT64, "2", "7 -7");
  check(bp_dtype_of(bp_add(x, floats(ctx, "2", "1 1"))) == BP_FLOAT32);
  check(bp_dtype_of(bp_add(x, tensor(ctx, BP_UINT8, "2", "1 1"))) == BP_INT64);
  check(bp_dtype_of(bp_mul(tensor(ctx, BP_BOOL, "2", "1 0"), tensor(ctx, BP_UINT8, "2", "4 4"))) == BP_UINT8);
  check(bp_dtype_of(bp_add(floats(ctx, "1", "1"), tensor(ctx, BP_FLOAT64, "1", "1"))) == BP_FLOAT64);
  check(bp_dtype_of(bp_div(x, x)) == BP_FLOAT32 && bp_dtype_of(bp_exp(x)) == BP_FLOAT32);
  check(bp_dtype_of(bp_sum(tensor(ctx, BP_BOOL, "2", "1 1"))) == BP_INT64);
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("in place: add_ sub_ mul_ div_ copy_ fill_");
  bp_scope_push(ctx);
  x = floats(ctx, "2 2", "1 2 3 4");
  y = bp_add_(x, floats(ctx, "2", "10 20"));
  expect(x, "2 2", "11 22 13 24");
  expect(y, "2 2", "11 22 13 24");
  bp_sub_(x, bp_number(ctx, 1));
  expect(x, "2 2", "10 21 12 23");
  bp_mul_(x, integers(ctx, "2 1", "2 1"));
  expect(x, "2 2", "20 42 12 23");
  bp_div_(x, bp_scalar(ctx, 2));
  expect(x, "2 2", "10 21 6 11.5");
  bp_copy_(bp_select(x, 0, 0), tensor(ctx, BP_INT32, "2", "7 8"));
  expect(x, "2 2", "7 8 6 11.5");
  bp_fill_(x, -1);
  expect(x, "2 2", "-1 -1 -1 -1");
  check(bp_version_of(x) == 6);
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void reductions(bp_context *ctx) {
  int64_t rows[1] = {0}, last[1] = {-1}, both[2] = {0, 1};
  bp_tensor *x, *y, *index = NULL;
  begin("sum, mean, max, min, argmax, argmin and var of everything");
  bp_scope_push(ctx);
  x = trainable(ctx, "2 3", "1 5 2 5 -4 3");
  check_near(bp_item(bp_sum(x)), 12);
  check_near(bp_item(bp_mean(x)), 2);
  check_near(bp_item(bp_max(x)), 5);
  check_near(bp_item(bp_min(x)), -4);
  check(bp_item(bp_argmax(x)) == 1 && bp_item(bp_argmin(x)) == 4 && bp_dtype_of(bp_argmax(x)) == BP_INT64);
  check_near(bp_item(bp_var(x, 1)), 11.2);
  check_near(bp_item(bp_var(x, 0)), 56. / 6);
  bp_backward(bp_add(bp_max(x), bp_mul(bp_mean(x), bp_scalar(ctx, 6))));
  expect(bp_grad(x), "2 3", "1 1.5 1 1.5 1 1");
  bp_zero_grad(x);
  bp_backward(bp_min(x));
  expect(bp_grad(x), "2 3", "0 0 0 0 1 0");
  bp_zero_grad(x);
  bp_backward(bp_var(x, 1));
  expect(bp_grad(x), "2 3", "-.4 1.2 0 1.2 -2.4 .4");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("sum_dim, mean_dim, amax, amin and var_dim with dims and keepdim");
  bp_scope_push(ctx);
  x = trainable(ctx, "2 3", "1 5 2 5 -4 2");
  expect(bp_sum_dim(x, 1, rows, 0), "3", "6 1 4");
  expect(bp_sum_dim(x, 1, last, 1), "2 1", "8 3");
  expect(bp_sum_dim(x, 2, both, 1), "1 1", "11");
  expect(bp_sum_dim(x, 0, NULL, 0), "", "11");
  expect(bp_mean_dim(x, 1, last, 0), "2", "2.666666667 1");
  expect(bp_amax(x, 1, rows, 0), "3", "5 5 2");
  expect(bp_amin(x, 1, last, 1), "2 1", "1 -4");
  expect(bp_var_dim(x, 1, last, 1, 0), "2", "4.333333333 21");
  bp_backward(bp_sum(bp_amax(x, 1, rows, 1)));
  expect(bp_grad(x), "2 3", "0 1 .5 1 0 .5");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("max_dim, min_dim, argmax_dim and argmin_dim choose the first of equals");
  bp_scope_push(ctx);
  x = trainable(ctx, "2 3", "1 5 5 2 2 7");
  y = bp_max_dim(x, 1, 0, &index);
  expect(y, "2", "5 7");
  expect(index, "2", "1 2");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "2 3", "0 1 0 0 0 1");
  expect(bp_min_dim(x, -1, 1, &index), "2 1", "1 2");
  expect(index, "2 1", "0 0");
  expect(bp_min_dim(x, 0, 0, NULL), "3", "1 2 5");
  expect(bp_argmax_dim(x, 0, 0), "3", "1 0 1");
  expect(bp_argmin_dim(x, 1, 1), "2 1", "0 0");
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void products(bp_context *ctx) {
  bp_tensor *a, *b, *y;
  begin("matmul: vectors, matrices, batches and their gradients");
  bp_scope_push(ctx);
  a = trainable(ctx, "2 3", "1 2 3 4 5 6");
  b = trainable(ctx, "3 2", "1 0 0 1 2 -1");
  y = bp_matmul(a, b);
  expect(y, "2 2", "7 -1 16 -1");
  bp_backward(bp_sum(y));
  expect(bp_grad(a), "2 3", "1 1 1 1 1 1");
  expect(bp_grad(b), "3 2", "5 5 7 7 9 9");
  expect(bp_matmul(floats(ctx, "3", "1 2 3"), floats(ctx, "3", "4 5 6")), "", "32");
  expect(bp_matmul(a, floats(ctx, "3", "1 1 1")), "2", "6 15");
  expect(bp_matmul(floats(ctx, "2", "1 1"), a), "3", "5 7 9");
  expect(bp_matmul(floats(ctx, "2 1 2", "1 2 3 4"), floats(ctx, "2 2", "1 0 1 1")), "2 1 2", "3 2 7 4");
  expect(bp_matmul(bp_transpose(a, 0, 1), floats(ctx, "2 1", "1 -1")), "3 1", "-3 -3 -3");
  expect(bp_matmul(tensor(ctx, BP_FLOAT64, "1 2", "1 2"), tensor(ctx, BP_FLOAT64, "2 1", "3 4")), "1 1", "11");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("linear: x·wᵀ + b, with and without b");
  bp_scope_push(ctx);
  a = trainable(ctx, "2 2", "1 2 3 4");
  b = trainable(ctx, "3", "10 20 30");
  {
    bp_tensor *w = trainable(ctx, "3 2", "1 0 0 1 1 1");
    y = bp_linear(a, w, b);
    expect(y, "2 3", "11 22 33 13 24 37");
    bp_backward(bp_sum(y));
    expect(bp_grad(w), "3 2", "4 6 4 6 4 6");
    expect(bp_grad(b), "3", "2 2 2");
    expect(bp_grad(a), "2 2", "2 2 2 2");
    expect(bp_linear(a, w, NULL), "2 3", "1 2 3 3 4 7");
    bp_zero_grad(w);
    bp_zero_grad(b);
    a = trainable(ctx, "2", "5 6"); /* one sample, without a batch dimension */
    y = bp_linear(a, w, b);
    expect(y, "3", "15 26 41");
    bp_backward(bp_sum(y));
    expect(bp_grad(a), "2", "2 2");
    expect(bp_grad(w), "3 2", "5 6 5 6 5 6");
    expect(bp_grad(b), "3", "1 1 1");
  }
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void sequences(bp_context *ctx) {
  bp_tensor *x, *y, *h, *c, *u, *one;
  bp_recurrent_weights w = BP_RECURRENT_WEIGHTS_INIT;
  bp_attention_options o = BP_ATTENTION_OPTIONS_INIT;

  begin("recurrent layers: states, the last, reverse order, gradients through time");
  bp_scope_push(ctx);
  x = trainable(ctx, "2 1 1", "1 2");
  w.weight_ih = one = floats(ctx, "1 1", "1");
  w.weight_hh = u = trainable(ctx, "1 1", "3");
  y = bp_rnn_relu(x, NULL, &w, 0, &h);
  expect(y, "2 1 1", "1 5");
  expect(h, "1 1", "5");
  bp_backward(bp_sum(h));
  expect(bp_grad(x), "2 1 1", "3 1");
  expect(bp_grad(u), "1 1", "1");
  expect(bp_rnn_relu(x, floats(ctx, "1 1", "1"), &w, 1, NULL), "2 1 1", "16 5");
  expect(bp_rnn_tanh(bp_sub(x, x), NULL, &w, 0, &h), "2 1 1", "0 0");
  w.weight_ih = w.weight_hh = floats(ctx, "3 1", "0 0 0");
  expect(bp_gru(x, one, &w, 0, &h), "2 1 1", "0.5 0.25");
  w.weight_ih = w.weight_hh = floats(ctx, "4 1", "0 0 0 0");
  y = bp_lstm(x, NULL, one, &w, 0, &h, &c);
  expect(c, "1 1", "0.25");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("attention: the mean of the values of equal keys, masked, causal");
  bp_scope_push(ctx);
  x = floats(ctx, "2 1", "0 0");
  y = floats(ctx, "2 2", "1 2 3 4");
  expect(bp_scaled_dot_product_attention(x, x, y, NULL, NULL), "2 2", "2 3 2 3");
  o.is_causal = 1;
  expect(bp_scaled_dot_product_attention(x, x, y, NULL, &o), "2 2", "1 2 2 3");
  expect(bp_scaled_dot_product_attention(x, x, y, tensor(ctx, BP_BOOL, "2 2", "0 1 0 0"), NULL), "2 2", "3 4 0 0");
  bp_scope_pop(ctx);
  no_error(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  sequences(ctx);
  elementwise(ctx);
  elementwise_others(ctx);
  reductions(ctx);
  products(ctx);
  release_texts();
  begin("nothing is left");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  bp_context_destroy(ctx);
  return finish();
}
