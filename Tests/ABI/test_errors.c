/* What a caller can get wrong: every mistake gives NULL or a status, one sentence with the operation's name, and changes nothing. */
#include "check.h"

static int64_t live(bp_context *ctx) { return bp_memory_stat(ctx, BP_MEMORY_TENSORS); }

static void messages(bp_context *ctx) {
  bp_tensor *a, *b;
  begin("the first error stays, with operation and shapes; NULL in gives NULL out");
  bp_scope_push(ctx);
  a = floats(ctx, "3 4", "1 2 3 4 5 6 7 8 9 10 11 12");
  b = floats(ctx, "5 2", "1 2 3 4 5 6 7 8 9 10");
  check(bp_relu(bp_add(bp_matmul(a, b), b)) == NULL);
  check(bp_context_status(ctx) == BP_E_SHAPE);
  check(strstr(bp_context_message(ctx), "matmul") && strstr(bp_context_message(ctx), "[3, 4]") && strstr(bp_context_message(ctx), "[5, 2]"));
  check(bp_reshape(a, 9, NULL) == NULL && strstr(bp_context_message(ctx), "matmul"));
  bp_context_clear(ctx);
  check(bp_context_status(ctx) == BP_OK && !*bp_context_message(ctx));
  check(bp_add(NULL, a) == NULL && bp_add(a, NULL) == NULL);
  bp_context_clear(ctx);
  bp_scope_pop(ctx);
  release_texts();
  check(live(ctx) == 0);
}

static void making(bp_context *ctx) {
  int64_t negative[2] = {2, -3}, nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, huge[2] = {(int64_t)1 << 40, (int64_t)1 << 40};
  int64_t large[1] = {(int64_t)1 << 60}, zero_huge[3] = {0, INT64_MAX, INT64_MAX}, three[1] = {3};
  float x = 1;
  begin("tensors that cannot be: negative, overflowing and huge sizes, nine dimensions, unknown types");
  refuses(bp_tensor_create(ctx, BP_FLOAT32, 2, negative, NULL), BP_E_SHAPE, "tensor_create");
  refuses(bp_tensor_create(ctx, BP_FLOAT32, 9, nine, NULL), BP_E_SHAPE, "tensor_create");
  refuses(bp_tensor_create(ctx, BP_FLOAT32, -1, nine, NULL), BP_E_SHAPE, "tensor_create");
  refuses(bp_tensor_create(ctx, BP_FLOAT32, 2, huge, NULL), BP_E_SHAPE, "tensor_create");
  refuses(bp_tensor_create(ctx, BP_FLOAT32, 1, large, NULL), BP_E_MEMORY, "tensor_create");
  refuses(bp_zeros(ctx, BP_UINT8, 1, large), BP_E_MEMORY, "zeros");
  refuses(bp_tensor_create(ctx, 42, 0, NULL, NULL), BP_E_DTYPE, "tensor_create");
  refuses(bp_tensor_create(ctx, -1, 0, NULL, NULL), BP_E_DTYPE, "tensor_create");
  refuses(bp_tensor_create(ctx, BP_FLOAT32, 1, NULL, NULL), BP_E_ARGUMENT, "tensor_create");
  refuses(bp_tensor_borrow(ctx, BP_FLOAT32, 1, three, NULL, NULL, NULL), BP_E_ARGUMENT, "tensor_borrow");
  refuses(bp_parameter(ctx, BP_INT64, 1, three, NULL), BP_E_DTYPE, "parameter");
  refuses(bp_rand(ctx, BP_INT32, 1, three), BP_E_DTYPE, "rand");
  refuses(bp_arange(ctx, BP_FLOAT32, 0, 1, 0), BP_E_ARGUMENT, "arange");
  refuses(bp_arange(ctx, BP_FLOAT32, 0, NAN, 1), BP_E_ARGUMENT, "arange");
  refuses(bp_arange(ctx, BP_FLOAT32, 0, 1e30, 1), BP_E_SHAPE, "arange");
  refuses(bp_eye(ctx, BP_FLOAT32, -1), BP_E_SHAPE, "eye");
  refuses(bp_randperm(ctx, -5), BP_E_SHAPE, "randperm");
  check(bp_tensor_create(NULL, BP_FLOAT32, 0, NULL, &x) == NULL && bp_scalar(NULL, 1) == NULL);
  check(*bp_context_message(NULL) != 0);
  {
    bp_tensor *empty = bp_zeros(ctx, BP_FLOAT32, 3, zero_huge);
    if (!empty) bp_context_clear(ctx); /* no elements or an overflowing product: either answer, but no crash */
    bp_release(empty);
  }
  check(live(ctx) == 0);
}

