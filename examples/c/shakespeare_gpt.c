/* Learns to write like Shakespeare, letter by letter: a small GPT, the same job as examples/python/shakespeare_gpt.py.
 *
 *     make build/examples/shakespeare_gpt
 *     build/examples/shakespeare_gpt [--data FILE] [--out DIRECTORY] [--steps N] [--threads N] [--quick]
 *
 * B sequences of T letters, E numbers for each, H heads. Four blocks of x + attention(norm x), x + mlp(norm x); the first nine tenths of the text are learnt
 * from, the last is the test. The weights are saved under the names of the Python program, which can load them.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <backprop.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_LAYERS = 4, PER_LAYER = 10, MOST_WEIGHTS = MOST_LAYERS * PER_LAYER + 5, BATCH = 16, MOST_NAME = 40 };

typedef struct settings {
  const char *data, *out;
  int steps, threads, quick;
} settings;

/* The text as numbers of the letters that occur. */
typedef struct text {
  int64_t count;
  int64_t *numbers;
  int letters;
  char letter[256];
} text;

/* All weights in the order they are made and saved. */
typedef struct gpt {
  int64_t T, E, H;
  int layers, count;
  bp_tensor *w[MOST_WEIGHTS];
  char names[MOST_WEIGHTS][MOST_NAME];
} gpt;

/* Seconds since some moment. */
static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int failed(bp_context *ctx, const char *doing) {
  fprintf(stderr, "shakespeare_gpt: %s: %s\n", doing, bp_context_message(ctx));
  return 1;
}

static int text_read(text *t, const char *path) {
  FILE *f = fopen(path, "rb");
  int number[256], c;
  int64_t room = 0;
  memset(t, 0, sizeof *t);
  if (!f) {
    fprintf(stderr, "shakespeare_gpt: cannot open %s (run from the top of the repository, or give --data FILE)\n", path);
    return -1;
  }
  for (c = 0; c < 256; c++) number[c] = -1;
  while ((c = fgetc(f)) != EOF) number[c] = 0;
  for (c = 0; c < 256; c++) {
    if (number[c] < 0) continue;
    number[c] = t->letters;
    t->letter[t->letters++] = (char)c;
  }
  rewind(f);
  while ((c = fgetc(f)) != EOF) {
    if (t->count == room) {
      int64_t *more = (int64_t *)realloc(t->numbers, sizeof(int64_t) * (size_t)(room = room ? 2 * room : 65536));
      if (!more) { fclose(f); return -1; }
      t->numbers = more;
    }
    t->numbers[t->count++] = number[c];
  }
  fclose(f);
  return t->count > 10000 ? 0 : -1;
}

/* A weight [rows, columns], or [rows] for columns 0: normal of the given spread, or all `value` where spread is 0. */
static void add_weight(bp_context *ctx, gpt *net, const char *name, int64_t rows, int64_t columns, double spread, double value) {
  const int64_t shape[2] = {rows, columns};
  int32_t ndim = columns ? 2 : 1;
  bp_tensor *w = bp_parameter(ctx, BP_FLOAT32, ndim, shape, NULL);
  bp_scope_push(ctx);
  bp_no_grad_push(ctx);
  if (spread > 0) bp_copy_(w, bp_mul(bp_randn(ctx, BP_FLOAT32, ndim, shape), bp_number(ctx, spread)));
  else bp_fill_(w, value);
  bp_no_grad_pop(ctx);
  bp_scope_pop(ctx);
  snprintf(net->names[net->count], MOST_NAME, "%s", name);
  net->w[net->count++] = w;
}

