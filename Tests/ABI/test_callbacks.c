/* Functions of the host's that the graph calls: hooks, custom operations, checkpoints; and derivatives beyond one gradient. */
#include "check.h"

static int released, called;
static void release(void *user) { released += 1 + (user == NULL) * 100; }

static int twice(void *user, bp_tensor *grad, bp_tensor **replacement) {
  called++;
  (void)user;
  *replacement = bp_mul(grad, bp_number(bp_context_of(grad), 2));
  return 0;
}
static int stop(void *user, bp_tensor *grad, bp_tensor **replacement) {
  (void)user, (void)replacement;
  bp_matmul(grad, bp_scalar(bp_context_of(grad), 1));
  return 7;
}
/* Everything a callback must not be able to break. */
static int rude(void *user, bp_tensor *grad, bp_tensor **replacement) {
  bp_context *ctx = bp_context_of(grad);
  (void)replacement;
  called++;
  bp_context_destroy(ctx);
  bp_scope_pop(ctx);
  bp_scope_pop(ctx);
  bp_scope_push(ctx);
  bp_no_grad_push(ctx);
  bp_no_grad_push(ctx);
  bp_release((bp_tensor *)user); /* the root of the walk */
  bp_context_clear(ctx);
  return 0;
}
static int shorter(void *user, bp_tensor *grad, bp_tensor **replacement) {
  (void)user;
  *replacement = bp_zeros(bp_context_of(grad), BP_FLOAT32, 0, NULL);
  return 0;
}
static int garbage(void *user, bp_tensor *grad, bp_tensor **replacement) {
  (void)user, (void)grad;
  *replacement = (bp_tensor *)&called;
  return 0;
}

static int cube_backward(void *user, bp_tensor *const *outputs, bp_tensor *const *grads, bp_tensor **given) {
  bp_tensor *x = (bp_tensor *)user;
  called += outputs[0] == NULL;
  given[0] = bp_mul(grads[0], bp_mul(bp_square(x), bp_number(bp_context_of(x), 3)));
  return 0;
}
static int exp_backward(void *user, bp_tensor *const *outputs, bp_tensor *const *grads, bp_tensor **given) {
  (void)user;
  given[0] = bp_mul(grads[0], outputs[0]);
  return 0;
}
static int pair_backward(void *user, bp_tensor *const *outputs, bp_tensor *const *grads, bp_tensor **given) {
  (void)user, (void)outputs;
  check(grads[1] == NULL); /* the integers */
  given[0] = bp_add(grads[0], grads[2]);
  return 0;
}

static bp_tensor *cube(bp_context *ctx, bp_tensor *x) {
  bp_custom_options o = BP_CUSTOM_OPTIONS_INIT;
  bp_tensor *y;
  bp_no_grad_push(ctx);
  y = bp_mul(bp_square(x), x);
  bp_no_grad_pop(ctx);
  o.name = "cube";
  o.backward = cube_backward;
  o.user = x;
  o.release = release;
  return bp_custom(ctx, 1, &x, 1, &y, &y, &o) == BP_OK ? y : NULL;
}

