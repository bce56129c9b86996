/* ---------------------------------------------------------------------------------------------------------------
 * Layers: norms, dropout, attention, recurrence
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *run_layer_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, shape, n);
  TENSOR_OR_NULL(2, w);
  TENSOR_OR_NULL(3, b);
  DOUBLE_OR(4, eps, 1e-5);
  return wrap(bp_layer_norm(x, n, shape, w, b, eps));
}

static PyObject *run_rms_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, shape, n);
  TENSOR_OR_NULL(2, w);
  DOUBLE_OR(3, eps, bp_dtype_of(x) == BP_FLOAT64 ? DBL_EPSILON : FLT_EPSILON);
  return wrap(bp_rms_norm(x, n, shape, w, eps));
}

/* Whether a channel has one value only, of which there is no variance: a ValueError, as in PyTorch. first: the first dimension that is averaged over. */
static int single_value(const Row *r, bp_tensor *x, int32_t first) {
  int64_t n = bp_ndim(x) > 1;
  for (int32_t d = first; d < bp_ndim(x); d++) n *= d == 1 ? 1 : bp_dim(x, d);
  if (n != 1) return 0;
  PyErr_Format(PyExc_ValueError, "%s: needs more than one value per channel, the input has %lld channels and nothing else", r->name, (long long)bp_dim(x, 1));
  return 1;
}

static PyObject *run_batch_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR_OR_NULL(1, mean);
  TENSOR_OR_NULL(2, variance);
  TENSOR_OR_NULL(3, w);
  TENSOR_OR_NULL(4, b);
  TRUTH_OR(5, training, 0);
  DOUBLE_OR(6, momentum, 0.1);
  DOUBLE_OR(7, eps, 1e-5);
  if (training && single_value(r, x, 0)) return NULL;
  return wrap(bp_batch_norm(x, mean, variance, w, b, training, momentum, eps));
}

static PyObject *run_group_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, groups, 1);
  TENSOR_OR_NULL(2, w);
  TENSOR_OR_NULL(3, b);
  DOUBLE_OR(4, eps, 1e-5);
  return wrap(bp_group_norm(x, groups, w, b, eps));
}

static PyObject *run_instance_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR_OR_NULL(1, mean);
  TENSOR_OR_NULL(2, variance);
  TENSOR_OR_NULL(3, w);
  TENSOR_OR_NULL(4, b);
  TRUTH_OR(5, use_input_stats, 1);
  DOUBLE_OR(6, momentum, 0.1);
  DOUBLE_OR(7, eps, 1e-5);
  if (use_input_stats && single_value(r, x, 2)) return NULL;
  return wrap(bp_instance_norm(x, mean, variance, w, b, use_input_stats, momentum, eps));
}

static PyObject *run_local_response_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, size);
  DOUBLE_OR(2, alpha, 1e-4);
  DOUBLE_OR(3, beta, 0.75);
  DOUBLE_OR(4, k, 1);
  return wrap(bp_local_response_norm(x, size, alpha, beta, k));
}

/* Dropout of all kinds; g: not training unless that is said. */
typedef bp_tensor *(*Dropout)(const bp_tensor *, double, int32_t);
static PyObject *run_dropout(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(1, p, 0.5);
  TRUTH_OR(2, training, r->g == NULL);
  TRUTH_OR(3, inplace, 0);
  return placed(v[0], ((Dropout)r->f)(x, p, training), inplace);
}

/* padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse of both lookups. */
static int embedding_options(const Row *r, PyObject **v, int64_t *padding, double *max_norm, double *norm_type, int32_t *scale) {
  PyObject *o;
  int sparse = truth(named(r, v, "sparse"), 0);
  if (sparse < 0 || (!absent(o = named(r, v, "padding_idx")) && as_int64(r->name, "padding_idx", o, padding)) ||
      (!absent(o = named(r, v, "max_norm")) && as_double(r->name, "max_norm", o, max_norm)) ||
      (!absent(o = named(r, v, "norm_type")) && as_double(r->name, "norm_type", o, norm_type)) ||
      (*scale = truth(named(r, v, "scale_grad_by_freq"), 0)) < 0)
    return -1;
  if (sparse) PyErr_Format(PyExc_ValueError, "%s: sparse gradients are not there", r->name);
  else if (*max_norm == 0 && !absent(named(r, v, "max_norm"))) PyErr_Format(PyExc_ValueError, "%s: max_norm must be greater than 0, it is 0", r->name);
  else return 0;
  return -1;
}

