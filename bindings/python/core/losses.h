/* ---------------------------------------------------------------------------------------------------------------
 * Losses
 * ------------------------------------------------------------------------------------------------------------- */

static int as_reduction(const char *function, PyObject *o, bp_reduction *out) {
  static const char *const names[] = {"none", "mean", "sum"};
  *out = BP_REDUCTION_MEAN;
  if (absent(o)) return 0;
  for (bp_reduction i = 0; PyUnicode_Check(o) && i < 3; i++)
    if (!PyUnicode_CompareWithASCIIString(o, names[i])) return *out = i, 0;
  PyErr_Format(PyExc_ValueError, "%s(): reduction must be 'none', 'mean' or 'sum', got %R", function, o);
  return -1;
}
#define REDUCTION(i, x) bp_reduction x; if (as_reduction(r->name, v[i], &x)) return NULL

static PyObject *run_mse_loss(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  REDUCTION(2, reduction);
  return wrap(bp_mse_loss(x, target, reduction));
}

static PyObject *run_cross_entropy(const Row *r, PyObject **v) {
  bp_cross_entropy_options o = BP_CROSS_ENTROPY_OPTIONS_INIT;
  TENSOR(0, x);
  TENSOR(1, target);
  TENSOR_OR_NULL(2, weight);
  INT_OR(3, ignore, -100);
  REDUCTION(4, reduction);
  o.ignore_index = ignore;
  o.reduction = reduction;
  o.weight = weight;
  if (r->count == 5) return wrap(bp_nll_loss(x, target, &o));
  DOUBLE_OR(5, smoothing, 0);
  o.label_smoothing = smoothing;
  return wrap(bp_cross_entropy(x, target, &o));
}

static PyObject *run_bce(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  TENSOR_OR_NULL(2, weight);
  REDUCTION(3, reduction);
  TENSOR_OR_NULL(4, positive);
  return wrap(bp_binary_cross_entropy_with_logits(x, target, weight, positive, reduction));
}

#define OPERATIONS_LOSSES(OP) \
  OP(mse_loss, mse_loss, P, run_mse_loss, NULL, NULL, "(input, target, reduction='mean')") \
  OP(cross_entropy, cross_entropy, P, run_cross_entropy, NULL, NULL, \
     "(input, target, weight=None, ignore_index=-100, reduction='mean', label_smoothing=0.0)") \
  OP(nll_loss, nll_loss, P, run_cross_entropy, NULL, NULL, "(input, target, weight=None, ignore_index=-100, reduction='mean')") \
  OP(bce, binary_cross_entropy_with_logits, P, run_bce, NULL, NULL, "(input, target, weight=None, reduction='mean', pos_weight=None)")