static int cube_function(void *user, bp_tensor *const *inputs, bp_tensor **output) {
  *output = cube((bp_context *)user, inputs[0]);
  return 0;
}
static int checkpointed(void *user, bp_tensor *const *inputs, bp_tensor **outputs) {
  called++;
  outputs[0] = bp_dropout(bp_tanh(bp_linear(inputs[0], (bp_tensor *)user, NULL)), 0.3, 1);
  outputs[1] = bp_sum(inputs[0]);
  return 0;
}
static int failing(void *user, bp_tensor *const *inputs, bp_tensor **outputs) {
  (void)user, (void)outputs;
  bp_reshape(inputs[0], 0, NULL);
  return 1;
}
static int nothing(void *user, bp_tensor *const *inputs, bp_tensor **outputs) {
  (void)user, (void)inputs, (void)outputs;
  return 0;
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  bp_tensor *x = bp_parameter(ctx, BP_FLOAT32, 0, NULL, NULL), *y, *z, *results[3], *list[3], *plain[2];
  float values[2] = {1, 2};
  int64_t n = 2, square[2] = {2, 2}, id;
  int i;
  bp_custom_options o = BP_CUSTOM_OPTIONS_INIT;
  bp_gradcheck_options g = BP_GRADCHECK_OPTIONS_INIT;
  bp_fill_(bp_detach(x), 3);
  bp_scope_push(ctx);

  begin("a hook replaces the gradient and is released with its tensor");
  called = released = 0;
  bp_scope_push(ctx);
  y = bp_square(x);
  check(bp_register_hook(y, twice, &called, release) > 0);
  id = bp_register_hook(y, twice, &called, release);
  check(bp_remove_hook(y, id) == BP_OK && released == 1);
  check(bp_remove_hook(y, id) == BP_E_ARGUMENT);
  bp_context_clear(ctx);
  check(bp_retain_grad(y) == BP_OK && bp_retains_grad(y) && !bp_retains_grad(x));
  check(bp_backward(y) == BP_OK && called == 1 && bp_item(bp_grad(x)) == 12 && bp_item(bp_grad(y)) == 2);
  bp_scope_pop(ctx);
  check(released == 2);
  bp_zero_grad(x);

  begin("hooks that fail stop the walk with a sentence");
  y = bp_square(x);
  id = bp_register_hook(y, stop, NULL, NULL);
  check(bp_backward(y) == BP_E_CALLBACK && strstr(bp_context_message(ctx), "hook") && strstr(bp_context_message(ctx), "matmul") && !bp_grad(x));
  bp_context_clear(ctx);
  bp_remove_hook(y, id);
  id = bp_register_hook(y, garbage, NULL, NULL);
  check(bp_backward(y) == BP_E_HANDLE);
  bp_context_clear(ctx);
  bp_remove_hook(y, id);
  z = bp_parameter(ctx, BP_FLOAT32, 1, &n, values);
  bp_register_hook(z, shorter, NULL, NULL);
  check(bp_backward(bp_sum(z)) == BP_E_SHAPE);
  bp_release(z);
  bp_context_clear(ctx);
  check(bp_register_hook(NULL, twice, NULL, NULL) < 0 && bp_register_hook(x, NULL, NULL, NULL) < 0);
  bp_context_clear(ctx);
  check(bp_register_hook(bp_scalar(ctx, 1), twice, NULL, NULL) < 0 && bp_context_status(ctx) == BP_E_GRAPH);
  bp_context_clear(ctx);

  begin("a hook can neither destroy the context nor close its scopes nor free the walk");
  called = 0;
  y = bp_retain(bp_square(x));
  bp_register_hook(y, rude, y, NULL);
  check(bp_backward(y) == BP_OK && called == 1 && bp_item(bp_grad(x)) == 6);
  check(bp_is_grad_enabled(ctx));
  bp_zero_grad(x);

  begin("after accumulation the leaf has its gradient");
  called = 0;
  id = bp_register_post_accumulate_grad_hook(x, twice, NULL, NULL);
  check(id > 0);
  check(bp_backward(bp_square(x)) == BP_OK && called == 1 && bp_item(bp_grad(x)) == 6);
  check(bp_remove_hook(x, id) == BP_OK);
  check(bp_register_post_accumulate_grad_hook(bp_square(x), twice, NULL, NULL) < 0);
  bp_context_clear(ctx);
  bp_zero_grad(x);

  begin("a custom operation has its name, its gradient and the gradient of that");
  called = released = 0;
  bp_scope_push(ctx);
  y = cube(ctx, x);
  check(bp_item(y) == 27 && !strcmp(bp_operation_of(y), "cube"));
  check(bp_backward(bp_square(y)) == BP_OK && called == 1 && released == 1 && bp_item(bp_grad(x)) == 2 * 27 * 27);
  bp_scope_pop(ctx);
  z = bp_parameter(ctx, BP_FLOAT64, 0, NULL, NULL);
  bp_no_grad_push(ctx);
  bp_fill_(z, 1.5);
  bp_no_grad_pop(ctx);
  g.second_order = 1;
  check(bp_gradcheck(ctx, cube_function, ctx, 1, &z, &g) == BP_OK);
  bp_no_grad_push(ctx);
  y = bp_exp(z);
  bp_no_grad_pop(ctx);
  o.backward = exp_backward;
  o.keep_outputs = 1;
  check(bp_custom(ctx, 1, &z, 1, &y, &y, &o) == BP_OK && bp_backward(y) == BP_OK && fabs(bp_item(bp_grad(z)) - exp(1.5)) < 1e-12);
  bp_release(z);
  bp_zero_grad(x);

  begin("several outputs, integers among them; bad arguments");
  z = bp_parameter(ctx, BP_FLOAT32, 1, &n, values);
  list[0] = bp_detach(z);
  list[1] = bp_arange(ctx, BP_INT64, 0, 2, 1);
  list[2] = bp_to(z, BP_FLOAT64);
  o.backward = pair_backward;
  o.keep_outputs = 0;
  check(bp_custom(ctx, 1, &z, 3, list, results, &o) == BP_OK);
  check(bp_dtype_of(results[2]) == BP_FLOAT64 && bp_dtype_of(results[1]) == BP_INT64 && !bp_requires_grad(results[1]));
  check(bp_backward(bp_sum(bp_mul(results[0], bp_to(results[2], BP_FLOAT32)))) == BP_OK);
  expect(bp_grad(z), "2", "2 4");
  o.backward = NULL;
  check(bp_custom(ctx, 1, &z, 1, list, results, &o) == BP_E_ARGUMENT && !results[0]);
  check(bp_custom(ctx, 1, &z, 1, list, results, NULL) == BP_E_ARGUMENT);
  bp_context_clear(ctx);
  o.backward = pair_backward;
  o.struct_size = 3;
  check(bp_custom(ctx, 1, &z, 1, list, results, &o) == BP_E_ARGUMENT);
  bp_context_clear(ctx);
  bp_release(z);

  begin("a checkpoint computes the same gradients bit for bit");
  z = bp_parameter(ctx, BP_FLOAT32, 2, square, NULL);
  bp_no_grad_push(ctx);
  bp_copy_(z, bp_randn(ctx, BP_FLOAT32, 2, square));
  y = bp_randn(ctx, BP_FLOAT32, 2, square);
  bp_no_grad_pop(ctx);
  called = released = 0;
  for (i = 0; i < 2; i++) {
    bp_manual_seed(ctx, 9);
    list[0] = y;
    if (i) check(bp_checkpoint(ctx, checkpointed, z, release, 1, list, 2, results) == BP_OK);
    else checkpointed(z, list, results);
    check(bp_backward(bp_add(bp_sum(bp_square(results[0])), results[1])) == BP_OK);
    plain[i] = bp_clone(bp_grad(z));
    bp_zero_grad(z);
  }
  check(called == 3 && released == 1);
  check(bp_item(bp_sum(bp_ne(plain[0], plain[1]))) == 0);
  check(bp_checkpoint(ctx, failing, NULL, release, 1, list, 1, results) == BP_E_CALLBACK && strstr(bp_context_message(ctx), "reshape"));
  bp_context_clear(ctx);
  check(bp_checkpoint(ctx, nothing, NULL, release, 1, list, 1, results) == BP_E_HANDLE && released == 1);
  bp_context_clear(ctx);
  check(bp_checkpoint(ctx, NULL, NULL, NULL, 1, list, 1, results) == BP_E_ARGUMENT);
  bp_context_clear(ctx);
  bp_release(z);

  begin("Jacobians, Hessians, directional derivatives, gradients of some inputs");
  z = bp_parameter(ctx, BP_FLOAT32, 1, &n, values);
  y = bp_mul(bp_square(z), z);
  expect(bp_jacobian(y, z, 0), "2 2", "3 0 0 12");
  expect(bp_hessian(bp_sum(y), z, 0), "2 2", "6 0 0 12");
  list[0] = tensor(ctx, BP_FLOAT32, "2", "1 -1");
  expect(bp_jvp(y, 1, &z, list, 0), "2", "3 -12");
  list[0] = bp_scalar(ctx, 1);
  check(!bp_jvp(y, 1, &z, list, 0) && bp_context_status(ctx) == BP_E_SHAPE);
  bp_context_clear(ctx);
  check(!bp_hessian(y, z, 0) && bp_context_status(ctx) == BP_E_SHAPE);
  bp_context_clear(ctx);
  check(bp_backward_inputs(bp_mul(bp_sum(z), x), 1, &z, NULL) == BP_OK && !bp_grad(x));
  expect(bp_grad(z), "2", "3 3");
  check(bp_backward_inputs(bp_sum(z), 0, NULL, NULL) == BP_E_ARGUMENT);
  bp_context_clear(ctx);
  bp_release(z);

  begin("what is left when the context goes is released");
  released = 0;
  check(cube(ctx, x) != NULL);
  bp_register_hook(x, twice, &called, release);
  bp_scope_pop(ctx);
  bp_context_destroy(ctx);
  check(released == 2);
  return finish();
}
