/* Modules: networks from text, their names, files, modes and errors; initialisers. */
#include "check.h"
#include <unistd.h>

static char path[64];

static int described(bp_context *ctx, const char *text, const char *wanted) {
  char got[2048];
  bp_module *m = bp_module_create(ctx, text), *again;
  int64_t n = bp_module_describe(m, got, sizeof got);
  if (!m || n != (int64_t)strlen(wanted) || strcmp(got, wanted)) {
    printf("# %s\n# shows: %s\n# not:   %s\n# %s\n", text, m ? got : "NULL", wanted, bp_context_message(ctx));
    bp_context_clear(ctx);
    bp_module_destroy(m);
    return 0;
  }
  again = bp_module_create(ctx, got);
  n = bp_module_describe(again, got, sizeof got);
  check(again && !strcmp(got, wanted));
  check(bp_module_describe(m, NULL, 0) == n);
  check(bp_module_describe(m, got, 4) == n && strlen(got) == 3);
  bp_module_destroy(m);
  bp_module_destroy(again);
  return 1;
}

static void texts_of_modules(bp_context *ctx) {
  begin("a network is what the text says, and shows itself as in PyTorch");
  check(described(ctx, "Linear(3,4)", "Linear(in_features=3, out_features=4, bias=True)"));
  check(described(ctx, " torch.nn.Linear( in_features = 3 ,out_features=4, bias=False ) ", "Linear(in_features=3, out_features=4, bias=False)"));
  check(described(ctx, "Conv2d(1, 6, 5, padding=2)", "Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))"));
  check(described(ctx, "Conv2d(4, 8, (3, 5), stride=2, groups=2, bias=False)",
                  "Conv2d(4, 8, kernel_size=(3, 5), stride=(2, 2), groups=2, bias=False)"));
  check(described(ctx, "Conv1d(4, 8, 3, padding='same')", "Conv1d(4, 8, kernel_size=(3,), stride=(1,), padding=same)"));
  check(described(ctx, "BatchNorm2d(6)", "BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"));
  check(described(ctx, "LayerNorm([2, 3], eps=1e-12)", "LayerNorm((2, 3), eps=1e-12, elementwise_affine=True, bias=True)"));
  check(described(ctx, "MaxPool2d(2)", "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"));
  check(described(ctx, "LSTM(3, 4, num_layers=2, bidirectional=True)", "LSTM(3, 4, num_layers=2, bidirectional=True)"));
  check(described(ctx, "RNNCell(3, 4, nonlinearity=\"relu\")", "RNNCell(3, 4, nonlinearity=relu)"));
  check(described(ctx, "Dropout(p=0.25)", "Dropout(p=0.25, inplace=False)"));
  check(described(ctx, "Softplus(2, 123456789.5)", "Softplus(beta=2, threshold=123456789.5)"));
  check(described(ctx, "Hardtanh(-1e22, 1.5e300)", "Hardtanh(min_val=-1e+22, max_val=1.5e+300)"));
  check(described(ctx, "Identity(5, x=True, y=Linear(1, 1))", "Identity()"));
  check(described(ctx, "Sequential(fc=Linear(2, 3), act=ReLU())",
                  "Sequential(\n  (fc): Linear(in_features=2, out_features=3, bias=True)\n  (act): ReLU()\n)"));
  check(described(ctx, "ModuleList([Tanh(), Sequential((a): GELU(approximate='tanh'))])",
                  "ModuleList(\n  (0): Tanh()\n  (1): Sequential(\n    (a): GELU(approximate='tanh')\n  )\n)"));
  check(described(ctx, "ModuleList(Tanh(), Tanh(), Tanh(), Linear(1, 1), Tanh())",
                  "ModuleList(\n  (0-2): 3 x Tanh()\n  (3): Linear(in_features=1, out_features=1, bias=True)\n  (4): Tanh()\n)"));
  check(described(ctx, "ModuleDict({'x': Sigmoid(), \"y\": ReLU6()})", "ModuleDict(\n  (x): Sigmoid()\n  (y): ReLU6()\n)"));
  check(described(ctx, "Sequential()", "Sequential()"));
  no_error(ctx);
  begin("what is wrong in a text is named, with its place");
  check(refuses(bp_module_create(ctx, NULL), BP_E_ARGUMENT, "NULL"));
  check(refuses(bp_module_create(ctx, ""), BP_E_ARGUMENT, "character 1"));
  check(refuses(bp_module_create(ctx, "Lineal(3, 4)"), BP_E_ARGUMENT, "'Lineal'"));
  check(refuses(bp_module_create(ctx, "Linear"), BP_E_ARGUMENT, "'('"));
  check(refuses(bp_module_create(ctx, "Linear(3)"), BP_E_ARGUMENT, "'out_features'"));
  check(refuses(bp_module_create(ctx, "Linear(3, 4"), BP_E_ARGUMENT, "character 12"));
  check(refuses(bp_module_create(ctx, "Linear(3, 4) 5"), BP_E_ARGUMENT, "character 14"));
  check(refuses(bp_module_create(ctx, "Linear(3, 4, in_features=3)"), BP_E_ARGUMENT, "'in_features' is given twice"));
  check(refuses(bp_module_create(ctx, "Linear(3, out_features=4, True)"), BP_E_ARGUMENT, "without a name"));
  check(refuses(bp_module_create(ctx, "Linear(3, 4, True, None, None, 6)"), BP_E_ARGUMENT, "takes 5 options"));
  check(refuses(bp_module_create(ctx, "Linear(3, 4, weight=1)"), BP_E_ARGUMENT, "'weight'"));
  check(refuses(bp_module_create(ctx, "Linear(3, -4)"), BP_E_ARGUMENT, "-4 (character 11)"));
  check(refuses(bp_module_create(ctx, "Linear(3, 4.5)"), BP_E_ARGUMENT, "4.5"));
  check(refuses(bp_module_create(ctx, "Linear(3, 4, bias='x')"), BP_E_ARGUMENT, "'bias' must be True or False, it is 'x'"));
  check(refuses(bp_module_create(ctx, "Linear(99999999999999999999, 4)"), BP_E_ARGUMENT, "too large"));
  check(refuses(bp_module_create(ctx, "Linear(9007199254740992, 9007199254740992)"), BP_E_SHAPE, "more bytes than can be counted"));
  check(refuses(bp_module_create(ctx, "Conv2d(3, 4, 3, groups=2)"), BP_E_ARGUMENT, "groups 2"));
  check(refuses(bp_module_create(ctx, "Conv2d(3, 4, (1, 2, 3))"), BP_E_ARGUMENT, "'kernel_size'"));
  check(refuses(bp_module_create(ctx, "Dropout(2)"), BP_E_ARGUMENT, "between 0 and 1"));
  check(refuses(bp_module_create(ctx, "Sequential(ReLU(), 5)"), BP_E_ARGUMENT, "character 20"));
  check(refuses(bp_module_create(ctx, "Sequential(a=ReLU(), a=ReLU())"), BP_E_ARGUMENT, "named 'a"));
  check(refuses(bp_module_create(ctx, "Softmax(dim=Linear(1, 1)"), BP_E_ARGUMENT, "','"));
  check(refuses(bp_module_create(ctx, "MSELoss(reduction='most')"), BP_E_ARGUMENT, "'most'"));
  {
    char deep[2000] = "";
    int i;
    for (i = 0; i < 100; i++) strcat(deep, "Sequential(");
    check(refuses(bp_module_create(ctx, deep), BP_E_ARGUMENT, "64 modules"));
  }
  begin("no bytes crash the reader");
  {
    static const char *const seeds[] = {"Sequential(Conv2d(1, 6, (5, 5), padding='same'), ReLU(), (x): Flatten(-1, 2.5e-3))",
                                        "TransformerEncoder(TransformerEncoderLayer(8, 2, 16, activation='gelu'), 2, LayerNorm(8))",
                                        "ModuleDict({'a': LSTM(2, 3, bias=False), 'b': ModuleList([Linear(1, 1), None, True])})"};
    static const char letters[] = "()[]{}=,:.'\"-+0159eE \n_aTNLinear\x01\xff";
    unsigned state = 1;
    int round, made = 0;
    for (round = 0; round < 20000; round++) {
      char text[200];
      bp_module *m;
      int k, changes;
      strcpy(text, seeds[round % 3]);
      state = state * 1664525u + 1013904223u;
      changes = (int)(state >> 28) + 1;
      for (k = 0; k < changes; k++) {
        state = state * 1664525u + 1013904223u;
        text[(state >> 8) % strlen(seeds[round % 3])] = letters[(state >> 20) % (sizeof letters - 1)];
      }
      if (round % 5 == 0) text[(state >> 12) % strlen(text)] = 0;
      m = bp_module_create(ctx, text);
      made += m != NULL;
      check(m ? bp_context_status(ctx) == BP_OK : bp_context_status(ctx) != BP_OK && *bp_context_message(ctx));
      bp_module_destroy(m);
      bp_context_clear(ctx);
    }
    check(made > 0 && made < round);
    check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  }
}

