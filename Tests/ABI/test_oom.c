/* Memory that cannot be had, at every place where it is asked for: BP_E_MEMORY or success, never a crash, and the same
 * work succeeds afterwards. */
#include "interpose.h"
#include "check.h"
#include <unistd.h>

enum { MOST_PLACES = 4000 };
static char path[64];

/* What is tried. Returns 1 if it succeeded; otherwise status tells. ctx is fresh, its tensors were made beforehand. */
typedef struct job {
  bp_context *ctx;
  bp_tensor *x, *w, *target;
  bp_optimizer *optimizer;
} job;

static int job_prepare(job *j, uint64_t limit) {
  static const float x[6] = {1, 2, 3, 4, 5, 6}, w[6] = {.1f, .2f, .3f, .4f, .5f, .6f}, target[4] = {1, 0, 0, 1};
  int64_t a[2] = {2, 3}, b[2] = {2, 2};
  bp_context_options o = BP_CONTEXT_OPTIONS_INIT;
  o.memory_limit = limit;
  memset(j, 0, sizeof *j);
  j->ctx = bp_context_create(&o);
  j->x = bp_tensor_create(j->ctx, BP_FLOAT32, 2, a, x);
  j->w = bp_parameter(j->ctx, BP_FLOAT32, 2, a, w);
  j->target = bp_tensor_create(j->ctx, BP_FLOAT32, 2, b, target);
  j->optimizer = bp_adam_create(j->ctx, NULL);
  return j->ctx && j->x && j->w && j->target && j->optimizer && bp_optimizer_add(j->optimizer, j->w) == BP_OK;
}

static int make(job *j) {
  bp_context_options o = BP_CONTEXT_OPTIONS_INIT;
  bp_context *ctx;
  bp_tensor *t;
  int good;
  (void)j;
  o.num_threads = 2;
  ctx = bp_context_create(&o);
  if (!ctx) return *bp_context_message(NULL) ? 0 : -1;
  t = bp_scalar(ctx, 4);
  good = t && bp_item(t) == 4;
  if (!good && bp_context_status(ctx) != BP_E_MEMORY) good = -1;
  bp_context_destroy(ctx);
  return good;
}

static int train(job *j) {
  bp_tensor *loss;
  bp_status status;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  loss = bp_mse_loss(bp_sigmoid(bp_linear(j->x, j->w, NULL)), j->target, BP_REDUCTION_MEAN);
  status = loss ? bp_backward(loss) : BP_E_MEMORY;
  if (status == BP_OK) status = bp_optimizer_step(j->optimizer);
  bp_scope_pop(j->ctx);
  return status == BP_OK;
}

static int cube_backward(void *user, bp_tensor *const *outputs, bp_tensor *const *grads, bp_tensor **given) {
  bp_tensor *x = (bp_tensor *)user;
  (void)outputs;
  given[0] = bp_mul(grads[0], bp_mul(bp_square(x), bp_number(bp_context_of(x), 3)));
  return given[0] ? 0 : 1;
}

static int block(void *user, bp_tensor *const *inputs, bp_tensor **outputs) {
  outputs[0] = bp_tanh(bp_linear(inputs[0], (bp_tensor *)user, NULL));
  return outputs[0] ? 0 : 1;
}

static int doubled(void *user, bp_tensor *grad, bp_tensor **replacement) {
  (void)user;
  *replacement = bp_mul(grad, bp_number(bp_context_of(grad), 2));
  return *replacement ? 0 : 1;
}

/* A hook, a custom operation, a checkpoint, a Jacobian. */
static int callbacks(job *j) {
  bp_custom_options o = BP_CUSTOM_OPTIONS_INIT;
  bp_tensor *y = NULL, *cube, *sum, *jacobian = NULL;
  int64_t hook = 0;
  int good = 0;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  if (bp_checkpoint(j->ctx, block, j->w, NULL, 1, &j->x, 1, &y) == BP_OK) hook = bp_register_hook(y, doubled, NULL, NULL);
  bp_no_grad_push(j->ctx);
  cube = hook > 0 ? bp_mul(bp_square(y), y) : NULL;
  bp_no_grad_pop(j->ctx);
  o.backward = cube_backward;
  o.user = y;
  if (cube && bp_custom(j->ctx, 1, &y, 1, &cube, &cube, &o) == BP_OK) {
    sum = bp_sum(cube);
    jacobian = sum ? bp_jacobian(sum, j->w, 0) : NULL;
    good = jacobian && bp_backward(sum) == BP_OK;
  }
  bp_scope_pop(j->ctx);
  bp_zero_grad(j->w);
  return good;
}

