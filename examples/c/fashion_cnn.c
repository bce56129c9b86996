/* Learns to name clothes: a network like LeNet on Fashion-MNIST, the same job as examples/python/fashion_cnn.py.
 *
 *     make build/examples/fashion_cnn
 *     build/examples/fashion_cnn [--data FOLDER] [--out DIRECTORY] [--epochs N] [--threads N] [--quick]
 *
 * Two convolutions with pooling and two layers, AdamW under a one-cycle schedule; more than 90 % of the test pictures are named rightly.
 * Without the Debian package dataset-fashion-mnist or a folder of idx files, --quick takes the bundled digits.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, popen */
#include <backprop.h>
#include <string.h>

#include "digits_picture.h"
#include "idx.h"

enum { BATCH = 64, MOST_EPOCHS = 100, LAYERS = 8, ALL = 1000000 };

static const char *const layer_names[LAYERS] = {"0.weight", "0.bias", "3.weight", "3.bias", "7.weight", "7.bias", "10.weight", "10.bias"};
static const int64_t layer_shapes[LAYERS][4] = {{24, 1, 5, 5}, {24, 0, 0, 0}, {48, 24, 5, 5}, {48, 0, 0, 0}, {128, 768, 0, 0}, {128, 0, 0, 0},
                                                {10, 128, 0, 0}, {10, 0, 0, 0}};
static const int32_t layer_ndims[LAYERS] = {4, 1, 4, 1, 2, 1, 2, 1};
static const int layer_inputs[LAYERS] = {25, 25, 600, 600, 768, 768, 128, 128};

typedef struct settings {
  const char *data, *out;
  int epochs, threads, quick;
} settings;

typedef struct network {
  bp_tensor *layer[LAYERS];
} network;

static int failed(bp_context *ctx, const char *doing) {
  fprintf(stderr, "fashion_cnn: %s: %s\n", doing, bp_context_message(ctx));
  return 1;
}

/* Weights uniform in ±1/√inputs. */
static network network_create(bp_context *ctx) {
  network net;
  bp_no_grad_push(ctx);
  for (int i = 0; i < LAYERS; i++) {
    net.layer[i] = bp_parameter(ctx, BP_FLOAT32, layer_ndims[i], layer_shapes[i], NULL);
    bp_scope_push(ctx);
    bp_copy_(net.layer[i], bp_mul(bp_sub(bp_rand(ctx, BP_FLOAT32, layer_ndims[i], layer_shapes[i]), bp_number(ctx, 0.5)),
                                  bp_number(ctx, 2 / sqrt(layer_inputs[i]))));
    bp_scope_pop(ctx);
  }
  bp_no_grad_pop(ctx);
  return net;
}

/* x [B, 1, 28, 28] → scores [B, 10]. */
static bp_tensor *network_scores(const network *net, const bp_tensor *x, int training) {
  bp_tensor *const *p = net->layer;
  bp_pool_options halves = BP_POOL_OPTIONS_INIT(2);
  bp_tensor *h = bp_max_pool2d(bp_relu(bp_conv2d(x, p[0], p[1], NULL)), &halves);
  h = bp_max_pool2d(bp_relu(bp_conv2d(h, p[2], p[3], NULL)), &halves);
  h = bp_relu(bp_linear(bp_flatten(h, 1, -1), p[4], p[5]));
  return bp_linear(bp_dropout(h, 0.3, training), p[6], p[7]);
}

/* Bytes [N, 784] as pixels from −1 to 1, [N, 1, 28, 28]. */
static bp_tensor *batch_of(bp_context *ctx, const bp_tensor *bytes) {
  const int64_t shape[4] = {-1, 1, SIDE, SIDE};
  return bp_sub(bp_div(bp_to(bp_reshape(bytes, 4, shape), BP_FLOAT32), bp_number(ctx, 127.5)), bp_number(ctx, 1));
}