static void networks(bp_context *ctx) {
  bp_module *net, *m, *child;
  bp_tensor *x, *y, *w, *outputs[3] = {NULL, NULL, NULL}, *inputs[3];
  bp_optimizer *opt;
  double first = 0, last = 0;
  int i;
  begin("names, numbers and values as in state_dict");
  net = bp_module_create(ctx, "Sequential(Linear(2, 3), BatchNorm1d(3), Linear(3, 1, bias=False))");
  check(bp_module_parameter_count(net) == 5 && bp_module_state_count(net) == 8);
  check(!strcmp(bp_module_parameter_name(net, 0), "0.weight") && !strcmp(bp_module_parameter_name(net, 4), "2.weight"));
  check(!strcmp(bp_module_state_name(net, 4), "1.running_mean") && !strcmp(bp_module_state_name(net, 6), "1.num_batches_tracked"));
  w = keep(bp_module_parameter(net, 0));
  check(bp_dim(w, 0) == 3 && bp_dim(w, 1) == 2 && bp_requires_grad(w) && bp_is_leaf(w));
  check(keep(bp_module_get(net, "0.weight")) == w && keep(bp_module_state(net, 0)) == w);
  expect(keep(bp_module_get(net, "1.running_var")), "3", "1 1 1");
  check(refuses(bp_module_get(net, "0.weigh"), BP_E_ARGUMENT, "'0.weigh'") && refuses(bp_module_get(net, "0."), BP_E_ARGUMENT, "'0.'"));
  check(refuses(bp_module_get(net, "0"), BP_E_ARGUMENT, "'0'") && refuses(bp_module_child(net, "3"), BP_E_ARGUMENT, "'3'"));
  check(refuses(bp_module_parameter(net, 5), BP_E_INDEX, "has 5") && refuses(bp_module_parameter(net, -1), BP_E_INDEX, "-1"));
  check(refuses(bp_module_state_name(net, 8), BP_E_INDEX, "has 8"));
  begin("forward, training and evaluation");
  x = floats(ctx, "4 2", "0 1 1 0 2 2 3 5");
  y = keep(bp_module_forward(net, x));
  check(bp_dim(y, 0) == 4 && bp_dim(y, 1) == 1 && bp_module_is_training(net) == 1);
  expect(keep(bp_module_get(net, "1.num_batches_tracked")), "", "1");
  check(bp_module_train(net, 0) == BP_OK && bp_module_is_training(bp_module_child(net, "1")) == 0);
  y = keep(bp_module_forward(net, x));
  expect(keep(bp_module_get(net, "1.num_batches_tracked")), "", "1");
  check(refuses(bp_module_forward(net, floats(ctx, "2 3", "1 2 3 4 5 6")), BP_E_SHAPE, "linear"));
  check(bp_module_zero_grad(net) == BP_OK && bp_module_requires_grad_(net, 0) == BP_OK && !bp_requires_grad(w));
  check(bp_module_requires_grad_(net, 1) == BP_OK && bp_requires_grad(w));
  begin("another type, in place");
  check(bp_module_to(net, BP_FLOAT64) == BP_OK && bp_dtype_of(w) == BP_FLOAT64 && bp_dtype_of(keep(bp_module_get(net, "1.running_mean"))) == BP_FLOAT64);
  check(bp_dtype_of(keep(bp_module_get(net, "1.num_batches_tracked"))) == BP_INT64);
  check(refuses_status(bp_module_to(net, BP_FLOAT16), BP_E_DTYPE, "float16"));
  y = bp_sum(keep(bp_module_forward(net, tensor(ctx, BP_FLOAT64, "2 2", "1 2 3 4"))));
  check(bp_module_to(net, BP_FLOAT32) == BP_OK);
  check(refuses_status(bp_backward(y), BP_E_GRAPH, "changed in place"));
  bp_release(y);
  bp_module_destroy(net);
  check(bp_module_forward(net, x) == NULL && bp_context_status(ctx) == BP_E_HANDLE);
  bp_context_clear(ctx);
  bp_module_destroy(net);
  no_error(ctx);

  begin("a network learns");
  net = bp_module_create(ctx, "Sequential(Linear(2, 8), Tanh(), Linear(8, 1))");
  opt = bp_adam_create(ctx, NULL);
  bp_optimizer_set_lr(opt, 0.05);
  check(bp_optimizer_add_module(opt, net) == BP_OK);
  check(refuses_status(bp_optimizer_add_module(opt, net), BP_E_ARGUMENT, "added before"));
  for (i = 0; i < 200; i++) {
    bp_tensor *loss;
    bp_scope_push(ctx);
    loss = bp_mse_loss(bp_module_forward(net, floats(ctx, "4 2", "0 0 0 1 1 0 1 1")), floats(ctx, "4 1", "0 1 1 0"), BP_REDUCTION_MEAN);
    bp_module_zero_grad(net);
    bp_backward(loss);
    bp_optimizer_step(opt);
    *(i ? &last : &first) = bp_item(loss);
    bp_scope_pop(ctx);
    release_texts();
  }
  check(first > 0.05 && last < 0.01);
  bp_optimizer_destroy(opt);
  bp_module_destroy(net);

  begin("several inputs and results");
  m = bp_module_create(ctx, "LSTM(2, 3, num_layers=2, bidirectional=True)");
  inputs[0] = floats(ctx, "4 1 2", "1 2 3 4 5 6 7 8");
  inputs[1] = inputs[2] = NULL;
  check(bp_module_call(m, 1, inputs, 3, outputs) == BP_OK && outputs[0] && outputs[1] && outputs[2]);
  check(bp_dim(outputs[0], 2) == 6 && bp_dim(outputs[1], 0) == 4 && bp_dim(outputs[2], 2) == 3);
  inputs[1] = outputs[1], inputs[2] = outputs[2];
  y = outputs[0];
  check(bp_module_call(m, 3, inputs, 1, outputs) == BP_OK && outputs[0]);
  bp_release(outputs[0]), bp_release(y), bp_release(inputs[1]), bp_release(inputs[2]);
  check(refuses_status(bp_module_call(m, 1, inputs, 4, outputs), BP_E_ARGUMENT, "gives 3 results"));
  check(refuses_status(bp_module_call(m, 4, inputs, 1, outputs), BP_E_HANDLE, "live tensor"));
  check(refuses_status(bp_module_call(m, 1, inputs, 0, outputs), BP_E_ARGUMENT, "at least one"));
  check(refuses_status(bp_module_call(m, 9, inputs, 1, outputs), BP_E_ARGUMENT, "9 inputs"));
  inputs[0] = NULL;
  check(refuses_status(bp_module_call(m, 1, inputs, 1, outputs), BP_E_ARGUMENT, "missing"));
  bp_module_destroy(m);
  release_texts();

  begin("modules put together by hand, weights tied");
  net = bp_module_create(ctx, "Module(first=Linear(2, 2), rest=ModuleList(ReLU()))");
  child = bp_module_create(ctx, "Linear(2, 2)");
  check(bp_module_add(net, "second", child) == BP_OK && bp_module_child(net, "second") == child);
  check(bp_module_parameter_count(net) == 4);
  w = bp_module_get(net, "first.weight");
  check(bp_module_add_parameter(child, "weight", w) == BP_OK);
  check(bp_module_parameter_count(net) == 3 && bp_module_state_count(net) == 4);
  check(bp_module_add(bp_module_child(net, "rest"), "1", child) == BP_OK && bp_module_state_count(net) == 6);
  bp_release(w);
  check(refuses(bp_module_forward(net, floats(ctx, "1 2", "1 2")), BP_E_ARGUMENT, "no forward"));
  check(refuses_status(bp_module_add(child, "x", net), BP_E_ARGUMENT, "part of itself"));
  check(refuses_status(bp_module_add(net, "a.b", child), BP_E_ARGUMENT, "dot"));
  check(refuses_status(bp_module_add(child, "weight", child), BP_E_ARGUMENT, "part of itself"));
  check(refuses_status(bp_module_add_buffer(child, "bias", floats(ctx, "1", "1"), 1), BP_E_ARGUMENT, "taken"));
  check(refuses_status(bp_module_add_parameter(child, "y", integers(ctx, "1", "1")), BP_E_DTYPE, "int64"));
  check(bp_module_add_buffer(net, "scale", floats(ctx, "1", "2"), 1) == BP_OK && bp_module_state_count(net) == 7);
  check(bp_module_add_buffer(net, "scale", floats(ctx, "1", "2"), 0) == BP_OK && bp_module_state_count(net) == 6);
  expect(keep(bp_module_get(net, "scale")), "1", "2");
  bp_module_destroy(child);
  check(bp_context_status(ctx) == BP_E_HANDLE);
  bp_context_clear(ctx);
  bp_module_destroy(net);
  check(bp_module_state_count(child) == -1 && bp_context_status(ctx) == BP_E_HANDLE);
  bp_context_clear(ctx);
  release_texts();
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
}