static gpt gpt_create(bp_context *ctx, int letters, int quick) {
  static const struct { const char *name; int rows, columns; } parts[PER_LAYER] = {  /* rows and columns in units of E */
    {"norm1.weight", 1, 0}, {"norm1.bias", 1, 0}, {"qkv.weight", 3, 1}, {"proj.weight", 1, 1}, {"norm2.weight", 1, 0}, {"norm2.bias", 1, 0},
    {"up.weight", 4, 1}, {"up.bias", 4, 0}, {"down.weight", 1, 4}, {"down.bias", 1, 0}};
  gpt net;
  char name[MOST_NAME];
  memset(&net, 0, sizeof net);
  net.T = quick ? 32 : 64, net.E = quick ? 32 : 128, net.H = quick ? 2 : 4, net.layers = quick ? 2 : 4;
  add_weight(ctx, &net, "tokens.weight", letters, net.E, 0.02, 0);
  add_weight(ctx, &net, "places.weight", net.T, net.E, 0.02, 0);
  for (int layer = 0; layer < net.layers; layer++) {
    for (int i = 0; i < PER_LAYER; i++) {
      /* What is added to the stream starts smaller. */
      double spread = !parts[i].columns ? 0 : strcmp(parts[i].name, "proj.weight") && strcmp(parts[i].name, "down.weight") ? 0.02 : 0.02 / sqrt(2 * net.layers);
      snprintf(name, sizeof name, "blocks.%d.%s", layer, parts[i].name);
      add_weight(ctx, &net, name, parts[i].rows * net.E, parts[i].columns * net.E, spread, i == 0 || i == 4);
    }
  }
  add_weight(ctx, &net, "norm.weight", net.E, 0, 0, 1);
  add_weight(ctx, &net, "norm.bias", net.E, 0, 0, 0);
  add_weight(ctx, &net, "head.weight", letters, net.E, 0.02, 0);
  return net;
}

/* x [B, T, E] split in heads: columns `first` … `first` + E as [B, H, T, E/H]. */
static bp_tensor *heads(const gpt *net, const bp_tensor *x, int64_t first) {
  const int64_t shape[4] = {bp_dim(x, 0), bp_dim(x, 1), net->H, net->E / net->H};
  return bp_transpose(bp_reshape(bp_slice(x, 2, first, first + net->E, 1), 4, shape), 1, 2);
}

/* Letters [B, T] → scores of the letter after each, [B·T, letters]. */
static bp_tensor *gpt_scores(bp_context *ctx, const gpt *net, const bp_tensor *tokens) {
  const int64_t B = bp_dim(tokens, 0), T = bp_dim(tokens, 1), E = net->E, whole[3] = {B, T, E}, flat[2] = {B * T, E};
  bp_attention_options causal = BP_ATTENTION_OPTIONS_INIT;
  bp_tensor *const *w = net->w + 2;
  bp_tensor *x = bp_add(bp_embedding(tokens, net->w[0], BP_NONE), bp_embedding(bp_arange(ctx, BP_INT64, 0, (double)T, 1), net->w[1], BP_NONE));
  causal.is_causal = 1;
  for (int layer = 0; layer < net->layers; layer++, w += PER_LAYER) {
    bp_tensor *qkv = bp_linear(bp_layer_norm(x, 1, &E, w[0], w[1], 1e-5), w[2], NULL);
    bp_tensor *y = bp_scaled_dot_product_attention(heads(net, qkv, 0), heads(net, qkv, E), heads(net, qkv, 2 * E), NULL, &causal);
    x = bp_add(x, bp_linear(bp_reshape(bp_transpose(y, 1, 2), 3, whole), w[3], NULL));
    y = bp_gelu(bp_linear(bp_layer_norm(x, 1, &E, w[4], w[5], 1e-5), w[6], w[7]), 0);
    x = bp_add(x, bp_linear(y, w[8], w[9]));
  }
  return bp_linear(bp_layer_norm(bp_reshape(x, 2, flat), 1, &E, w[0], w[1], 1e-5), w[2], NULL);
}