static int save_and_load(job *j) {
  static const char *const names[2] = {"x", "w"};
  bp_tensor *both[2], *t = NULL;
  bp_archive *file;
  both[0] = j->x;
  both[1] = j->w;
  if (bp_save(j->ctx, path, 2, names, both) != BP_OK) return 0;
  file = bp_load(j->ctx, path);
  if (file) {
    t = bp_archive_get(file, "w");
    bp_release(t);
    bp_archive_destroy(file);
  }
  return t != NULL;
}

static int views(job *j) {
  bp_tensor *pair[2], *r;
  int64_t dims[1] = {1};
  int good;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  pair[0] = bp_transpose(j->x, 0, 1);
  pair[1] = bp_contiguous(pair[0]);
  r = bp_sum_dim(bp_cat(2, pair, 0), 1, dims, 0);
  r = bp_index_select(bp_softmax(r, 0), 0, bp_randperm(j->ctx, 6));
  good = r != NULL;
  bp_scope_pop(j->ctx);
  return good;
}

static int sequences(job *j) {
  bp_recurrent_weights w = BP_RECURRENT_WEIGHTS_INIT;
  bp_tensor *twice[2], *y, *h = NULL, *c = NULL;
  int64_t column[2] = {4, 1};
  bp_status status = BP_E_MEMORY;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  twice[0] = twice[1] = j->w;
  y = bp_scaled_dot_product_attention(j->x, j->w, j->w, NULL, NULL);
  w.weight_ih = bp_cat(2, twice, 0);
  w.weight_hh = bp_reshape(j->target, 2, column);
  if (y && w.weight_ih && w.weight_hh) y = bp_lstm(bp_unsqueeze(y, 0), NULL, NULL, &w, 0, &h, &c);
  if (y && h && c) y = bp_add(bp_add(bp_sum(y), bp_sum(h)), bp_sum(c));
  if (y && h && c) status = bp_backward(y);
  bp_zero_grad(j->w);
  bp_scope_pop(j->ctx);
  return status == BP_OK;
}

/* Factorizations, larger than one of their blocks, and einsum. */
static int factors(job *j) {
  static const int64_t shape[2] = {50, 50};
  bp_tensor *x, *s, *y = NULL, *u, *v = NULL, *w = NULL, *q, *r = NULL, *list[2];
  bp_status status = BP_E_MEMORY;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  x = bp_randn(j->ctx, BP_FLOAT32, 2, shape);
  bp_set_requires_grad(x, 1);
  s = bp_add(bp_matmul(x, bp_transpose(x, 0, 1)), bp_eye(j->ctx, BP_FLOAT32, 50));
  u = bp_svd(bp_inverse(bp_cholesky(s, 0)), 1, &v, &w);
  q = bp_qr(bp_solve(s, x, 1), 0, &r);
  list[0] = r ? bp_lu(q, NULL) : NULL;
  list[1] = w ? bp_eigh(s, 0, NULL) : NULL;
  if (list[0] && list[1]) y = bp_einsum("ij,j->", 2, list);
  if (y) y = bp_add(bp_add(y, bp_sum(v)), bp_logdet(s));
  if (y) status = bp_backward(y);
  bp_zero_grad(x);
  bp_scope_pop(j->ctx);
  return status == BP_OK && u != NULL;
}

