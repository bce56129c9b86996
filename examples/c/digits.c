/* Learns to read handwritten digits: 1,797 pictures of 8 × 8 pixels, one fifth of them held out.
 *
 *     make demo
 *     digits [--data FILE] [--out DIRECTORY] [--epochs N] [--threads N] [--quick]
 *
 * A network 64 → 256 → 10 with dropout is trained with mini-batches and AdamW, saved, loaded into fresh parameters and tested on the
 * pictures it has never seen. The last lines give the accuracy, the time and a checksum of the weights: it is the same for
 * any number of threads. The loss curve is written as a picture.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <backprop.h>
#include <string.h>

#include "digits_data.h"
#include "digits_picture.h"

enum { HIDDEN = 256, BATCH = 32, MOST_EPOCHS = 1000, LAYERS = 4 };

static const char *const layer_names[LAYERS] = {"hidden.weight", "hidden.bias", "output.weight", "output.bias"};

typedef struct settings {
  const char *data, *out;
  int epochs, threads;
} settings;

/* The network is its four parameters. */
typedef struct network {
  bp_tensor *layer[LAYERS];
} network;

/* Says what went wrong last in this context and returns 1, the exit status. */
static int failed(bp_context *ctx, const char *doing) {
  fprintf(stderr, "digits: %s: %s\n", doing, bp_context_message(ctx));
  return 1;
}

/* A trainable tensor, uniform in ±1/√inputs. shape has ndim sizes. */
static bp_tensor *uniform_parameter(bp_context *ctx, int32_t ndim, const int64_t *shape, int inputs) {
  bp_tensor *p = bp_parameter(ctx, BP_FLOAT32, ndim, shape, NULL);
  bp_scope_push(ctx);
  bp_no_grad_push(ctx); /* setting values is not part of any derivative */
  bp_copy_(p, bp_mul(bp_sub(bp_rand(ctx, BP_FLOAT32, ndim, shape), bp_number(ctx, 0.5)), bp_number(ctx, 2 / sqrt(inputs))));
  bp_no_grad_pop(ctx);
  bp_scope_pop(ctx);
  return p;
}

static network network_create(bp_context *ctx) {
  const int64_t hidden[2] = {HIDDEN, PIXELS}, output[2] = {CLASSES, HIDDEN};
  network net;
  net.layer[0] = uniform_parameter(ctx, 2, hidden, PIXELS);
  net.layer[1] = uniform_parameter(ctx, 1, hidden, PIXELS);
  net.layer[2] = uniform_parameter(ctx, 2, output, HIDDEN);
  net.layer[3] = uniform_parameter(ctx, 1, output, HIDDEN);
  return net;
}

static void network_release(network *net) {
  for (int i = 0; i < LAYERS; i++) bp_release(net->layer[i]);
}

/* x [B, 64] → one score per digit [B, 10]. In training some pixels and hidden values are dropped, so that none is relied upon. */
static bp_tensor *network_scores(const network *net, const bp_tensor *x, int training) {
  bp_tensor *h = bp_relu(bp_linear(bp_dropout(x, 0.1, training), net->layer[0], net->layer[1]));
  return bp_linear(bp_dropout(h, 0.4, training), net->layer[2], net->layer[3]);
}

/* The share of pictures x whose highest score is at their label; NaN on error. */
static double accuracy(bp_context *ctx, const network *net, const bp_tensor *x, const bp_tensor *labels) {
  double share;
  bp_scope_push(ctx);
  bp_no_grad_push(ctx);
  share = bp_item(bp_mean(bp_to(bp_eq(bp_argmax_dim(network_scores(net, x, 0), 1, 0), labels), BP_FLOAT32)));
  bp_no_grad_pop(ctx);
  bp_scope_pop(ctx);
  return share;
}

/* One walk over the training pictures in a new random order. Returns the mean loss; NaN on error. */
static double train_epoch(bp_context *ctx, const network *net, bp_optimizer *optimizer, const bp_tensor *x, const bp_tensor *labels) {
  int64_t count = bp_dim(x, 0);
  double total = 0;
  bp_tensor *order;
  bp_scope_push(ctx);
  order = bp_randperm(ctx, count);
  for (int64_t start = 0; start < count; start += BATCH) {
    bp_tensor *batch, *loss;
    bp_scope_push(ctx); /* everything below is freed by the matching pop */
    batch = bp_slice(order, 0, start, start + BATCH, 1);
    loss = bp_cross_entropy(network_scores(net, bp_index_select(x, 0, batch), 1), bp_index_select(labels, 0, batch), NULL);
    total += bp_item(loss) * (double)bp_numel(batch);
    bp_optimizer_zero_grad(optimizer);
    bp_backward(loss);
    bp_optimizer_step(optimizer);
    bp_scope_pop(ctx);
  }
  bp_scope_pop(ctx);
  return total / (double)count;
}

static uint64_t checksum(const network *net) {
  uint64_t hash = FNV_START;
  for (int i = 0; i < LAYERS; i++) hash = fnv1a(hash, bp_data(net->layer[i]), sizeof(float) * (size_t)bp_numel(net->layer[i]));
  return hash;
}

/* Saves the network and loads the file into another one, as a program that only uses the network would. */
static int save_and_load(bp_context *ctx, const char *path, const network *from, network *into) {
  bp_archive *file;
  if (bp_save(ctx, path, LAYERS, layer_names, from->layer)) return 1;
  file = bp_load(ctx, path);
  bp_scope_push(ctx);
  bp_no_grad_push(ctx);
  for (int i = 0; i < LAYERS; i++) bp_copy_(into->layer[i], bp_archive_get(file, layer_names[i]));
  bp_no_grad_pop(ctx);
  bp_scope_pop(ctx);
  bp_archive_destroy(file);
  return bp_context_status(ctx) != BP_OK;
}