static void shapes(bp_context *ctx) {
  int64_t seven[1] = {7}, two_guesses[2] = {-1, -1}, twice[2] = {0, 0}, grow[2] = {4, 3}, five[1] = {5}, none[1] = {-1};
  bp_tensor *a, *b, *i, *pair[2], *index = NULL;
  int64_t before;
  bp_recurrent_weights w = BP_RECURRENT_WEIGHTS_INIT;
  bp_scope_push(ctx);
  a = floats(ctx, "2 3", "1 2 3 4 5 6");
  b = floats(ctx, "4", "1 2 3 4");
  i = integers(ctx, "2", "0 1");
  pair[0] = a;
  pair[1] = b;
  before = live(ctx);
  begin("shapes that do not fit");
  refuses(bp_add(a, b), BP_E_SHAPE, "add");
  refuses(bp_where(bp_gt(a, a), a, b), BP_E_SHAPE, "where");
  refuses(bp_matmul(bp_scalar(ctx, 1), a), BP_E_SHAPE, "matmul");
  refuses(bp_matmul(a, a), BP_E_SHAPE, "matmul");
  refuses(bp_linear(a, floats(ctx, "5 4", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"), NULL), BP_E_SHAPE, "linear");
  refuses(bp_reshape(a, 1, seven), BP_E_SHAPE, "reshape");
  refuses(bp_reshape(a, 2, two_guesses), BP_E_ARGUMENT, "reshape");
  refuses(bp_permute(a, 2, twice), BP_E_ARGUMENT, "permute");
  refuses(bp_permute(a, 1, twice), BP_E_SHAPE, "permute");
  refuses(bp_expand(a, 2, grow), BP_E_SHAPE, "expand");
  refuses(bp_cat(2, pair, 0), BP_E_SHAPE, "cat");
  refuses(bp_stack(2, pair, 0), BP_E_SHAPE, "stack");
  check(bp_cat(0, pair, 0) == NULL && strstr(bp_context_message(NULL), "cat")); /* no tensor, no context */
  refuses(bp_layer_norm(a, 1, five, NULL, NULL, 1e-5), BP_E_SHAPE, "layer_norm");
  refuses(bp_rms_norm(a, 1, five, NULL, 1e-5), BP_E_SHAPE, "rms_norm");
  refuses(bp_batch_norm(a, NULL, NULL, b, NULL, 1, .1, 1e-5), BP_E_SHAPE, "batch_norm");
  refuses(bp_batch_norm(b, NULL, NULL, NULL, NULL, 1, .1, 1e-5), BP_E_SHAPE, "batch_norm");
  refuses(bp_batch_norm(bp_slice(a, 0, 0, 1, 1), NULL, NULL, NULL, NULL, 1, .1, 1e-5), BP_E_SHAPE, "batch_norm");
  refuses(bp_batch_norm(a, NULL, NULL, NULL, NULL, 0, .1, 1e-5), BP_E_ARGUMENT, "batch_norm");
  refuses(bp_batch_norm(a, NULL, NULL, NULL, NULL, 1, .1, -1), BP_E_ARGUMENT, "batch_norm");
  refuses(bp_group_norm(a, 2, NULL, NULL, 1e-5), BP_E_SHAPE, "group_norm");
  refuses(bp_group_norm(a, 0, NULL, NULL, 1e-5), BP_E_SHAPE, "group_norm");
  refuses(bp_nll_loss(a, integers(ctx, "3", "0 1 2"), NULL), BP_E_SHAPE, "nll_loss");
  refuses(bp_nll_loss(a, integers(ctx, "2", "0 3"), NULL), BP_E_INDEX, "nll_loss");
  refuses(bp_scaled_dot_product_attention(a, b, a, NULL, NULL), BP_E_SHAPE, "scaled_dot_product_attention");
  w.weight_ih = a;
  w.weight_hh = a;
  refuses(bp_lstm(a, NULL, NULL, NULL, 0, NULL, NULL), BP_E_ARGUMENT, "lstm");
  refuses(bp_lstm(a, NULL, NULL, &w, 0, NULL, NULL), BP_E_SHAPE, "lstm");
  refuses(bp_gru(bp_unsqueeze(a, 0), NULL, &w, 0, NULL), BP_E_SHAPE, "gru");
  w.struct_size = 8;
  refuses(bp_rnn_tanh(a, NULL, &w, 0, NULL), BP_E_ARGUMENT, "rnn_tanh");
  refuses(bp_scaled_dot_product_attention(a, a, a, b, NULL), BP_E_SHAPE, "scaled_dot_product_attention");
  refuses(bp_mse_loss(a, b, BP_REDUCTION_MEAN), BP_E_SHAPE, "mse_loss");
  refuses(bp_cross_entropy(a, integers(ctx, "3", "0 1 2"), NULL), BP_E_SHAPE, "cross_entropy");
  refuses(bp_gather(a, 0, i), BP_E_SHAPE, "gather");
  refuses(bp_index_select(a, 0, integers(ctx, "1 2", "0 1")), BP_E_SHAPE, "index_select");
  refuses(bp_add_(b, a), BP_E_SHAPE, "add_");
  refuses(bp_copy_(bp_scalar(ctx, 1), a), BP_E_SHAPE, "copy_");

  begin("dimensions, indices and labels out of range");
  refuses(bp_transpose(a, 0, 2), BP_E_INDEX, "transpose");
  refuses(bp_select(a, 0, 2), BP_E_INDEX, "select");
  refuses(bp_select(a, 0, -3), BP_E_INDEX, "select");
  refuses(bp_slice(a, 5, 0, 1, 1), BP_E_INDEX, "slice");
  refuses(bp_slice(a, 0, 0, 1, 0), BP_E_ARGUMENT, "slice");
  refuses(bp_unsqueeze(a, 4), BP_E_INDEX, "unsqueeze");
  refuses(bp_squeeze_dim(a, INT64_MAX), BP_E_INDEX, "squeeze");
  refuses(bp_flatten(a, 1, 0), BP_E_ARGUMENT, "flatten");
  refuses(bp_sum_dim(a, 1, seven, 0), BP_E_INDEX, "sum");
  refuses(bp_sum_dim(a, 2, twice, 0), BP_E_ARGUMENT, "sum");
  refuses(bp_max_dim(a, INT64_MIN, 0, &index), BP_E_INDEX, "max");
  refuses(bp_argmax_dim(a, 2, 0), BP_E_INDEX, "argmax");
  refuses(bp_softmax(a, 2), BP_E_INDEX, "softmax");
  refuses(bp_gather(a, 1, integers(ctx, "1 1", "3")), BP_E_INDEX, "gather");
  refuses(bp_gather(a, 1, integers(ctx, "1 1", "-1")), BP_E_INDEX, "gather");
  refuses(bp_scatter_add(a, 0, integers(ctx, "1 1", "2"), floats(ctx, "1 1", "1")), BP_E_INDEX, "scatter_add");
  refuses(bp_index_select(a, 0, integers(ctx, "2", "0 2")), BP_E_INDEX, "index_select");
  refuses(bp_embedding(integers(ctx, "1", "9"), a, BP_NONE), BP_E_INDEX, "embedding");
  refuses(bp_cross_entropy(a, integers(ctx, "2", "0 3"), NULL), BP_E_INDEX, "cross_entropy");
  refuses(bp_cross_entropy(a, integers(ctx, "2", "-1 0"), NULL), BP_E_INDEX, "cross_entropy");
  check(bp_dim(a, 2) == -1 && bp_dim(a, -3) == -1 && bp_stride(a, 2) == INT64_MIN);
  bp_context_clear(ctx);

  begin("types an operation is not defined for");
  refuses(bp_embedding(a, a, BP_NONE), BP_E_DTYPE, "embedding");
  refuses(bp_gather(a, 0, a), BP_E_DTYPE, "gather");
  refuses(bp_where(a, a, a), BP_E_DTYPE, "where");
  refuses(bp_matmul(integers(ctx, "1 1", "1"), floats(ctx, "1 1", "1")), BP_E_DTYPE, "matmul");
  refuses(bp_softmax(i, 0), BP_E_DTYPE, "softmax");
  refuses(bp_mean(i), BP_E_DTYPE, "mean");
  refuses(bp_add(bp_to(a, BP_FLOAT16), bp_to(a, BP_FLOAT16)), BP_E_DTYPE, "add");
  refuses(bp_to(a, 77), BP_E_DTYPE, "to");
  refuses_status(bp_set_requires_grad(i, 1), BP_E_DTYPE, "requires_grad");

  begin("empty tensors: what has no answer is an error, the rest is empty or neutral");
  bp_scope_push(ctx);
  {
    int64_t shape[2] = {0, 3};
    bp_tensor *e = bp_zeros(ctx, BP_FLOAT32, 2, shape);
    refuses(bp_max(e), BP_E_SHAPE, "max");
    refuses(bp_argmin(e), BP_E_SHAPE, "argmin");
    refuses(bp_amax(e, 1, twice, 0), BP_E_SHAPE, "amax");
    expect(bp_amax(e, 1, none, 0), "0", "");
    check(bp_item(bp_sum(e)) == 0 && isnan(bp_item(bp_mean(e))));
    expect(bp_sum_dim(e, 1, twice, 0), "3", "0 0 0");
    expect(bp_exp(e), "0 3", "");
    expect(bp_matmul(bp_transpose(e, 0, 1), e), "3 3", "0 0 0 0 0 0 0 0 0");
    refuses_status(isnan(bp_item(e)) ? BP_E_SHAPE : BP_OK, BP_E_SHAPE, "item");
  }
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("after all these failures values and live tensors are as before");
  bp_scope_pop(ctx);
  expect(a, "2 3", "1 2 3 4 5 6");
  expect(b, "4", "1 2 3 4");
  check(bp_version_of(a) == 0 && bp_version_of(b) == 0 && index == NULL);
  release_texts();
  check(before == 3 && live(ctx) == 0);
}

static void gradients(bp_context *ctx) {
  bp_tensor *w, *x, *y, *g = NULL;
  bp_backward_options o = BP_BACKWARD_OPTIONS_INIT;
  int64_t three[1] = {3};
  begin("backward without a graph, without a seed, twice, and with a wrong seed");
  bp_scope_push(ctx);
  w = trainable(ctx, "2", "1 2");
  x = floats(ctx, "2", "3 4");
  refuses_status(bp_backward(bp_sum(x)), BP_E_GRAPH, "backward");
  refuses_status(bp_backward(bp_square(w)), BP_E_GRAPH, "backward");
  y = bp_sum(bp_mul(w, x));
  check(bp_backward(y) == BP_OK);
  refuses_status(bp_backward(y), BP_E_GRAPH, "backward");
  o.seed = bp_zeros(ctx, BP_FLOAT32, 1, three);
  refuses_status(bp_backward_with(bp_square(w), &o), BP_E_SHAPE, "backward");
  refuses_status(bp_autograd_grad(y, 1, &x, &g, NULL), BP_E_GRAPH, "grad");
  check(bp_backward(NULL) == BP_E_HANDLE);
  bp_context_clear(ctx);
  expect(bp_grad(w), "2", "3 4");

  begin("in-place changes of what is recorded, and requires_grad of results, are refused");
  refuses(bp_add_(w, x), BP_E_GRAPH, "add_");
  refuses(bp_fill_(w, 0), BP_E_GRAPH, "fill_");
  refuses(bp_copy_(x, w), BP_E_GRAPH, "copy_");
  refuses_status(bp_set_requires_grad(bp_mul(w, x), 0), BP_E_GRAPH, "requires_grad");
  expect(w, "2", "1 2");
  refuses_status(bp_no_grad_pop(ctx), BP_E_ARGUMENT, "no_grad_pop");
  bp_scope_pop(ctx);
  refuses_status(bp_scope_pop(ctx), BP_E_ARGUMENT, "scope_pop");
  release_texts();
  check(live(ctx) == 0);
}

static void numbers_and_options(bp_context *ctx) {
  bp_sgd_options s = BP_SGD_OPTIONS_INIT;
  bp_adam_options a = BP_ADAM_OPTIONS_INIT;
  bp_cross_entropy_options c = BP_CROSS_ENTROPY_OPTIONS_INIT;
  bp_context_options co = BP_CONTEXT_OPTIONS_INIT;
  bp_tensor *x, *w;
  bp_optimizer *opt;
  float memory[4];
  begin("numbers and options out of range");
  bp_scope_push(ctx);
  s.lr = NAN;
  refuses(bp_sgd_create(ctx, &s), BP_E_ARGUMENT, "sgd");
  s.lr = -1;
  refuses(bp_sgd_create(ctx, &s), BP_E_ARGUMENT, "sgd");
  s.lr = 0.1;
  s.nesterov = 1;
  refuses(bp_sgd_create(ctx, &s), BP_E_ARGUMENT, "sgd");
  s.struct_size = 0;
  refuses(bp_sgd_create(ctx, &s), BP_E_ARGUMENT, "sgd");
  a.lr = INFINITY;
  refuses(bp_adam_create(ctx, &a), BP_E_ARGUMENT, "adam");
  a.lr = 0.1;
  a.beta1 = 1;
  refuses(bp_adam_create(ctx, &a), BP_E_ARGUMENT, "adam");
  a.beta1 = 0.9;
  a.eps = -1;
  refuses(bp_adamw_create(ctx, &a), BP_E_ARGUMENT, "adamw");
  opt = bp_sgd_create(ctx, NULL);
  w = trainable(ctx, "", "1");
  x = floats(ctx, "2 2", "1 2 3 4");
  refuses_status(bp_optimizer_set_lr(opt, NAN), BP_E_ARGUMENT, "lr");
  refuses_status(bp_optimizer_add(opt, x), BP_E_ARGUMENT, "sgd");
  refuses_status(bp_optimizer_add(opt, bp_square(w)), BP_E_ARGUMENT, "sgd");
  check_near(bp_optimizer_lr(opt), 1e-3);
  bp_optimizer_destroy(opt);
  refuses(bp_dropout(x, 1.5, 1), BP_E_ARGUMENT, "dropout");
  refuses(bp_dropout(x, NAN, 1), BP_E_ARGUMENT, "dropout");
  refuses(bp_mse_loss(x, x, 9), BP_E_ARGUMENT, "mse_loss");
  c.label_smoothing = 2;
  refuses(bp_cross_entropy(x, integers(ctx, "2", "0 1"), &c), BP_E_ARGUMENT, "cross_entropy");
  refuses_status(bp_read(x, memory, 8), BP_E_ARGUMENT, "read");
  refuses_status(bp_read(x, NULL, 16), BP_E_ARGUMENT, "read");
  refuses_status(bp_write(x, memory, 17), BP_E_ARGUMENT, "write");
  refuses_status(bp_set_num_threads(ctx, -1), BP_E_ARGUMENT, "num_threads");
  refuses_status(bp_set_num_threads(ctx, 1000), BP_E_ARGUMENT, "num_threads");
  refuses_status(bp_set_random_state(ctx, 1, 6), BP_E_ARGUMENT, "set_random_state");
  refuses_status(bp_memory_stat(ctx, 9) < 0 ? BP_E_ARGUMENT : BP_OK, BP_E_ARGUMENT, "memory_stat");
  check(isnan(bp_item(x)));
  bp_context_clear(ctx);
  co.num_threads = -1;
  check(bp_context_create(&co) == NULL && *bp_context_message(NULL));
  bp_scope_pop(ctx);
  release_texts();
  check(live(ctx) == 0);
  no_error(ctx);
}

static void memory_limit(void) {
  bp_context_options o = BP_CONTEXT_OPTIONS_INIT;
  int64_t kilo[1] = {1024};
  bp_context *ctx;
  bp_tensor *a, *b;
  begin("a context's memory limit is an error at the call that passes it, and room comes back");
  o.memory_limit = 10000;
  ctx = bp_context_create(&o);
  a = bp_zeros(ctx, BP_FLOAT32, 1, kilo);
  b = bp_add(a, a);
  check(a && b);
  refuses(bp_add(a, b), BP_E_MEMORY, "add");
  refuses(bp_tensor_create(ctx, BP_FLOAT32, 1, kilo, NULL), BP_E_MEMORY, "tensor_create");
  bp_release(b);
  b = bp_add(a, a);
  check(b != NULL && bp_memory_stat(ctx, BP_MEMORY_PEAK) <= 10000);
  bp_context_destroy(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  messages(ctx);
  making(ctx);
  shapes(ctx);
  gradients(ctx);
  numbers_and_options(ctx);
  bp_context_destroy(ctx);
  memory_limit();
  return finish();
}