/* Convolution, pooling and norms. */
static int images(job *j) {
  static const int64_t image[4] = {2, 2, 9, 9}, kernel[4] = {4, 2, 3, 3}, back[4] = {4, 2, 2, 2}, labels[1] = {2};
  static const int64_t classes[2] = {1, 0};
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  bp_pool_options two = BP_POOL_OPTIONS_INIT(2), three = BP_POOL_OPTIONS_INIT(3);
  bp_tensor *w, *v, *x, *y, *target;
  bp_status status = BP_E_MEMORY;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  target = bp_tensor_create(j->ctx, BP_INT64, 1, labels, classes);
  o.padding[0] = o.padding[1] = 1;
  w = bp_randn(j->ctx, BP_FLOAT32, 4, kernel);
  v = bp_randn(j->ctx, BP_FLOAT32, 4, back);
  x = bp_randn(j->ctx, BP_FLOAT32, 4, image);
  bp_set_requires_grad(w, 1);
  bp_set_requires_grad(v, 1);
  bp_set_requires_grad(x, 1);
  three.stride[0] = three.stride[1] = 2;
  y = bp_batch_norm(bp_conv2d(x, w, NULL, &o), NULL, NULL, NULL, NULL, 1, 0.1, 1e-5);
  y = bp_group_norm(bp_max_pool2d(bp_relu(y), &three), 2, NULL, NULL, 1e-5);
  y = bp_avg_pool2d(bp_max_pool2d(bp_conv_transpose2d(y, v, NULL, NULL), &two), &two);
  y = bp_flatten(y, 1, -1);
  y = bp_cross_entropy(y, target, NULL);
  if (y) status = bp_backward(y);
  bp_release(target);
  bp_scope_pop(j->ctx);
  return status == BP_OK;
}

/* Index tensors, positions and lists of results. */
static int picks(job *j) {
  static const int64_t two[1] = {2}, places[2] = {1, 0}, ends[4] = {1, 2, 0, 1}, half[2] = {2, 2};
  bp_tensor *index[2] = {NULL, NULL}, *list, *y, *pieces[4] = {NULL};
  int64_t size;
  bp_status status = BP_E_MEMORY;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  index[0] = index[1] = list = bp_tensor_create(j->ctx, BP_INT64, 1, two, places);
  y = list ? bp_index_put(j->w, 2, index, bp_index(j->w, 2, index), 1) : NULL;
  y = bp_pad(bp_flip(bp_masked_select(y, bp_gt(y, bp_full(j->ctx, BP_FLOAT32, 0, NULL, -1e9))), 1, places + 1), 2, ends, BP_PAD_CIRCULAR, 0);
  y = bp_mul(bp_sum(y), bp_sum(bp_scatter_reduce(bp_diagonal(j->w, 0, 0, 1), 0, list, bp_narrow(bp_diagonal(j->w, 0, 0, 1), 0, 0, 2), BP_SCATTER_PROD, 1)));
  y = bp_add(y, bp_sum(bp_tile(bp_repeat_interleave_each(j->w, bp_full(j->ctx, BP_INT64, 0, NULL, 2), 0), 2, half)));
  if (y) status = bp_backward(y);
  if (y && status == BP_OK) {
    y = bp_diagonal(j->w, 0, 0, 1);
    size = bp_dim(y, 0);
    status = bp_split(y, 1, &size, 0, pieces);
  }
  bp_zero_grad(j->w);
  bp_release(list);
  bp_scope_pop(j->ctx);
  return status == BP_OK;
}

/* Several results of one call, the caller's: all or none are there. Then order and scans with their gradients. */
static int order(job *j) {
  bp_tensor *all[7] = {NULL}, *y, *z;
  bp_status status = BP_E_MEMORY;
  int good, i;
  all[0] = bp_sort(j->w, 0, 1, 0, &all[1]);
  if (all[0]) all[2] = bp_unique(j->w, &all[3], &all[4]);
  if (all[2]) all[5] = bp_median_dim(j->w, 1, 0, &all[6]);
  good = all[5] != NULL && all[6] != NULL;
  for (i = 0; i < 7; i++)
    if (all[i]) bp_release(all[i]);
  if (!good || bp_scope_push(j->ctx) != BP_OK) return 0;
  y = bp_add(bp_sum(bp_cumprod(j->w, 0)), bp_add(bp_prod(j->w), bp_median(j->w)));
  z = bp_add(bp_logsumexp(bp_logcumsumexp(j->w, 1), 0, NULL, 0), bp_norm(bp_topk(j->w, 1, 0, 1, 1, NULL), 3, 0, NULL, 0));
  y = bp_add(bp_add(y, z), bp_std(bp_cummax(j->w, 1, NULL), 1));
  if (y) status = bp_backward(y);
  if (y && status == BP_OK) y = bp_multinomial(bp_abs(j->x), 1, 0);
  bp_zero_grad(j->w);
  bp_scope_pop(j->ctx);
  return status == BP_OK && y;
}

