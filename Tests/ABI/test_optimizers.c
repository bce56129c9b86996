/* Optimizers, schedules and averages: two steps down x² against PyTorch's numbers, options, groups, state and files, errors. */
#include "check.h"
#include <unistd.h>

static bp_tensor *w;

/* Empties the gradient, loss = Σ w², walks back. */
static int32_t closure(void *user, double *loss) {
  bp_context *ctx = bp_context_of(w);
  int32_t *calls = (int32_t *)user;
  bp_tensor *y;
  bp_status status;
  if (calls && --*calls < 0) return 1;
  bp_zero_grad(w);
  bp_scope_push(ctx);
  y = bp_sum(bp_mul(w, w));
  *loss = y ? bp_item(y) : NAN;
  status = y ? bp_backward(y) : BP_E_ARGUMENT;
  bp_scope_pop(ctx);
  return status != BP_OK;
}

/* Two steps of opt with lr 0.1 from the same start. */
static void steps(bp_context *ctx, const char *name, bp_optimizer *opt, const char *wanted) {
  double loss = 0;
  begin(name);
  w = trainable(ctx, "2 2", "1 -2 0.5 3");
  check(bp_optimizer_add(opt, w) == BP_OK);
  check(bp_optimizer_set_lr(opt, 0.1) == BP_OK);
  check(bp_optimizer_step_closure(opt, closure, NULL, &loss) == BP_OK);
  check_near(loss, 14.25);
  check(bp_optimizer_step_closure(opt, closure, NULL, NULL) == BP_OK);
  expect(w, "2 2", wanted);
  bp_optimizer_destroy(opt);
  release_texts();
  no_error(ctx);
}

static void every_kind(bp_context *ctx) {
  bp_rmsprop_options r = BP_RMSPROP_OPTIONS_INIT;
  bp_lbfgs_options l = BP_LBFGS_OPTIONS_INIT;
  bp_adam_options n = BP_NADAM_OPTIONS_INIT;
  steps(ctx, "sgd", bp_sgd_create(ctx, NULL), "0.64 -1.28 0.32 1.92");
  steps(ctx, "adam", bp_adam_create(ctx, NULL), "0.8004122 -1.800166 0.3011874 2.800103");
  steps(ctx, "adamw", bp_adamw_create(ctx, NULL), "0.798519 -1.796273 0.3002978 2.794209");
  steps(ctx, "nadam", bp_nadam_create(ctx, &n), "0.8199731 -1.817898 0.3246706 2.817243");
  steps(ctx, "radam", bp_radam_create(ctx, NULL), "0.6210526 -1.242105 0.3105263 1.863158");
  steps(ctx, "adamax", bp_adamax_create(ctx, NULL), "0.8051683 -1.802534 0.3104368 2.801656");
  steps(ctx, "rmsprop", bp_rmsprop_create(ctx, &r), "0 -0.5509868 0.2088812 1.44337");
  steps(ctx, "adagrad", bp_adagrad_create(ctx, NULL), "0.8331035 -1.831125 0.3375305 2.830498");
  steps(ctx, "adadelta", bp_adadelta_create(ctx, NULL), "0.9993594 -1.999359 0.4993594 2.999359");
  steps(ctx, "rprop", bp_rprop_create(ctx, NULL), "0.78 -1.78 0.28 2.78");
  steps(ctx, "lion", bp_lion_create(ctx, NULL), "0.8 -1.8 0.3 2.8");
  steps(ctx, "adafactor", bp_adafactor_create(ctx, NULL), "0.5061065 -1.676197 0.3131221 2.644066");
  steps(ctx, "lbfgs", bp_lbfgs_create(ctx, &l), "0.01617054 -0.03234108 0.008085269 0.04851162");
}