/* The loss over stretches of the text that begin at starts[BATCH]. */
static bp_tensor *gpt_loss(bp_context *ctx, const gpt *net, const int64_t *numbers, const int64_t *starts) {
  static int64_t x[BATCH * 64], y[BATCH * 64];
  const int64_t shape[2] = {BATCH, net->T}, count = BATCH * net->T;
  for (int b = 0; b < BATCH; b++) {
    memcpy(x + b * net->T, numbers + starts[b], sizeof(int64_t) * (size_t)net->T);
    memcpy(y + b * net->T, numbers + starts[b] + 1, sizeof(int64_t) * (size_t)net->T);
  }
  return bp_cross_entropy(gpt_scores(ctx, net, bp_tensor_create(ctx, BP_INT64, 2, shape, x)), bp_tensor_create(ctx, BP_INT64, 1, &count, y), NULL);
}

/* The mean loss over stretches spread evenly over the text. */
static double test_loss(bp_context *ctx, const gpt *net, const int64_t *numbers, int64_t count, int batches) {
  int64_t starts[BATCH], last = count - net->T - 1, all = (int64_t)batches * BATCH;
  double total = 0;
  bp_no_grad_push(ctx);
  for (int64_t i = 0; i < all; i += BATCH) {
    for (int b = 0; b < BATCH; b++) starts[b] = last * (i + b) / (all - 1);
    bp_scope_push(ctx);
    total += bp_item(gpt_loss(ctx, net, numbers, starts));
    bp_scope_pop(ctx);
  }
  bp_no_grad_pop(ctx);
  return total / batches;
}

/* Writes length letters, each drawn from the scores, to f. */
static void gpt_write(bp_context *ctx, const gpt *net, const text *t, int length, FILE *f) {
  int64_t window[64] = {0}, count = 1;
  bp_no_grad_push(ctx);
  for (int i = 0; i < length; i++) {
    const int64_t shape[2] = {1, count};
    int64_t next;
    bp_scope_push(ctx);
    next = (int64_t)bp_item(bp_multinomial(bp_softmax(bp_select(gpt_scores(ctx, net, bp_tensor_create(ctx, BP_INT64, 2, shape, window)), 0, -1), 0), 1, 0));
    bp_scope_pop(ctx);
    if (bp_context_status(ctx)) break;
    fputc(t->letter[next], f);
    if (count == net->T) memmove(window, window + 1, sizeof(int64_t) * (size_t)(--count));
    window[count++] = next;
  }
  bp_no_grad_pop(ctx);
}

/* A number below n, the same on every machine (SplitMix64). */
static int64_t below(uint64_t *state, int64_t n) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