/* CTC with a gradient that is itself recorded, and bags of rows. */
static int lookups(job *j) {
  static const int64_t shape[3] = {4, 2, 3}, table[2] = {4, 3}, two = 2, pair[2] = {2, 1};
  bp_backward_options o = BP_BACKWARD_OPTIONS_INIT;
  bp_embedding_bag_options bag = BP_EMBEDDING_BAG_OPTIONS_INIT;
  bp_tensor *x, *w, *rows, *y, *lengths, *slope = NULL;
  bp_status status = BP_E_MEMORY;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  x = bp_randn(j->ctx, BP_FLOAT32, 3, shape);
  w = bp_randn(j->ctx, BP_FLOAT32, 2, table);
  bp_set_requires_grad(x, 1);
  bp_set_requires_grad(w, 1);
  rows = bp_arange(j->ctx, BP_INT64, 1, 3, 1);
  lengths = bp_full(j->ctx, BP_INT64, 1, &two, 1);
  y = bp_ctc_loss(bp_log_softmax(x, 2), bp_reshape(rows, 2, pair), bp_add(rows, lengths), lengths, 0, BP_REDUCTION_MEAN, 1);
  o.create_graph = 1;
  if (y) status = bp_autograd_grad(y, 1, &x, &slope, &o);
  if (status == BP_OK) status = BP_E_MEMORY;
  else y = NULL;
  if (y) y = bp_sum(bp_square(slope));
  y = bp_add(y, bp_sum(bp_embedding_bag(rows, w, bp_sub(rows, lengths), &bag)));
  bag.mode = BP_BAG_MAX;
  y = bp_add(y, bp_sum(bp_embedding_bag(rows, w, bp_sub(rows, lengths), &bag)));
  if (y) status = bp_backward(y);
  bp_scope_pop(j->ctx);
  return status == BP_OK;
}

/* Convolution and pools of volumes, and resampling. */
static int volumes(job *j) {
  static const int64_t volume[5] = {1, 2, 3, 4, 4}, kernel[5] = {2, 2, 2, 2, 2}, back[5] = {2, 1, 2, 1, 2}, points[5] = {1, 2, 1, 2, 3};
  bp_pool_options two = BP_POOL_OPTIONS_INIT(2);
  bp_interpolate_options o = BP_INTERPOLATE_OPTIONS_INIT;
  bp_tensor *x, *w, *v, *grid, *y, *z, *at;
  bp_status status = BP_E_MEMORY;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  o.mode = BP_INTERPOLATE_LINEAR;
  o.size[0] = o.size[1] = o.size[2] = 3;
  x = bp_randn(j->ctx, BP_FLOAT32, 5, volume);
  w = bp_randn(j->ctx, BP_FLOAT32, 5, kernel);
  v = bp_randn(j->ctx, BP_FLOAT32, 5, back);
  grid = bp_randn(j->ctx, BP_FLOAT32, 5, points);
  bp_set_requires_grad(x, 1);
  bp_set_requires_grad(w, 1);
  bp_set_requires_grad(v, 1);
  bp_set_requires_grad(grid, 1);
  y = bp_conv_transpose3d(bp_conv3d(x, w, NULL, NULL), v, NULL, NULL);
  z = bp_add(bp_sum(bp_grid_sample(y, grid, BP_GRID_BILINEAR, BP_GRID_REFLECTION, 0)), bp_sum(bp_adaptive_avg_pool3d(y, 2, 2, 3)));
  y = bp_interpolate(bp_adaptive_max_pool3d(y, 2, 2, 2), &o);
  at = bp_max_pool3d_indices(y, &two);
  y = bp_max_unpool3d(bp_max_pool3d(y, &two), at, 3, 3, 3);
  y = bp_im2col(bp_select(y, 2, 0), &two);
  y = bp_add(bp_sum(bp_col2im(y, 3, 3, &two)), z);
  if (y) status = bp_backward(y);
  bp_scope_pop(j->ctx);
  return status == BP_OK;
}

static int32_t squares(void *user, double *loss) {
  job *j = (job *)user;
  bp_tensor *y;
  bp_status status = BP_E_MEMORY;
  bp_zero_grad(j->w);
  if (bp_scope_push(j->ctx) != BP_OK) return 1;
  y = bp_sum(bp_mul(j->w, j->w));
  if (y) {
    *loss = bp_item(y);
    status = bp_backward(y);
  }
  bp_scope_pop(j->ctx);
  return status != BP_OK;
}