static int run(bp_context *ctx, const settings *s, const digits *d) {
  static double losses[MOST_EPOCHS], accuracies[MOST_EPOCHS];
  const int64_t shape[2] = {d->count, PIXELS};
  const int64_t held_out = d->count / 5;
  const char bar[] = "####################....................";
  char path[1024];
  bp_adam_options options = BP_ADAMW_OPTIONS_INIT;
  double start = seconds_now(), final;
  network net, loaded;
  bp_optimizer *optimizer;
  bp_tensor *train_x, *train_y, *test_x, *test_y;

  /* Shuffle once, then cut: the first fifth is never trained on. */
  bp_tensor *pixels = bp_tensor_create(ctx, BP_FLOAT32, 2, shape, d->pixels);
  bp_tensor *labels = bp_tensor_create(ctx, BP_INT64, 1, shape, d->labels);
  bp_tensor *order = bp_randperm(ctx, d->count);
  test_x = bp_index_select(pixels, 0, bp_slice(order, 0, 0, held_out, 1));
  test_y = bp_index_select(labels, 0, bp_slice(order, 0, 0, held_out, 1));
  train_x = bp_index_select(pixels, 0, bp_slice(order, 0, held_out, BP_NONE, 1));
  train_y = bp_index_select(labels, 0, bp_slice(order, 0, held_out, BP_NONE, 1));
  bp_release(pixels);
  bp_release(labels);

  net = network_create(ctx);
  options.lr = 3e-3;
  optimizer = bp_adamw_create(ctx, &options);
  for (int i = 0; i < LAYERS; i++) bp_optimizer_add(optimizer, net.layer[i]);
  if (bp_context_status(ctx)) return failed(ctx, "setting up");
  printf("%lld pictures to learn from, %lld held out, %d threads, %s\n", (long long)bp_dim(train_x, 0), (long long)held_out,
         (int)bp_num_threads(ctx), bp_instruction_set());

  for (int epoch = 0; epoch < s->epochs; epoch++) {
    int filled;
    bp_optimizer_set_lr(optimizer, options.lr * 0.5 * (1 + cos(3.14159265 * epoch / s->epochs))); /* a cosine down to zero */
    losses[epoch] = train_epoch(ctx, &net, optimizer, train_x, train_y);
    accuracies[epoch] = accuracy(ctx, &net, test_x, test_y);
    if (bp_context_status(ctx)) return failed(ctx, "training");
    filled = (int)(20.0 * (epoch + 1) / s->epochs);
    printf("epoch %3d  [%.20s]  loss %.4f  held-out accuracy %5.1f %%\n", epoch + 1, bar + 20 - filled, losses[epoch], 100 * accuracies[epoch]);
    fflush(stdout);
  }

  snprintf(path, sizeof path, "%s/digits.safetensors", s->out);
  loaded = network_create(ctx);
  if (save_and_load(ctx, path, &net, &loaded)) return failed(ctx, "saving and loading");
  final = accuracy(ctx, &loaded, test_x, test_y);
  if (checksum(&net) != checksum(&loaded)) {
    fprintf(stderr, "digits: the loaded weights differ from the saved ones\n");
    return 1;
  }
  printf("weights    %s\n", path);
  snprintf(path, sizeof path, "%s/digits.svg", s->out);
  if (picture_write(path, s->epochs, losses, accuracies, "Handwritten digits, a 64-256-10 network")) {
    fprintf(stderr, "digits: cannot write %s\n", path);
    return 1;
  }
  printf("picture    %s\n", path);
  printf("checksum   %016llx\n", (unsigned long long)checksum(&loaded));
  printf("time       %.2f s\n", seconds_now() - start);
  printf("accuracy   %.2f %% of the held-out digits are read correctly\n", 100 * final);
  network_release(&net);
  network_release(&loaded);
  bp_optimizer_destroy(optimizer);
  return bp_context_status(ctx) ? failed(ctx, "tidying up") : 0;
}

/* Reads the options into s. Returns 0, or 2 after saying how it is done. */
static int read_settings(settings *s, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--quick")) { s->epochs = 3; continue; }
    if (value && !strcmp(argv[i], "--data")) s->data = value;
    else if (value && !strcmp(argv[i], "--out")) s->out = value;
    else if (value && !strcmp(argv[i], "--epochs")) s->epochs = atoi(value);
    else if (value && !strcmp(argv[i], "--threads")) s->threads = atoi(value);
    else { s->epochs = 0; break; }
    i++;
  }
  if (s->epochs >= 1 && s->epochs <= MOST_EPOCHS && s->threads >= 0) return 0;
  fprintf(stderr, "usage: digits [--data FILE] [--out DIRECTORY] [--epochs 1…%d] [--threads N] [--quick]\n", MOST_EPOCHS);
  return 2;
}

int main(int argc, char **argv) {
  settings s = {"examples/data/digits.csv", ".", 40, 0};
  bp_context_options options = BP_CONTEXT_OPTIONS_INIT;
  digits d;
  bp_context *ctx;
  int status = read_settings(&s, argc, argv);
  if (status) return status;
  if (digits_read(&d, s.data)) return 1;
  options.num_threads = s.threads;
  options.seed = 7;
  ctx = bp_context_create(&options);
  status = ctx ? run(ctx, &s, &d) : failed(NULL, "starting");
  bp_context_destroy(ctx);
  digits_free(&d);
  return status;
}