static void muon_and_lbfgs(bp_context *ctx) {
  bp_muon_options m = BP_MUON_OPTIONS_INIT;
  bp_lbfgs_options l = BP_LBFGS_OPTIONS_INIT;
  bp_optimizer *opt;
  int32_t calls = 2;
  begin("muon goes the orthogonal way; lbfgs finds the bottom; a closure that gives up moves nothing");
  m.lr = 0.1;
  m.weight_decay = 0;
  m.ns_a = 1.5; /* the classical steps, which converge to an orthogonal matrix */
  m.ns_b = -0.5;
  m.ns_c = 0;
  m.ns_steps = 60;
  opt = bp_muon_create(ctx, &m);
  w = trainable(ctx, "2 2", "2 0 0 -1");
  bp_optimizer_add(opt, w);
  check(bp_optimizer_step_closure(opt, closure, NULL, NULL) == BP_OK);
  expect(w, "2 2", "1.9 0 0 -0.9");
  refuses_status(bp_optimizer_add(opt, trainable(ctx, "2", "1 2")), BP_E_SHAPE, "muon");
  bp_optimizer_destroy(opt);

  l.strong_wolfe = 1;
  opt = bp_lbfgs_create(ctx, &l);
  w = trainable(ctx, "2 2", "1 -2 0.5 3");
  bp_optimizer_add(opt, w);
  refuses_status(bp_optimizer_step(opt), BP_E_ARGUMENT, "closure");
  refuses_status(bp_optimizer_step_closure(opt, closure, &calls, NULL), BP_E_CALLBACK, "lbfgs");
  expect(w, "2 2", "1 -2 0.5 3");
  check(bp_optimizer_add_group(opt) == -1);
  bp_context_clear(ctx);
  check(bp_optimizer_step_closure(opt, closure, NULL, NULL) == BP_OK);
  expect(w, "2 2", "0 0 0 0");
  bp_optimizer_destroy(opt);
  release_texts();
  no_error(ctx);
}

static void groups_and_options(bp_context *ctx) {
  const char *names[2] = {"momentum", "lr"};
  double values[2] = {0.5, -1};
  bp_optimizer *opt;
  bp_tensor *b;
  begin("groups have options of their own; all are changed or none");
  opt = bp_optimizer_create(ctx, "sgd");
  w = trainable(ctx, "1", "1");
  b = trainable(ctx, "1", "1");
  bp_optimizer_add(opt, w);
  check(bp_optimizer_add_group(opt) == 1);
  bp_optimizer_add(opt, b);
  check(bp_optimizer_parameter_count(opt) == 2);
  check(bp_optimizer_set_option(opt, -1, "lr", 0.5) == BP_OK);
  check(bp_optimizer_set_option(opt, 1, "lr", 0.25) == BP_OK);
  refuses_status(bp_optimizer_set_options(opt, 0, 2, names, values), BP_E_ARGUMENT, "lr");
  check(bp_optimizer_option(opt, 0, "momentum") == 0);
  check(bp_optimizer_option(opt, 0, "lr") == 0.5 && bp_optimizer_option(opt, 1, "lr") == 0.25);
  refuses_status(bp_optimizer_set_option(opt, 2, "lr", 1), BP_E_ARGUMENT, "group 2");
  refuses_status(bp_optimizer_set_option(opt, 0, "beta1", 1), BP_E_ARGUMENT, "beta1");
  refuses_status(bp_optimizer_set_option(opt, 0, "nesterov", 1), BP_E_ARGUMENT, "nesterov");
  bp_backward(keep(bp_sum(keep(bp_add(w, b)))));
  check(bp_optimizer_step(opt) == BP_OK);
  expect(w, "1", "0.5");
  expect(b, "1", "0.75");
  bp_optimizer_destroy(opt);
  refuses(bp_optimizer_create(ctx, "sdg"), BP_E_ARGUMENT, "sdg");
  release_texts();
  no_error(ctx);
}

/* Five steps, of which the state of three may come from a file. */
static void resumed(bp_context *ctx, const char *kind, const char *path) {
  float once[4], again[4];
  bp_optimizer *opt = bp_optimizer_create(ctx, kind), *other;
  bp_tensor *kept;
  int i;
  w = trainable(ctx, "2 2", "1 -2 0.5 3");
  bp_optimizer_add(opt, w);
  bp_optimizer_set_lr(opt, 0.05);
  for (i = 0; i < 3; i++) check(bp_optimizer_step_closure(opt, closure, NULL, NULL) == BP_OK);
  check(bp_optimizer_save(opt, path) == BP_OK);
  kept = keep(bp_clone(bp_detach(w)));
  for (i = 0; i < 2; i++) check(bp_optimizer_step_closure(opt, closure, NULL, NULL) == BP_OK);
  bp_read(w, once, sizeof once);
  bp_no_grad_push(ctx);
  bp_copy_(w, kept);
  bp_no_grad_pop(ctx);
  other = bp_optimizer_create(ctx, kind);
  bp_optimizer_add(other, w);
  if (!check(bp_optimizer_load(other, path) == BP_OK)) printf("# %s: %s\n", kind, bp_context_message(ctx));
  check(bp_optimizer_lr(other) == 0.05);
  for (i = 0; i < 2; i++) check(bp_optimizer_step_closure(other, closure, NULL, NULL) == BP_OK);
  bp_read(w, again, sizeof again);
  if (!check(memcmp(once, again, sizeof once) == 0)) printf("# %s goes on differently\n", kind);
  bp_optimizer_destroy(opt);
  bp_optimizer_destroy(other);
}

