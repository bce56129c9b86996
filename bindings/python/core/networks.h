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

static PyObject *run_batch_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR_OR_NULL(1, mean);
  TENSOR_OR_NULL(2, variance);
  TENSOR_OR_NULL(3, w);
  TENSOR_OR_NULL(4, b);
  TRUTH_OR(5, training, 0);
  DOUBLE_OR(6, momentum, 0.1);
  DOUBLE_OR(7, eps, 1e-5);
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

static PyObject *run_dropout(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(1, p, 0.5);
  TRUTH_OR(2, training, 1);
  return wrap(bp_dropout(x, p, training));
}

static PyObject *run_embedding(const Row *r, PyObject **v) {
  TENSOR(0, indices);
  TENSOR(1, weight);
  INT_OR(2, padding, BP_NONE);
  if (!absent(v[2]) && padding < 0) padding += bp_dim(weight, 0);
  return wrap(bp_embedding(indices, weight, padding));
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
  bp_tensor *states = lstm ? bp_lstm(x, h0, c0, &w, reverse, &h, &c) : ((Layer)r->f)(x, h0, &w, reverse, &h);
  if (!states) return fail();
  PyObject *a = wrap(states), *b = wrap(h), *d = lstm ? wrap(c) : NULL, *result = NULL;
  if (a && b && (d || !lstm)) result = lstm ? PyTuple_Pack(3, a, b, d) : PyTuple_Pack(2, a, b);
  Py_XDECREF(a);
  Py_XDECREF(b);
  Py_XDECREF(d);
  return result;
}

#define OPERATIONS_NETWORKS(OP) \
  OP(layer_norm, layer_norm, P, run_layer_norm, NULL, NULL, "(input, normalized_shape, weight=None, bias=None, eps=1e-5)") \
  OP(rms_norm, rms_norm, P, run_rms_norm, NULL, NULL, "(input, normalized_shape, weight=None, eps=None)") \
  OP(batch_norm, batch_norm, P, run_batch_norm, NULL, NULL, \
     "(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5)") \
  OP(group_norm, group_norm, P, run_group_norm, NULL, NULL, "(input, num_groups, weight=None, bias=None, eps=1e-5)") \
  OP(dropout, dropout, P, run_dropout, NULL, NULL, "(input, p=0.5, training=True, inplace=False)") \
  OP(scaled_dot_product_attention, scaled_dot_product_attention, P, run_attention, NULL, NULL, \
     "(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False)") \
  OP(lstm, _lstm, P, run_recurrent, NULL, NULL, "(input, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)") \
  OP(gru, _gru, P, run_recurrent, bp_gru, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)") \
  OP(rnn_tanh, _rnn_tanh, P, run_recurrent, bp_rnn_tanh, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)") \
  OP(rnn_relu, _rnn_relu, P, run_recurrent, bp_rnn_relu, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)") \
  OP(embedding, embedding, P, run_embedding, NULL, NULL, "(input, weight, padding_idx=None)")
