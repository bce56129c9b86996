/* Gradients: the numbers one can work out by hand, and the rules around them. */
#include "check.h"

static bp_backward_options backward_options(int32_t retain, int32_t create) {
  bp_backward_options o = BP_BACKWARD_OPTIONS_INIT;
  o.retain_graph = retain;
  o.create_graph = create;
  return o;
}

static void by_hand(bp_context *ctx) {
  bp_tensor *w1, *w2, *x, *a, *b, *h, *y, *loss;
  begin("two weights: (w1·4 + w2 − 20)² at 2 and 3 gives −72 and −18");
  bp_scope_push(ctx);
  w1 = trainable(ctx, "", "2");
  w2 = trainable(ctx, "", "3");
  loss = bp_square(bp_sub(bp_add(bp_mul(w1, bp_scalar(ctx, 4)), w2), bp_scalar(ctx, 20)));
  check_near(bp_item(loss), 81);
  check(!strcmp(bp_operation_of(loss), "square") && !bp_is_leaf(loss) && bp_requires_grad(loss));
  check(bp_grad(w1) == NULL && bp_backward(loss) == BP_OK);
  check_near(bp_item(bp_grad(w1)), -72);
  check_near(bp_item(bp_grad(w2)), -18);
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("two layers: the gradients of a small network");
  bp_scope_push(ctx);
  x = floats(ctx, "1 2", "1 2");
  a = trainable(ctx, "2 2", ".5 -.3 .2 .8");
  b = trainable(ctx, "2 1", ".6 -.4");
  h = bp_relu(bp_matmul(x, a));
  y = bp_matmul(h, b);
  loss = bp_mse_loss(y, floats(ctx, "1 1", "1"), BP_REDUCTION_MEAN);
  check_near(bp_item(loss), .9604);
  check(bp_backward(loss) == BP_OK);
  expect(bp_grad(b), "2 1", "-1.764 -2.548");
  expect(bp_grad(a), "2 2", "-1.176 .784 -2.352 1.568");
  check(bp_grad(x) == NULL);
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("a value used twice gets the sum of both gradients");
  bp_scope_push(ctx);
  w1 = trainable(ctx, "", "3");
  y = bp_mul(w1, w1);
  loss = bp_add(bp_mul(y, y), y); /* w⁴ + w² */
  check(bp_backward(loss) == BP_OK);
  check_near(bp_item(bp_grad(w1)), 4 * 27 + 2 * 3);
  bp_scope_pop(ctx);

  begin("a broadcast operand gets the sum over what it was repeated for");
  bp_scope_push(ctx);
  w1 = trainable(ctx, "3", "1 2 3");
  w2 = trainable(ctx, "2 1", "1 10");
  check(bp_backward(bp_sum(bp_mul(w1, w2))) == BP_OK);
  expect(bp_grad(w1), "3", "11 11 11");
  expect(bp_grad(w2), "2 1", "6 6");
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void accumulation(bp_context *ctx) {
  bp_tensor *w, *seed, *y;
  bp_sgd_options sgd = BP_SGD_OPTIONS_INIT;
  bp_optimizer *opt;
  bp_backward_options o = BP_BACKWARD_OPTIONS_INIT;
  begin("gradients accumulate until they are dropped");
  bp_scope_push(ctx);
  w = trainable(ctx, "2", "1 2");
  check(bp_backward(bp_sum(bp_square(w))) == BP_OK && bp_backward(bp_sum(bp_square(w))) == BP_OK);
  expect(bp_grad(w), "2", "4 8");
  check(bp_zero_grad(w) == BP_OK && bp_grad(w) == NULL);
  check(bp_backward(bp_sum(bp_square(w))) == BP_OK);
  expect(bp_grad(w), "2", "2 4");
  no_error(ctx);

  begin("backward changes no value; the optimizer alone moves parameters");
  expect(w, "2", "1 2");
  check(bp_version_of(w) == 0);
  sgd.lr = 0.5;
  opt = bp_sgd_create(ctx, &sgd);
  check(bp_optimizer_add(opt, w) == BP_OK);
  check_near(bp_optimizer_lr(opt), 0.5);
  check(bp_optimizer_step(opt) == BP_OK);
  expect(w, "2", "0 0");
  expect(bp_grad(w), "2", "2 4");
  check(bp_optimizer_zero_grad(opt) == BP_OK && bp_grad(w) == NULL);
  check(bp_optimizer_step(opt) == BP_OK); /* without gradients: nothing moves */
  expect(w, "2", "0 0");
  bp_optimizer_destroy(opt);
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("a seed takes the place of the 1 at the output");
  bp_scope_push(ctx);
  w = trainable(ctx, "3", "1 2 3");
  seed = floats(ctx, "3", "1 10 100");
  y = bp_square(w);
  o.seed = seed;
  check(bp_backward_with(y, &o) == BP_OK);
  expect(bp_grad(w), "3", "2 40 600");
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void graphs(bp_context *ctx) {
  bp_tensor *x, *y, *z, *g[2], *in[2];
  bp_backward_options retain = backward_options(1, 0), create = backward_options(0, 1);
  begin("retain_graph allows a second walk, and only that");
  bp_scope_push(ctx);
  x = trainable(ctx, "", "3");
  y = bp_mul(bp_square(x), x);
  check(bp_backward_with(y, &retain) == BP_OK && bp_backward(y) == BP_OK);
  check_near(bp_item(bp_grad(x)), 54);
  refuses_status(bp_backward(y), BP_E_GRAPH, "backward");
  check_near(bp_item(bp_grad(x)), 54);
  bp_scope_pop(ctx);

  begin("create_graph gives the second and third derivative of x³");
  bp_scope_push(ctx);
  x = trainable(ctx, "", "2");
  y = bp_mul(bp_mul(x, x), x);
  check(bp_autograd_grad(y, 1, &x, &g[0], &create) == BP_OK);
  check_near(bp_item(g[0]), 12);
  check(bp_autograd_grad(g[0], 1, &x, &g[1], &create) == BP_OK);
  check_near(bp_item(g[1]), 12);
  check(bp_autograd_grad(g[1], 1, &x, &z, NULL) == BP_OK);
  check_near(bp_item(z), 6);
  check(bp_grad(x) == NULL);
  no_error(ctx);
  bp_scope_pop(ctx);

  begin("autograd_grad takes inner values as inputs and knows unused ones");
  bp_scope_push(ctx);
  x = trainable(ctx, "2", "1 2");
  y = bp_square(x);
  z = bp_sum(bp_mul(y, y));
  in[0] = y;
  in[1] = trainable(ctx, "", "1");
  retain.allow_unused = 1;
  check(bp_autograd_grad(z, 2, in, g, &retain) == BP_OK);
  expect(g[0], "2", "2 8");
  check(g[1] == NULL);
  retain.allow_unused = 0;
  refuses_status(bp_autograd_grad(z, 2, in, g, &retain), BP_E_GRAPH, "grad");
  bp_scope_pop(ctx);

  begin("no_grad records nothing, nests, and detach cuts");
  bp_scope_push(ctx);
  x = trainable(ctx, "", "3");
  check(bp_is_grad_enabled(ctx) == 1);
  bp_no_grad_push(ctx);
  bp_no_grad_push(ctx);
  y = bp_square(x);
  bp_no_grad_pop(ctx);
  check(bp_is_grad_enabled(ctx) == 0 && !bp_requires_grad(y) && bp_is_leaf(y));
  bp_no_grad_pop(ctx);
  check(bp_is_grad_enabled(ctx) == 1);
  y = bp_mul(bp_detach(bp_square(x)), x); /* 9·x */
  check(bp_backward(y) == BP_OK);
  check_near(bp_item(bp_grad(x)), 9);
  no_error(ctx);
  bp_scope_pop(ctx);

  begin("a saved value changed in place is an error that names the operation");
  bp_scope_push(ctx);
  x = trainable(ctx, "2", "1 2");
  z = floats(ctx, "2", "3 4");
  y = bp_sum(bp_mul(x, z));
  bp_fill_(z, 0);
  refuses_status(bp_backward(y), BP_E_GRAPH, "mul");
  check(bp_grad(x) == NULL);
  y = bp_sum(bp_add(x, z)); /* add needs no value */
  bp_fill_(z, 1);
  check(bp_backward(y) == BP_OK);
  expect(bp_grad(x), "2", "1 1");
  no_error(ctx);
  bp_scope_pop(ctx);
}

static int cubes(void *user, bp_tensor *const *inputs, bp_tensor **output) {
  (*(int *)user)++;
  *output = bp_sum(bp_mul(bp_mul(inputs[0], inputs[0]), bp_mul(inputs[0], inputs[1])));
  return 0;
}
static int cut(void *user, bp_tensor *const *inputs, bp_tensor **output) {
  (void)user;
  *output = bp_sum(bp_mul(inputs[0], bp_detach(bp_square(inputs[0]))));
  return 0;
}
static int stops(void *user, bp_tensor *const *inputs, bp_tensor **output) {
  (void)user; (void)inputs; (void)output;
  return 7;
}

static void gradcheck(bp_context *ctx) {
  bp_gradcheck_options o = BP_GRADCHECK_OPTIONS_INIT;
  bp_tensor *in[2];
  int calls = 0;
  begin("gradcheck agrees with a right gradient, names a wrong one, and passes a callback's stop on");
  in[0] = tensor(ctx, BP_FLOAT64, "3", "1 -2 .5");
  in[1] = tensor(ctx, BP_FLOAT64, "3", ".3 .7 -1");
  bp_set_requires_grad(in[0], 1);
  bp_set_requires_grad(in[1], 1);
  o.second_order = 1;
  check(bp_gradcheck(ctx, cubes, &calls, 2, in, &o) == BP_OK && calls >= 13);
  no_error(ctx);
  refuses_status(bp_gradcheck(ctx, cut, NULL, 1, in, NULL), BP_E_GRAPH, "gradcheck");
  refuses_status(bp_gradcheck(ctx, stops, NULL, 1, in, NULL), BP_E_CALLBACK, "gradcheck");
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  by_hand(ctx);
  accumulation(ctx);
  graphs(ctx);
  gradcheck(ctx);
  release_texts();
  begin("nothing is left");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  bp_context_destroy(ctx);
  return finish();
}