static void files(bp_context *ctx) {
  static const char *const names[2] = {"weight", "bia"};
  bp_module *a = bp_module_create(ctx, "Linear(2, 2)"), *b = bp_module_create(ctx, "Linear(2, 2)"), *c = bp_module_create(ctx, "Linear(2, 3)");
  bp_tensor *x = floats(ctx, "1 2", "1 -1"), *pair[2];
  float was[2], is[2];
  begin("saved and loaded");
  check(bp_module_save(a, path) == BP_OK && bp_module_load(b, path, 1) == BP_OK);
  bp_read(keep(bp_module_forward(a, x)), was, sizeof was);
  bp_read(keep(bp_module_forward(b, x)), is, sizeof is);
  check(was[0] == is[0] && was[1] == is[1]);
  check(refuses_status(bp_module_load(c, path, 1), BP_E_SHAPE, "'weight'"));
  bp_module_destroy(c);
  c = bp_module_create(ctx, "Linear(2, 2, dtype=float64)");
  check(bp_module_load(c, path, 1) == BP_OK && bp_dtype_of(keep(bp_module_get(c, "weight"))) == BP_FLOAT64);
  pair[0] = floats(ctx, "2 2", "1 2 3 4");
  pair[1] = floats(ctx, "2", "1 2");
  bp_save(ctx, path, 2, names, pair);
  check(refuses_status(bp_module_load(b, path, 1), BP_E_ARGUMENT, "missing: bias; unexpected: bia"));
  bp_read(keep(bp_module_forward(b, x)), is, sizeof is);
  check(was[0] == is[0] && was[1] == is[1]);
  check(bp_module_load(b, path, 0) == BP_OK);
  expect(keep(bp_module_get(b, "weight")), "2 2", "1 2 3 4");
  check(refuses_status(bp_module_load(b, "nowhere/at.all", 1), BP_E_IO, "nowhere"));
  remove(path);
  bp_module_destroy(a);
  bp_module_destroy(b);
  bp_module_destroy(c);
  release_texts();
}