/* The share of pictures whose highest score is at their label; NaN on error. */
static double accuracy(bp_context *ctx, const network *net, const bp_tensor *x, const bp_tensor *y) {
  double right = 0;
  int64_t count = bp_dim(x, 0);
  bp_no_grad_push(ctx);
  for (int64_t i = 0; i < count; i += 500) {
    bp_scope_push(ctx);
    right += bp_item(bp_sum(bp_eq(bp_argmax_dim(network_scores(net, batch_of(ctx, bp_slice(x, 0, i, i + 500, 1)), 0), 1, 0),
                                  bp_slice(y, 0, i, i + 500, 1))));
    bp_scope_pop(ctx);
  }
  bp_no_grad_pop(ctx);
  return right / (double)count;
}

/* One walk over the pictures in a new random order; a step of the schedule after every batch. Returns the mean loss of its second half. */
static double train_epoch(bp_context *ctx, const network *net, bp_optimizer *optimizer, bp_scheduler *schedule, const bp_tensor *x, const bp_tensor *y) {
  int64_t count = bp_dim(x, 0), batches = (count + BATCH - 1) / BATCH;
  double total = 0;
  bp_tensor *order;
  bp_scope_push(ctx);
  order = bp_randperm(ctx, count);
  for (int64_t b = 0; b < batches; b++) {
    bp_tensor *index, *loss;
    bp_scope_push(ctx);
    index = bp_slice(order, 0, b * BATCH, (b + 1) * BATCH, 1);
    loss = bp_cross_entropy(network_scores(net, batch_of(ctx, bp_index_select(x, 0, index)), 1), bp_index_select(y, 0, index), NULL);
    if (b >= batches / 2) total += bp_item(loss);
    bp_optimizer_zero_grad(optimizer);
    bp_backward(loss);
    bp_optimizer_step(optimizer);
    bp_scheduler_step(schedule);
    bp_scope_pop(ctx);
  }
  bp_scope_pop(ctx);
  return total / (double)(batches - batches / 2);
}

static bp_tensor *labels_of(bp_context *ctx, const pictures *p) {
  int64_t count = p->count;
  return bp_tensor_create(ctx, BP_INT64, 1, &count, p->labels);
}
static bp_tensor *pixels_of(bp_context *ctx, const pictures *p) {
  int64_t shape[2] = {p->count, AREA};
  return bp_tensor_create(ctx, BP_UINT8, 2, shape, p->pixels);
}