static PyObject *run_embedding(const Row *r, PyObject **v) {
  bp_embedding_options o = BP_EMBEDDING_OPTIONS_INIT;
  TENSOR(0, indices);
  TENSOR(1, weight);
  if (embedding_options(r, v, &o.padding_idx, &o.max_norm, &o.norm_type, &o.scale_grad_by_freq)) return NULL;
  return wrap(bp_embedding_with(indices, weight, &o));
}

static PyObject *run_embedding_bag(const Row *r, PyObject **v) {
  static const char *const modes[] = {"sum", "mean", "max"};
  bp_embedding_bag_options o = BP_EMBEDDING_BAG_OPTIONS_INIT;
  TENSOR(0, indices);
  TENSOR(1, weight);
  TENSOR_OR_NULL(2, offsets);
  TENSOR_OR_NULL(8, per_sample);
  TRUTH_OR(9, last, 0);
  if (embedding_options(r, v, &o.padding_idx, &o.max_norm, &o.norm_type, &o.scale_grad_by_freq)) return NULL;
  if (v[6]) {
    o.mode = -1;
    for (int i = 0; PyUnicode_Check(v[6]) && i < 3; i++)
      if (!PyUnicode_CompareWithASCIIString(v[6], modes[i])) o.mode = i;
    if (o.mode < 0) return PyErr_Format(PyExc_ValueError, "%s(): mode has to be one of sum, mean or max, got %R", r->name, v[6]);
  }
  o.per_sample_weights = per_sample;
  o.include_last_offset = last;
  if (dtype_table[bp_dtype_of(indices) & 7].floating && !dtype_table[bp_dtype_of(weight) & 7].floating) { /* the order of long ago, as PyTorch */
    bp_tensor *swapped = indices;
    indices = weight;
    weight = swapped;
  }
  return wrap(bp_embedding_bag(indices, weight, offsets, &o));
}

static PyObject *run_rotary_embedding(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR_OR_NULL(1, positions);
  DOUBLE_OR(2, base, 10000);
  INT_OR(3, size, BP_NONE);
  TRUTH_OR(4, interleaved, 0);
  return wrap(bp_rotary_embedding(x, positions, base, size, interleaved));
}

static PyObject *run_attention(const Row *r, PyObject **v) {
  bp_attention_options o = BP_ATTENTION_OPTIONS_INIT;
  TENSOR(0, query);
  TENSOR(1, key);
  TENSOR(2, value);
  TENSOR_OR_NULL(3, mask);
  DOUBLE_OR(4, dropout, 0);
  TRUTH_OR(5, causal, 0);
  DOUBLE_OR(6, scale, 0);
  TRUTH_OR(7, grouped, 0);
  o.dropout_p = dropout;
  o.is_causal = causal;
  o.scale = scale;
  o.has_scale = !absent(v[6]);
  o.enable_gqa = grouped;
  return wrap(bp_scaled_dot_product_attention(query, key, value, mask, &o));
}

/* _lstm: (input, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, reverse) → (states, last h, last c); the others without c */
typedef bp_tensor *(*Layer)(const bp_tensor *, const bp_tensor *, const bp_recurrent_weights *, int32_t, bp_tensor **);
static PyObject *run_recurrent(const Row *r, PyObject **v) {
  bp_recurrent_weights w = BP_RECURRENT_WEIGHTS_INIT;
  bp_tensor *c0 = NULL, *h = NULL, *c = NULL;
  int lstm = r->f == NULL, at = lstm ? 3 : 2;
  TENSOR(0, x);
  TENSOR_OR_NULL(1, h0);
  if (lstm && !absent(v[2]) && !(c0 = tensor_argument(r->name, NAME(2), v[2]))) return NULL;
  TENSOR(at, w_ih);
  TENSOR(at + 1, w_hh);
  TENSOR_OR_NULL(at + 2, b_ih);
  TENSOR_OR_NULL(at + 3, b_hh);
  TRUTH_OR(at + 4, reverse, 0);
  w.weight_ih = w_ih;
  w.weight_hh = w_hh;
  w.bias_ih = b_ih;
  w.bias_hh = b_hh;
  bp_tensor *states = WORK(lstm ? bp_lstm(x, h0, c0, &w, reverse, &h, &c) : ((Layer)r->f)(x, h0, &w, reverse, &h));
  if (!states) return fail();
  PyObject *a = wrap(states), *b = wrap(h), *d = lstm ? wrap(c) : NULL, *result = NULL;
  if (a && b && (d || !lstm)) result = lstm ? PyTuple_Pack(3, a, b, d) : PyTuple_Pack(2, a, b);
  Py_XDECREF(a);
  Py_XDECREF(b);
  Py_XDECREF(d);
  return result;
}