static void initialisers(bp_context *ctx) {
  bp_tensor *t = floats(ctx, "3 4", "0 0 0 0 0 0 0 0 0 0 0 0"), *q;
  double low = 1, high = -1;
  int64_t shape[2] = {50, 40};
  int i;
  begin("initialisers");
  check(bp_init_eye_(t) == BP_OK && expect(t, "3 4", "1 0 0 0 0 1 0 0 0 0 1 0"));
  check(bp_init_constant_(t, 7) == BP_OK && bp_item(keep(bp_mean(t))) == 7);
  check(bp_init_orthogonal_(t, 2) == BP_OK);
  expect(keep(bp_matmul(t, keep(bp_transpose(t, 0, 1)))), "3 3", "4 0 0 0 4 0 0 0 4");
  q = floats(ctx, "2 1 3", "0 0 0 0 0 0");
  check(bp_init_dirac_(q, 2) == BP_OK && expect(q, "2 1 3", "0 1 0 0 1 0"));
  q = keep(bp_tensor_create(ctx, BP_FLOAT64, 2, shape, NULL));
  check(bp_init_uniform_(q, 2, 3) == BP_OK && bp_item(keep(bp_min(q))) >= 2 && bp_item(keep(bp_max(q))) < 3);
  check(bp_init_normal_(q, 5, .1) == BP_OK && near(bp_item(keep(bp_mean(q))), 5, .01));
  check(bp_init_trunc_normal_(q, 0, 1, -.5, 2) == BP_OK && bp_item(keep(bp_min(q))) >= -.5 && bp_item(keep(bp_max(q))) <= 2);
  check(bp_init_xavier_uniform_(q, 1) == BP_OK && bp_item(keep(bp_max(q))) <= sqrt(6. / 90) && bp_item(keep(bp_max(q))) > .9 * sqrt(6. / 90));
  check(bp_init_xavier_normal_(q, 1) == BP_OK && near(bp_item(keep(bp_var(q, 0))), 2. / 90, .002));
  check(bp_init_kaiming_uniform_(q, 0, BP_FAN_IN, "relu") == BP_OK && bp_item(keep(bp_max(q))) <= sqrt(6. / 40));
  check(bp_init_kaiming_normal_(q, 0, BP_FAN_OUT, "linear") == BP_OK && near(bp_item(keep(bp_var(q, 0))), 1. / 50, .003));
  check(bp_init_sparse_(q, .3, .01) == BP_OK);
  for (i = 0; i < 40; i++) {
    bp_tensor *zeros = keep(bp_sum(keep(bp_to(keep(bp_eq(keep(bp_select(q, 1, i)), keep(bp_number(ctx, 0)))), BP_INT64))));
    double n = bp_item(zeros);
    low = i && low < n ? low : n;
    high = i && high > n ? high : n;
  }
  check(low == 15 && high == 15);
  check(near(bp_calculate_gain("relu", NAN), sqrt(2), 1e-12) && bp_calculate_gain("conv2d", NAN) == 1 && isnan(bp_calculate_gain("nonsense", 1)));
  check(near(bp_calculate_gain("leaky_relu", 2), sqrt(.4), 1e-12) && isnan(bp_calculate_gain(NULL, 1)));
  check(refuses_status(bp_init_xavier_uniform_(floats(ctx, "2", "1 2"), 1), BP_E_SHAPE, "two dimensions"));
  check(refuses_status(bp_init_kaiming_normal_(t, 0, 2, "relu"), BP_E_ARGUMENT, "mode 2"));
  check(refuses_status(bp_init_kaiming_normal_(t, 0, 0, "gelu"), BP_E_ARGUMENT, "'gelu'"));
  check(refuses_status(bp_init_uniform_(t, 2, 1), BP_E_ARGUMENT, "2 and 1") && refuses_status(bp_init_uniform_(t, NAN, 1), BP_E_ARGUMENT, "nan"));
  check(refuses_status(bp_init_normal_(integers(ctx, "1", "1"), 0, 1), BP_E_DTYPE, "int64"));
  check(refuses_status(bp_init_dirac_(q, 1), BP_E_SHAPE, "[50, 40]") && bp_init_eye_(NULL) == BP_E_HANDLE);
  bp_context_clear(ctx);
  release_texts();
}