static void state_and_files(bp_context *ctx) {
  static const char *const kinds[] = {"sgd", "adam", "adamw", "nadam", "radam", "adamax", "rmsprop", "adagrad", "adadelta", "rprop", "lion",
                                      "adafactor", "muon", "lbfgs"};
  char path[64];
  bp_optimizer *opt, *two;
  bp_tensor *m;
  size_t i;
  snprintf(path, sizeof path, "test_optimizers.%d.safetensors", (int)getpid());
  begin("state by name, and bit for bit from a file");
  for (i = 0; i < sizeof kinds / sizeof *kinds; i++) resumed(ctx, kinds[i], path);
  opt = bp_adam_create(ctx, NULL);
  w = trainable(ctx, "2 2", "1 -2 0.5 3");
  bp_optimizer_add(opt, w);
  check(strcmp(bp_optimizer_state_name(opt, 0, 0), "step") == 0 && strcmp(bp_optimizer_state_name(opt, 0, 1), "exp_avg") == 0);
  check(bp_optimizer_state_name(opt, 0, 9) == NULL);
  check(bp_optimizer_state(opt, 0, "exp_avg") == NULL);
  no_error(ctx);
  bp_optimizer_step_closure(opt, closure, NULL, NULL);
  expect(keep(bp_optimizer_state(opt, 0, "exp_avg")), "2 2", "0.2 -0.4 0.1 0.6");
  expect(keep(bp_optimizer_state(opt, 0, "step")), "", "1");
  m = floats(ctx, "2 2", "1 1 1 1");
  check(bp_optimizer_set_state(opt, 0, "exp_avg", m) == BP_OK);
  expect(keep(bp_optimizer_state(opt, 0, "exp_avg")), "2 2", "1 1 1 1");
  refuses_status(bp_optimizer_set_state(opt, 0, "exp_avg", floats(ctx, "2", "1 2")), BP_E_SHAPE, "exp_avg");
  refuses_status(bp_optimizer_set_state(opt, 0, "nothing", m), BP_E_ARGUMENT, "nothing");
  refuses(bp_optimizer_state(opt, 1, "exp_avg"), BP_E_INDEX, "parameter 1");
  bp_optimizer_save(opt, path);
  two = bp_sgd_create(ctx, NULL);
  bp_optimizer_add(two, w);
  refuses_status(bp_optimizer_load(two, path), BP_E_FORMAT, "sgd");
  check(bp_optimizer_lr(two) == 1e-3);
  refuses_status(bp_optimizer_load(two, "no.such.file"), BP_E_IO, "no.such.file");
  bp_optimizer_destroy(two);
  bp_optimizer_destroy(opt);
  unlink(path);
  release_texts();
  no_error(ctx);
}

static double halve(void *user, int64_t epoch) {
  (void)user;
  return epoch ? 0.5 : 1;
}