/* A step of every kind of optimizer: all it needs, or the parameter as it was. */
static int optimize(job *j) {
  static const char *const kinds[] = {"sgd", "rmsprop", "nadam", "adafactor", "muon", "lbfgs"};
  float before[6], after[6];
  int good = 1, k;
  for (k = 0; good && k < 6; k++) {
    bp_optimizer *opt = bp_optimizer_create(j->ctx, kinds[k]);
    bp_scheduler *s = opt ? bp_exponential_lr_create(opt, 0.9) : NULL;
    bp_read(j->w, before, sizeof before);
    good = s && bp_optimizer_add(opt, j->w) == BP_OK && bp_scheduler_step(s) == BP_OK && bp_optimizer_step_closure(opt, squares, j, NULL) == BP_OK;
    bp_read(j->w, after, sizeof after);
    if (!good) check(memcmp(before, after, sizeof after) == 0);
    else {
      bp_tensor *state = bp_scheduler_state(s);
      good = state && bp_scheduler_set_state(s, state) == BP_OK && bp_optimizer_save(opt, path) == BP_OK && bp_optimizer_load(opt, path) == BP_OK;
      if (state) bp_release(state);
    }
    bp_scheduler_destroy(s);
    bp_optimizer_destroy(opt);
  }
  bp_zero_grad(j->w);
  return good;
}

/* Functions called for each element, of strided and of whole numbers, and what is put together from them. */
static int functions(job *j) {
  bp_tensor *whole, *y, *z;
  bp_status status = BP_E_MEMORY;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  whole = bp_to(j->x, BP_INT64);
  if (whole) whole = bp_bitwise_xor(bp_transpose(whole, 0, 1), bp_floor_divide(bp_transpose(whole, 0, 1), bp_integer(j->ctx, 2)));
  y = bp_atan2(bp_transpose(bp_lgamma(j->w), 0, 1), bp_elu(bp_transpose(j->x, 0, 1), 1));
  z = bp_lerp(y, bp_softplus_with(y, 1, 20), bp_hardswish(y));
  z = bp_clamp_tensor(z, NULL, bp_sinc(bp_transpose(j->x, 0, 1)));
  y = bp_add(bp_sum(z), bp_sum(bp_rrelu(bp_neg(j->w), .1, .3, 1)));
  if (y) status = bp_backward(y);
  bp_zero_grad(j->w);
  bp_scope_pop(j->ctx);
  return status == BP_OK && whole;
}

/* A network from text, through every kind of call. */
static int modules(job *j) {
  static const char text[] = "Sequential(TransformerEncoder(TransformerEncoderLayer(4, 2, 8), 2, norm=LayerNorm(4)), Flatten(0), Linear(24, 2, dtype=None))";
  bp_tensor *x, *y, *outputs[3];
  int64_t shape[3] = {3, 2, 4};
  char shown[64];
  bp_status status = BP_E_MEMORY;
  bp_module *net = NULL, *lstm = NULL;
  if (bp_scope_push(j->ctx) != BP_OK) return 0;
  net = bp_module_create(j->ctx, text);
  lstm = net ? bp_module_create(j->ctx, "LSTM(4, 3, 2)") : NULL;
  x = lstm ? bp_randn(j->ctx, BP_FLOAT32, 3, shape) : NULL;
  y = x ? bp_module_forward(net, x) : NULL;
  if (y && bp_module_call(lstm, 1, &x, 3, outputs) == BP_OK && bp_module_add(net, "more", lstm) == BP_OK) {
    lstm = NULL;
    y = bp_add(bp_sum(y), bp_sum(outputs[2]));
    if (y && bp_backward(y) == BP_OK && bp_module_state_count(net) > 0 && bp_module_state_name(net, 0) && bp_module_describe(net, shown, 64) > 64 &&
        bp_module_save(net, path) == BP_OK && bp_module_load(net, path, 1) == BP_OK && bp_module_to(net, BP_FLOAT64) == BP_OK &&
        bp_init_orthogonal_(bp_module_get(net, "2.weight"), 1) == BP_OK)
      status = BP_OK;
  }
  bp_scope_pop(j->ctx);
  bp_module_destroy(lstm);
  bp_module_destroy(net);
  return status == BP_OK;
}

/* Runs the work in contexts that may use a little more memory each time, until it has enough: whatever the engine allocates, however small,
 * is refused once. */