static void every_kind(bp_context *ctx) {
  int i, n = 0;
  (void)ctx;
  begin("the table of kinds");
  for (i = 0; bp_module_signature(i); i++) {
    check(strchr(bp_module_signature(i), '(') != NULL);
    n += !strncmp(bp_module_signature(i), "Linear(in_features, out_features, bias=True", 43);
  }
  check(n == 1 && i > 40 && !bp_module_signature(-1));
}

static void handles(bp_context *ctx) {
  bp_context *elsewhere = bp_context_create(NULL);
  bp_module *foreign = bp_module_create(elsewhere, "Linear(1, 1)"), *m = bp_module_create(ctx, "Linear(1, 1)"), *bad[3];
  bp_tensor *x = floats(ctx, "1 1", "1"), *there = bp_scalar(elsewhere, 1), *out = NULL;
  bp_optimizer *opt = bp_sgd_create(ctx, NULL);
  int i;
  begin("handles that are NULL, stale, garbage or of another context");
  bad[0] = NULL;
  bad[1] = (bp_module *)x;
  bad[2] = bp_module_create(ctx, "ReLU()");
  bp_module_destroy(bad[2]);
  for (i = 0; i < 3; i++) {
    bp_module *b = bad[i];
    check(!bp_module_forward(b, x) && bp_module_call(b, 1, &x, 1, &out) == BP_E_HANDLE && bp_module_train(b, 1) == BP_E_HANDLE);
    check(bp_module_is_training(b) == -1 && bp_module_to(b, BP_FLOAT64) == BP_E_HANDLE && bp_module_requires_grad_(b, 1) == BP_E_HANDLE);
    check(bp_module_zero_grad(b) == BP_E_HANDLE && bp_optimizer_add_module(opt, b) == BP_E_HANDLE && bp_module_parameter_count(b) == -1);
    check(!bp_module_parameter(b, 0) && !bp_module_parameter_name(b, 0) && bp_module_state_count(b) == -1 && !bp_module_state(b, 0));
    check(!bp_module_state_name(b, 0) && !bp_module_get(b, "weight") && !bp_module_child(b, "0") && bp_module_add(b, "0", m) == BP_E_HANDLE);
    check(bp_module_add(m, "0", b) == BP_E_HANDLE && bp_module_add_parameter(b, "w", x) == BP_E_HANDLE);
    check(bp_module_add_buffer(b, "w", x, 1) == BP_E_HANDLE && bp_module_save(b, path) == BP_E_HANDLE && bp_module_load(b, path, 1) == BP_E_HANDLE);
    check(bp_module_describe(b, NULL, 0) == -1);
    bp_module_destroy(b);
  }
  bp_context_clear(ctx);
  check(refuses(bp_module_forward(m, there), BP_E_HANDLE, "another context"));
  check(refuses(bp_module_forward(m, NULL), BP_E_HANDLE, "NULL"));
  check(refuses_status(bp_module_add(m, "0", foreign), BP_E_HANDLE, "another context"));
  check(refuses_status(bp_module_add_buffer(m, "0", there, 1), BP_E_HANDLE, "another context"));
  check(refuses_status(bp_optimizer_add_module(opt, foreign), BP_E_HANDLE, "another context"));
  check(refuses(bp_module_get(m, NULL), BP_E_ARGUMENT, "NULL") && refuses_status(bp_module_save(m, NULL), BP_E_ARGUMENT, "NULL"));
  check(!bp_module_create(NULL, "ReLU()"));
  bp_context_destroy(elsewhere);
  check(!bp_module_forward(foreign, x));
  bp_context_clear(ctx);
  bp_module_destroy(foreign);
  bp_module_destroy(m);
  bp_optimizer_destroy(opt);
  release_texts();
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  snprintf(path, sizeof path, "test_modules.%d.safetensors", (int)getpid());
  texts_of_modules(ctx);
  networks(ctx);
  files(ctx);
  initialisers(ctx);
  every_kind(ctx);
  handles(ctx);
  bp_context_destroy(ctx);
  return finish();
}