static void schedules(bp_context *ctx) {
  bp_optimizer *opt = bp_sgd_create(ctx, NULL), *other;
  bp_scheduler *s, *parts[2], *both;
  bp_one_cycle_options one = BP_ONE_CYCLE_OPTIONS_INIT(1, 4);
  bp_plateau_options p = BP_PLATEAU_OPTIONS_INIT;
  bp_tensor *state;
  int64_t milestone = 2;
  begin("schedules, composed, saved, and what they refuse");
  bp_optimizer_set_lr(opt, 1);
  s = bp_step_lr_create(opt, 2, 0.1);
  bp_scheduler_step(s);
  check_near(bp_optimizer_lr(opt), 1);
  bp_scheduler_step(s);
  check_near(bp_optimizer_lr(opt), 0.1);
  check(bp_scheduler_epoch(s) == 2);
  state = keep(bp_scheduler_state(s));
  check(bp_scheduler_set_state(s, state) == BP_OK && bp_scheduler_epoch(s) == 2);
  refuses_status(bp_scheduler_set_state(s, floats(ctx, "1", "1")), BP_E_ARGUMENT, "step_lr");
  refuses_status(bp_scheduler_step_metric(s, 1), BP_E_ARGUMENT, "step_lr");
  bp_scheduler_destroy(s);
  check(bp_scheduler_step(s) == BP_E_HANDLE);
  bp_context_clear(ctx);

  bp_optimizer_set_lr(opt, 1);
  s = bp_cosine_annealing_lr_create(opt, 2, 0.2);
  bp_scheduler_step(s);
  check_near(bp_optimizer_lr(opt), 0.6);
  bp_scheduler_destroy(s);
  bp_optimizer_set_lr(opt, 1);
  s = bp_polynomial_lr_create(opt, 4, 2);
  bp_scheduler_step(s);
  check_near(bp_optimizer_lr(opt), 0.5625);
  bp_scheduler_destroy(s);
  bp_optimizer_set_lr(opt, 1);
  s = bp_swa_lr_create(opt, 0.5, 2, 1);
  for (milestone = 0; milestone < 3; milestone++) bp_scheduler_step(s);
  check_near(bp_optimizer_lr(opt), 0.5);
  bp_scheduler_destroy(s);
  milestone = 2;

  bp_optimizer_set_lr(opt, 1);
  s = bp_multiplicative_lr_create(opt, halve, NULL);
  bp_scheduler_step(s);
  check_near(bp_optimizer_lr(opt), 0.5);
  bp_scheduler_destroy(s);

  p.patience = 0;
  s = bp_reduce_lr_on_plateau_create(opt, &p);
  bp_scheduler_step_metric(s, 1);
  bp_scheduler_step_metric(s, 2);
  check_near(bp_optimizer_lr(opt), 0.05);
  refuses_status(bp_scheduler_step(s), BP_E_ARGUMENT, "metric");
  parts[0] = s;
  refuses(bp_chained_scheduler_create(1, parts), BP_E_ARGUMENT, "chained_scheduler");
  bp_scheduler_destroy(s);

  other = bp_sgd_create(ctx, NULL);
  bp_optimizer_set_lr(other, 1);
  parts[0] = bp_constant_lr_create(other, 0.5, 9);
  parts[1] = bp_exponential_lr_create(other, 0.1);
  both = bp_sequential_lr_create(2, parts, &milestone);
  check_near(bp_optimizer_lr(other), 0.5);
  bp_scheduler_step(both);
  bp_scheduler_step(both);
  check_near(bp_optimizer_lr(other), 1);
  bp_scheduler_step(both);
  check_near(bp_optimizer_lr(other), 0.1);
  bp_scheduler_destroy(parts[1]);
  refuses_status(bp_scheduler_step(both), BP_E_HANDLE, "sequential_lr");
  bp_optimizer_destroy(other);
  refuses_status(bp_scheduler_step(parts[0]), BP_E_HANDLE, "optimizer");
  bp_scheduler_destroy(parts[0]);
  bp_scheduler_destroy(both);

  refuses(bp_step_lr_create(opt, 0, 0.1), BP_E_ARGUMENT, "step_size");
  refuses(bp_constant_lr_create(opt, 2, 1), BP_E_ARGUMENT, "factor");
  refuses(bp_linear_lr_create(opt, 0, 1, 1), BP_E_ARGUMENT, "start_factor");
  refuses(bp_cosine_annealing_warm_restarts_create(opt, 0, 1, 0), BP_E_ARGUMENT, "T_0");
  refuses(bp_lambda_lr_create(opt, NULL, NULL), BP_E_ARGUMENT, "lambda_lr");
  refuses(bp_multi_step_lr_create(opt, 2, NULL, 1), BP_E_ARGUMENT, "multi_step_lr");
  refuses(bp_cyclic_lr_create(opt, NULL), BP_E_ARGUMENT, "cyclic_lr");
  one.cycle_momentum = 0;
  s = bp_one_cycle_lr_create(opt, &one);
  bp_scheduler_step(s);
  bp_scheduler_step(s);
  bp_scheduler_step(s);
  bp_scheduler_step(s);
  refuses_status(bp_scheduler_step(s), BP_E_ARGUMENT, "total_steps");
  check(bp_scheduler_epoch(s) == 4);
  bp_optimizer_destroy(opt);
  release_texts();
  no_error(ctx);
}

static void averages(bp_context *ctx) {
  bp_tensor *a[2], *p[2];
  begin("averages that follow parameters");
  a[0] = floats(ctx, "2", "0 10");
  a[1] = tensor(ctx, BP_FLOAT64, "", "1");
  p[0] = trainable(ctx, "2", "1 20");
  p[1] = tensor(ctx, BP_FLOAT64, "", "3");
  check(bp_ema_update(2, a, p, 0.75) == BP_OK);
  expect(a[0], "2", "0.25 12.5");
  expect(a[1], "", "1.5");
  refuses_status(bp_ema_update(2, a, p, 1.5), BP_E_ARGUMENT, "decay");
  p[1] = p[0];
  refuses_status(bp_ema_update(2, a, p, 0.5), BP_E_SHAPE, "ema_update");
  expect(a[0], "2", "0.25 12.5");
  check(bp_ema_update(0, NULL, NULL, 0.5) == BP_OK);
  release_texts();
  no_error(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  every_kind(ctx);
  muon_and_lbfgs(ctx);
  groups_and_options(ctx);
  state_and_files(ctx);
  schedules(ctx);
  averages(ctx);
  bp_context_destroy(ctx);
  return finish();
}