static int run(bp_context *ctx, const settings *s, const pictures *train, const pictures *test) {
  static double losses[MOST_EPOCHS], accuracies[MOST_EPOCHS];
  const char bar[] = "####################....................";
  char path[1024];
  double start = seconds_now();
  uint64_t checksum = FNV_START;
  bp_tensor *x = pixels_of(ctx, train), *y = labels_of(ctx, train), *test_x = pixels_of(ctx, test), *test_y = labels_of(ctx, test);
  network net = network_create(ctx);
  bp_adam_options options = BP_ADAMW_OPTIONS_INIT;
  bp_one_cycle_options cycle = BP_ONE_CYCLE_OPTIONS_INIT(3e-3, (int64_t)s->epochs * ((train->count + BATCH - 1) / BATCH));
  bp_optimizer *optimizer;
  bp_scheduler *schedule;
  options.weight_decay = 0.02;
  optimizer = bp_adamw_create(ctx, &options);
  for (int i = 0; i < LAYERS; i++) bp_optimizer_add(optimizer, net.layer[i]);
  schedule = bp_one_cycle_lr_create(optimizer, &cycle);
  if (bp_context_status(ctx)) return failed(ctx, "setting up");
  printf("%d pictures to learn from, %d to be tested with, %d threads, %s\n", train->count, test->count, (int)bp_num_threads(ctx), bp_instruction_set());
  fflush(stdout);

  for (int epoch = 0; epoch < s->epochs; epoch++) {
    int filled = (int)(20.0 * (epoch + 1) / s->epochs);
    double begun = seconds_now();
    losses[epoch] = train_epoch(ctx, &net, optimizer, schedule, x, y);
    accuracies[epoch] = accuracy(ctx, &net, test_x, test_y);
    if (bp_context_status(ctx)) return failed(ctx, "training");
    printf("epoch %3d  [%.20s]  loss %.4f  test accuracy %5.2f %%  %.1f s\n", epoch + 1, bar + 20 - filled, losses[epoch], 100 * accuracies[epoch],
           seconds_now() - begun);
    fflush(stdout);
  }

  for (int i = 0; i < LAYERS; i++) checksum = fnv1a(checksum, bp_data(net.layer[i]), sizeof(float) * (size_t)bp_numel(net.layer[i]));
  snprintf(path, sizeof path, "%s/fashion_cnn.safetensors", s->out);
  if (bp_save(ctx, path, LAYERS, layer_names, net.layer)) return failed(ctx, "saving");
  printf("weights    %s\n", path);
  snprintf(path, sizeof path, "%s/fashion_cnn.svg", s->out);
  if (picture_write(path, s->epochs, losses, accuracies, "Fashion-MNIST, a convolutional network")) {
    fprintf(stderr, "fashion_cnn: cannot write %s\n", path);
    return 1;
  }
  printf("picture    %s\n", path);
  printf("checksum   %016llx\n", (unsigned long long)checksum);
  printf("time       %.1f s\n", seconds_now() - start);
  printf("accuracy   %.2f %% of the test pictures are named rightly\n", 100 * accuracies[s->epochs - 1]);
  bp_scheduler_destroy(schedule);
  bp_optimizer_destroy(optimizer);
  for (int i = 0; i < LAYERS; i++) bp_release(net.layer[i]);
  return bp_context_status(ctx) ? failed(ctx, "tidying up") : 0;
}

static int read_settings(settings *s, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--quick")) { s->quick = 1; s->epochs = 2; continue; }
    if (value && !strcmp(argv[i], "--data")) s->data = value;
    else if (value && !strcmp(argv[i], "--out")) s->out = value;
    else if (value && !strcmp(argv[i], "--epochs")) s->epochs = atoi(value);
    else if (value && !strcmp(argv[i], "--threads")) s->threads = atoi(value);
    else { s->epochs = 0; break; }
    i++;
  }
  if (s->epochs >= 1 && s->epochs <= MOST_EPOCHS && s->threads >= 0) return 0;
  fprintf(stderr, "usage: fashion_cnn [--data FOLDER] [--out DIRECTORY] [--epochs 1…%d] [--threads N] [--quick]\n", MOST_EPOCHS);
  return 2;
}

int main(int argc, char **argv) {
  settings s = {NULL, ".", 8, 0, 0};
  bp_context_options options = BP_CONTEXT_OPTIONS_INIT;
  const char *folder;
  pictures train, test;
  bp_context *ctx;
  int status = read_settings(&s, argc, argv);
  if (status) return status;
  memset(&test, 0, sizeof test);
  folder = s.data ? s.data : "/usr/share/datasets/fashion-mnist";
  if (pictures_read(&train, folder, "train", s.quick ? 1280 : ALL) || pictures_read(&test, folder, "t10k", s.quick ? 300 : ALL)) {
    digits d;
    if (s.data || !s.quick) {
      fprintf(stderr, "fashion_cnn: no idx files in %s: apt-get install dataset-fashion-mnist, or --data FOLDER\n", folder);
      return 1;
    }
    if (digits_read(&d, "examples/data/digits.csv") || pictures_from_digits(&train, &d, 300, 1280) || pictures_from_digits(&test, &d, 0, 300)) return 1;
    digits_free(&d);
  }
  options.num_threads = s.threads;
  options.seed = 7;
  ctx = bp_context_create(&options);
  status = ctx ? run(ctx, &s, &train, &test) : failed(NULL, "starting");
  bp_context_destroy(ctx);
  pictures_free(&train);
  pictures_free(&test);
  return status;
}