#define DROPS "\nValueError for p outside 0 … 1. inplace=True writes into input."
#define OPERATIONS_NETWORKS(OP) \
  OP(layer_norm, layer_norm, P, run_layer_norm, NULL, NULL, "(input, normalized_shape, weight=None, bias=None, eps=1e-5)" \
     DOC("(x − μ)/√(σ² + eps)·weight + bias, μ and σ² (biased) over the last dimensions, whose sizes are normalized_shape; weight\n" \
         "and bias in that shape or None (Ba et al. 2016).\n\n" \
         "    >>> backprop.nn.functional.layer_norm(backprop.tensor([1., 2., 3.]), (3,))\n" \
         "    tensor([-1.2247,  0.0000,  1.2247])")) \
  OP(rms_norm, rms_norm, P, run_rms_norm, NULL, NULL, "(input, normalized_shape, weight=None, eps=None)" \
     DOC("x/√(mean x² + eps)·weight over the last dimensions, whose sizes are normalized_shape; weight in that shape or None; eps\n" \
         "None: the machine epsilon of the type.")) \
  OP(batch_norm, batch_norm, P, run_batch_norm, NULL, NULL, "(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5)" \
     DOC("(x − μ)/√(σ² + eps)·weight + bias for each channel of input [N, C, …]; weight, bias [C] or None (Ioffe and Szegedy\n" \
         "2015).\n\n" \
         "training: μ, σ² (biased) of the batch (ValueError for one value per channel); running_mean, running_var [C], unless\n" \
         "None, move in place towards them: r ← (1 − momentum)·r + momentum·μ (the unbiased σ² for running_var). Otherwise μ, σ²\n" \
         "are running_mean, running_var.")) \
  OP(group_norm, group_norm, P, run_group_norm, NULL, NULL, "(input, num_groups, weight=None, bias=None, eps=1e-5)" \
     DOC("(x − μ)/√(σ² + eps)·weight + bias, μ and σ² over each of num_groups equal parts of a sample's channels: input [N, C, …],\n" \
         "weight, bias [C] or None (Wu and He 2018).")) \
  OP(instance_norm, instance_norm, P, run_instance_norm, NULL, NULL, "(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5)" \
     DOC("group_norm() with a group for each channel of input [N, C, …]; use_input_stats=False takes running_mean and running_var\n" \
         "instead, which otherwise, unless None, move towards the means over the samples.")) \
  OP(local_response_norm, local_response_norm, P, run_local_response_norm, NULL, NULL, "(input, size, alpha=0.0001, beta=0.75, k=1.0)" \
     DOC("x/(k + alpha·m)^beta, m the mean of x² over `size` neighbouring channels, zeros beyond the ends: input [N, C, …]\n" \
         "(Krizhevsky et al. 2012).")) \
  OP(dropout, dropout, P, run_dropout, bp_dropout, NULL, "(input, p=0.5, training=True, inplace=False)" \
     DOC("In training each element is 0 with probability p, the others are multiplied by 1/(1 − p); otherwise input itself\n" \
         "(Srivastava et al. 2014)." DROPS)) \
  OP(dropout1d, dropout1d, P, run_dropout, bp_dropout1d, NULL, "(input, p=0.5, training=True, inplace=False)" \
     DOC("dropout() of whole channels: input [N, C, L] or [C, L]." DROPS)) \
  OP(dropout2d, dropout2d, P, run_dropout, bp_dropout2d, NULL, "(input, p=0.5, training=True, inplace=False)" \
     DOC("dropout() of whole channels: input [N, C, H, W], or [N, C, L] as a batch." DROPS)) \
  OP(dropout3d, dropout3d, P, run_dropout, bp_dropout3d, NULL, "(input, p=0.5, training=True, inplace=False)" \
     DOC("dropout() of whole channels: input [N, C, D, H, W] or [C, D, H, W]." DROPS)) \
  OP(alpha_dropout, alpha_dropout, P, run_dropout, bp_alpha_dropout, bp_alpha_dropout, "(input, p=0.5, training=False, inplace=False)" \
     DOC("Dropout for selu(): dropped elements get its lower limit, and the whole is scaled and moved so that mean 0 and variance\n" \
         "1 stay (Klambauer et al. 2017).")) \
  OP(feature_alpha_dropout, feature_alpha_dropout, P, run_dropout, bp_feature_alpha_dropout, bp_alpha_dropout, "(input, p=0.5, training=False, inplace=False)" \
     DOC("alpha_dropout() of whole channels: input [N, C, …].")) \
  OP(scaled_dot_product_attention, scaled_dot_product_attention, P, run_attention, NULL, NULL, "(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False)" \
     DOC("softmax(scale·query·keyᵀ + mask)·value: query [.., L, E], key [.., S, E], value [.., S, Ev] → [.., L, Ev] (Vaswani et\n" \
         "al. 2017).\n\n" \
         "scale None: 1/√E. attn_mask: bool (True: the key counts) or numbers added to the scores, broadcast to [.., L, S].\n" \
         "is_causal: query i sees keys 0 … i; not together with attn_mask. A query without keys gets zeros. dropout_p drops\n" \
         "weights always: pass 0 when not training. enable_gqa: key and value have fewer heads (dimension −3), each for a group of\n" \
         "neighbouring query heads. The table of scores is never held as a whole.")) \
  OP(lstm, _lstm, P, run_recurrent, NULL, NULL, "(input, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)" \
     DOC("One LSTM layer in one direction, from step to step: the tuple (states [T, B, H], last h, last c); see nn.LSTM.")) \
  OP(gru, _gru, P, run_recurrent, bp_gru, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)" \
     DOC("One GRU layer in one direction, from step to step: the tuple (states [T, B, H], last h); see nn.GRU.")) \
  OP(rnn_tanh, _rnn_tanh, P, run_recurrent, bp_rnn_tanh, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)" \
     DOC("One layer h' = tanh(W·x + b + W'·h + b') in one direction: the tuple (states [T, B, H], last h); see nn.RNN.")) \
  OP(rnn_relu, _rnn_relu, P, run_recurrent, bp_rnn_relu, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)" \
     DOC("One layer h' = max(W·x + b + W'·h + b', 0) in one direction: the tuple (states [T, B, H], last h); see nn.RNN.")) \
  OP(embedding, embedding, P, run_embedding, NULL, NULL, "(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False)" \
     DOC("Rows of weight [V, E] at the indices input (int64 or int32, any shape) → [.., E].\n\n" \
         "Row padding_idx gets no gradient. max_norm: rows that are looked up are first shortened to this norm (of order\n" \
         "norm_type), in weight itself. scale_grad_by_freq divides a row's gradient by how often it is looked up. IndexError for\n" \
         "an index out of range; sparse=True is a ValueError.\n\n" \
         "    >>> backprop.nn.functional.embedding(backprop.tensor([2, 0]), backprop.tensor([[1., 1.], [2., 2.], [3., 3.]]))\n" \
         "    tensor([[3., 3.],\n" \
         "            [1., 1.]])")) \
  OP(embedding_bag, embedding_bag, P, run_embedding_bag, NULL, NULL, "(input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode='mean', sparse=False, per_sample_weights=None, " "include_last_offset=False, padding_idx=None)" \
     DOC("Sums, means or maxima (mode 'sum', 'mean', 'max') of rows of weight [V, E] → [bags, E].\n\n" \
         "Each row of input [N, K] is a bag, or input is a list [K] and offsets say where in it each bag begins: 0 first, rising\n" \
         "(include_last_offset: the last is the end). An empty bag gives zeros. per_sample_weights: factors in input's shape, for\n" \
         "mode 'sum'. Row padding_idx counts nothing; the rest as in embedding().")) \
  OP(rotary_embedding, rotary_embedding, P, run_rotary_embedding, NULL, NULL, "(input, positions=None, base=10000.0, rotary_dim=None, interleaved=False)" \
     DOC("Rotary position embedding (Su et al. 2021) of input [.., T, E]: pair i of the last dimension's first rotary_dim elements\n" \
         "(None: all; even) is turned by φ = position·base^(−2i/rotary_dim).\n\n" \
         "A pair is (i, i + rotary_dim/2), or with interleaved (2i, 2i + 1). positions None: 0 … T − 1; else numbers that stretch\n" \
         "to [.., T]. Not in PyTorch."))