static void at_every_limit(const char *name, int (*work)(job *)) {
  uint64_t limit;
  int refused = 0, done = 0;
  begin(name);
  for (limit = 64; !done && limit < 1 << 20; limit += 64) {
    job j;
    int ready = job_prepare(&j, limit);
    if (!check(j.ctx != NULL)) return;
    if (ready) {
      bp_context_clear(j.ctx);
      done = work(&j);
      refused += !done;
      check(bp_context_status(j.ctx) == (done ? BP_OK : BP_E_MEMORY));
      check(done || *bp_context_message(j.ctx));
    }
    bp_optimizer_destroy(j.optimizer);
    bp_release(j.x);
    bp_release(j.w);
    bp_release(j.target);
    check(bp_memory_stat(j.ctx, BP_MEMORY_TENSORS) == 0);
    bp_context_destroy(j.ctx);
  }
  printf("# refused below %d limits\n", refused);
  check(done && refused > 5);
}

/* Runs the work with the k-th allocation failing, k = 0, 1, 2 …, until it needs no more than k. */
static void at_every_place(const char *name, int (*work)(job *), int all_later) {
  job j;
  int k, refused = 0;
  begin(name);
  for (k = 0; k < MOST_PLACES; k++) {
    int result;
    long failed_before = failed_allocations;
    bp_status status;
    if (!check(job_prepare(&j, 0))) return;
    failing_all = all_later;
    failing_from = __sync_fetch_and_add(&allocations, 0) + k;
    result = work(&j);
    failing_from = -1;
    status = bp_context_status(j.ctx);
    check(result == 1 ? status == BP_OK : result == 0);
    if (result == 0 && work != make) check(status == BP_E_MEMORY && *bp_context_message(j.ctx));
    refused += result == 0;
    bp_context_clear(j.ctx);
    if (!check(work(&j) == 1)) printf("# after allocation %d had failed: %s\n", k, bp_context_message(j.ctx));
    bp_optimizer_destroy(j.optimizer);
    bp_release(j.x);
    bp_release(j.w);
    bp_release(j.target);
    check(bp_memory_stat(j.ctx, BP_MEMORY_TENSORS) == 0);
    bp_context_destroy(j.ctx);
    if (failed_allocations == failed_before) break;
  }
  printf("# %d places, %d refused\n", k, refused);
  check(k < MOST_PLACES);
}

int main(void) {
  job warm;
  snprintf(path, sizeof path, "test_oom.%d.safetensors", (int)getpid());
  at_every_place("a context", make, 0);
  at_every_place("a context, and nothing after", make, 1);
  check(job_prepare(&warm, 0));
  bp_context_destroy(warm.ctx);
  at_every_place("forward, backward and an optimizer step", train, 0);
  at_every_place("forward, backward and an optimizer step, and nothing after", train, 1);
  at_every_place("views, reductions and random numbers", views, 0);
  at_every_place("attention, a recurrent layer and their gradients", sequences, 0);
  at_every_place("convolution, pooling and norms, and their gradients", images, 0);
  at_every_place("order, running sums and their gradients", order, 0);
  at_every_place("optimizers, schedules and their files", optimize, 0);
  at_every_limit("optimizers, schedules and their files within every limit", optimize);
  at_every_limit("order, running sums and their gradients within every limit", order);
  at_every_limit("volumes and resampling within every limit", volumes);
  at_every_place("a hook, a custom operation, a checkpoint", callbacks, 0);
  at_every_limit("a hook, a custom operation, a checkpoint within every limit", callbacks);
  at_every_limit("ctc with a recorded gradient, bags of rows, within every limit", lookups);
  at_every_place("functions element by element", functions, 0);
  at_every_limit("functions element by element within every limit", functions);
  at_every_place("factorizations and their gradients", factors, 0);
  at_every_limit("factorizations within every limit", factors);
  at_every_limit("convolution, pooling and norms within every limit", images);
  at_every_place("a network from text", modules, 0);
  at_every_limit("a network from text within every limit", modules);
  at_every_limit("attention and a recurrent layer within every limit", sequences);
  at_every_limit("a training step within every limit", train);
  at_every_limit("views and reductions within every limit", views);
  at_every_limit("reading and writing by index within every limit", picks);
  at_every_place("views, reductions and random numbers, and nothing after", views, 1);
  at_every_place("saving and loading", save_and_load, 0);
  remove(path);
  return finish();
}