static int run(bp_context *ctx, const settings *s, const text *t) {
  const char bar[] = "####################....................";
  const int every = s->steps < 10 ? 1 : s->steps / 10, warm = s->steps < 20 ? 1 : s->steps / 20, batches = s->quick ? 2 : 40;
  const int64_t cut = t->count * 9 / 10, milestone = warm;
  double start = seconds_now(), mean = 0, tested = NAN;
  uint64_t state = 7;
  char path[1024];
  const char *names[MOST_WEIGHTS];
  bp_adam_options options = BP_ADAMW_OPTIONS_INIT;
  gpt net = gpt_create(ctx, t->letters, s->quick);
  bp_optimizer *optimizer;
  bp_scheduler *parts[2], *schedule;
  FILE *f;
  options.lr = 2e-3, options.beta2 = 0.98, options.weight_decay = 0.1;
  optimizer = bp_adamw_create(ctx, &options);
  for (int i = 0; i < net.count; i++) {
    if (bp_ndim(net.w[i]) > 1) bp_optimizer_add(optimizer, net.w[i]);
    names[i] = net.names[i];
  }
  bp_optimizer_add_group(optimizer); /* what is no matrix does not decay */
  bp_optimizer_set_option(optimizer, 1, "weight_decay", 0);
  for (int i = 0; i < net.count; i++)
    if (bp_ndim(net.w[i]) == 1) bp_optimizer_add(optimizer, net.w[i]);
  parts[0] = bp_linear_lr_create(optimizer, 0.05, 1, warm);
  parts[1] = bp_cosine_annealing_lr_create(optimizer, s->steps - warm > 0 ? s->steps - warm : 1, 1e-4);
  schedule = bp_sequential_lr_create(2, parts, &milestone);
  if (bp_context_status(ctx)) return failed(ctx, "setting up");
  printf("%lld letters to learn from, %lld for the test, %d different; %d threads, %s\n", (long long)cut, (long long)(t->count - cut), t->letters,
         (int)bp_num_threads(ctx), bp_instruction_set());

  for (int step = 1; step <= s->steps; step++) {
    int64_t starts[BATCH];
    bp_tensor *loss;
    for (int b = 0; b < BATCH; b++) starts[b] = below(&state, cut - net.T - 1);
    bp_scope_push(ctx);
    loss = gpt_loss(ctx, &net, t->numbers, starts);
    mean = step == 1 ? bp_item(loss) : 0.95 * mean + 0.05 * bp_item(loss);
    bp_optimizer_zero_grad(optimizer);
    bp_backward(loss);
    bp_clip_grad_norm_(net.count, net.w, 1, 2, NULL);
    bp_optimizer_step(optimizer);
    bp_scheduler_step(schedule);
    bp_scope_pop(ctx);
    if (bp_context_status(ctx)) return failed(ctx, "training");
    if (step % every && step != s->steps) continue;
    tested = test_loss(ctx, &net, t->numbers + cut, t->count - cut, batches);
    printf("step %5d  [%.20s]  loss %.4f  test loss %.4f  %.1f s\n", step, bar + 20 - (int)(20.0 * step / s->steps), mean, tested, seconds_now() - start);
    fflush(stdout);
  }

  snprintf(path, sizeof path, "%s/shakespeare_gpt.safetensors", s->out);
  if (bp_save(ctx, path, net.count, names, net.w)) return failed(ctx, "saving");
  printf("weights    %s\n", path);
  snprintf(path, sizeof path, "%s/shakespeare_gpt.txt", s->out);
  f = fopen(path, "w");
  if (!f) {
    fprintf(stderr, "shakespeare_gpt: cannot write %s\n", path);
    return 1;
  }
  gpt_write(ctx, &net, t, s->quick ? 100 : 1000, f);
  fclose(f);
  printf("sample     %s\n", path);
  printf("time       %.1f s\n", seconds_now() - start);
  printf("test loss  %.4f (%.3f bits a letter)\n", tested, tested / log(2));
  bp_scheduler_destroy(schedule);
  bp_scheduler_destroy(parts[0]);
  bp_scheduler_destroy(parts[1]);
  bp_optimizer_destroy(optimizer);
  for (int i = 0; i < net.count; i++) bp_release(net.w[i]);
  return bp_context_status(ctx) ? failed(ctx, "tidying up") : 0;
}

static int read_settings(settings *s, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--quick")) { s->quick = 1; s->steps = 40; continue; }
    if (value && !strcmp(argv[i], "--data")) s->data = value;
    else if (value && !strcmp(argv[i], "--out")) s->out = value;
    else if (value && !strcmp(argv[i], "--steps")) s->steps = atoi(value);
    else if (value && !strcmp(argv[i], "--threads")) s->threads = atoi(value);
    else { s->steps = 0; break; }
    i++;
  }
  if (s->steps >= 1 && s->threads >= 0) return 0;
  fprintf(stderr, "usage: shakespeare_gpt [--data FILE] [--out DIRECTORY] [--steps N] [--threads N] [--quick]\n");
  return 2;
}

int main(int argc, char **argv) {
  settings s = {"examples/data/shakespeare.txt", ".", 2000, 0, 0};
  bp_context_options options = BP_CONTEXT_OPTIONS_INIT;
  text t;
  bp_context *ctx;
  int status = read_settings(&s, argc, argv);
  if (status) return status;
  if (text_read(&t, s.data)) return 1;
  options.num_threads = s.threads;
  options.seed = 7;
  ctx = bp_context_create(&options);
  status = ctx ? run(ctx, &s, &t) : failed(NULL, "starting");
  bp_context_destroy(ctx);
  free(t.numbers);
  return status;
}
