/* ---------------------------------------------------------------------------------------------------------------
 * Losses
 * ------------------------------------------------------------------------------------------------------------- */

static int as_reduction(const char *function, PyObject *o, bp_reduction *out) {
  static const char *const names[] = {"none", "mean", "sum", "batchmean"};
  *out = BP_REDUCTION_MEAN;
  if (absent(o)) return 0;
  for (bp_reduction i = 0; PyUnicode_Check(o) && i < (strcmp(function, "kl_div") ? 3 : 4); i++)
    if (!PyUnicode_CompareWithASCIIString(o, names[i])) return *out = i, 0;
  PyErr_Format(PyExc_ValueError, "%s(): reduction must be 'none', 'mean' or 'sum', got %R", function, o);
  return -1;
}

/* The argument of that name, NULL if it was not given or the signature has none. */
static PyObject *named(const Row *r, PyObject **v, const char *name) {
  for (int i = 0; i < r->count; i++)
    if (!PyUnicode_CompareWithASCIIString(r->parameters[i], name)) return v[i];
  return NULL;
}

/* reduction, or what stood for it long ago: size_average and reduce, True where only the other is given. */
static int loss_reduction(const Row *r, PyObject **v, bp_reduction *out) {
  PyObject *size_average = named(r, v, "size_average"), *reduce = named(r, v, "reduce");
  if (!absent(size_average) || !absent(reduce)) {
    int mean = absent(size_average) ? 1 : PyObject_IsTrue(size_average), any = mean < 0 ? -1 : absent(reduce) ? 1 : PyObject_IsTrue(reduce);
    *out = !any ? BP_REDUCTION_NONE : mean ? BP_REDUCTION_MEAN : BP_REDUCTION_SUM;
    return mean < 0 || any < 0 ? -1 : 0;
  }
  return as_reduction(r->name, named(r, v, "reduction"), out);
}
#define REDUCTION(x) bp_reduction x; if (loss_reduction(r, v, &x)) return NULL
#define NAMED_TENSOR(word, t) bp_tensor *t = NULL; { PyObject *o = named(r, v, word); if (!absent(o) && !(t = tensor_argument(r->name, word, o))) return NULL; }
#define NAMED_DOUBLE(word, x, otherwise) double x = otherwise; { PyObject *o = named(r, v, word); if (!absent(o) && as_double(r->name, word, o, &x)) return NULL; }
#define NAMED_TRUTH(word, x, otherwise) int x = truth(named(r, v, word), otherwise); if (x < 0) return NULL
#define NAMED_INT(word, x, otherwise) int64_t x = otherwise; { PyObject *o = named(r, v, word); if (!absent(o) && as_int64(r->name, word, o, &x)) return NULL; }

typedef bp_tensor *(*Loss)(const bp_tensor *, const bp_tensor *, bp_reduction);
static PyObject *run_loss(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  REDUCTION(reduction);
  return wrap(((Loss)r->f)(x, target, reduction));
}

typedef bp_tensor *(*WeightedLoss)(const bp_tensor *, const bp_tensor *, const bp_tensor *, bp_reduction);
static PyObject *run_weighted_loss(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  NAMED_TENSOR("weight", weight);
  REDUCTION(reduction);
  return wrap(((WeightedLoss)r->f)(x, target, weight, reduction));
}

/* smooth_l1_loss (beta), hinge_embedding_loss (margin): both are 1 by default */
typedef bp_tensor *(*NumberLoss)(const bp_tensor *, const bp_tensor *, double, bp_reduction);
static PyObject *run_number_loss(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  NAMED_DOUBLE("beta", beta, 1);
  NAMED_DOUBLE("margin", margin, beta);
  REDUCTION(reduction);
  return wrap(((NumberLoss)r->f)(x, target, margin, reduction));
}

static PyObject *run_huber_loss(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  NAMED_DOUBLE("delta", delta, 1);
  NAMED_TENSOR("weight", weight);
  REDUCTION(reduction);
  return wrap(bp_huber_loss(x, target, weight, delta, reduction));
}

/* margin_ranking_loss, cosine_embedding_loss */
typedef bp_tensor *(*TwoLoss)(const bp_tensor *, const bp_tensor *, const bp_tensor *, double, bp_reduction);
static PyObject *run_two_loss(const Row *r, PyObject **v) {
  TENSOR(0, a);
  TENSOR(1, b);
  TENSOR(2, target);
  DOUBLE_OR(3, margin, 0);
  REDUCTION(reduction);
  return wrap(((TwoLoss)r->f)(a, b, target, margin, reduction));
}

static PyObject *run_kl_div(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  NAMED_TRUTH("log_target", log_target, 0);
  REDUCTION(reduction);
  return wrap(bp_kl_div(x, target, log_target, reduction));
}

static PyObject *run_gaussian_nll_loss(const Row *r, PyObject **v) {
  bp_tensor *number;
  TENSOR(0, x);
  TENSOR(1, target);
  NAMED_TRUTH("full", full, 0);
  NAMED_DOUBLE("eps", eps, 1e-6);
  REDUCTION(reduction);
  bp_tensor *var = operand_beside(r->name, "var", v[2], x, &number);
  bp_tensor *given = var && number ? bp_to(number, bp_dtype_of(x)) : var; /* an integer's variance is floating as well */
  bp_tensor *loss = given ? bp_gaussian_nll_loss(x, target, given, full, eps, reduction) : NULL;
  if (given && number) drop(given);
  if (number) drop(number);
  return var ? wrap(loss) : NULL;
}

static PyObject *run_poisson_nll_loss(const Row *r, PyObject **v) {
  bp_poisson_nll_options o = BP_POISSON_NLL_OPTIONS_INIT;
  TENSOR(0, x);
  TENSOR(1, target);
  NAMED_TRUTH("log_input", log_input, 1);
  NAMED_TRUTH("full", full, 0);
  NAMED_DOUBLE("eps", eps, 1e-8);
  REDUCTION(reduction);
  o.log_input = log_input;
  o.full = full;
  o.eps = eps;
  o.reduction = reduction;
  return wrap(bp_poisson_nll_loss(x, target, &o));
}

static PyObject *run_triplet_margin_loss(const Row *r, PyObject **v) {
  bp_triplet_margin_options o = BP_TRIPLET_MARGIN_OPTIONS_INIT;
  TENSOR(0, anchor);
  TENSOR(1, positive);
  TENSOR(2, negative);
  DOUBLE_OR(3, margin, 1);
  DOUBLE_OR(4, p, 2);
  DOUBLE_OR(5, eps, 1e-6);
  TRUTH_OR(6, swap, 0);
  REDUCTION(reduction);
  o.margin = margin;
  o.p = p;
  o.eps = eps;
  o.swap = swap;
  o.reduction = reduction;
  return wrap(bp_triplet_margin_loss(anchor, positive, negative, &o));
}

static PyObject *run_multi_margin_loss(const Row *r, PyObject **v) {
  bp_multi_margin_options o = BP_MULTI_MARGIN_OPTIONS_INIT;
  TENSOR(0, x);
  TENSOR(1, target);
  INT_OR(2, p, 1);
  DOUBLE_OR(3, margin, 1);
  TENSOR_OR_NULL(4, weight);
  REDUCTION(reduction);
  o.p = p == 1 || p == 2 ? (int32_t)p : 0;
  o.margin = margin;
  o.weight = weight;
  o.reduction = reduction;
  return wrap(bp_multi_margin_loss(x, target, &o));
}

/* Lengths are a tensor or a sequence of ints. */
static PyObject *run_ctc_loss(const Row *r, PyObject **v) {
  bp_tensor *lengths[2], *own[2] = {NULL, NULL}, *loss = NULL;
  TENSOR(0, x);
  TENSOR(1, targets);
  INT_OR(4, blank, 0);
  REDUCTION(reduction);
  TRUTH_OR(6, zero, 0);
  int bad = 0;
  for (int i = 0; i < 2 && !bad; i++) {
    if (is_tensor(v[2 + i])) lengths[i] = HANDLE(v[2 + i]);
    else lengths[i] = own[i] = from_anything(v[2 + i], BP_INT64);
    bad = !lengths[i];
  }
  if (!bad) loss = WORK(bp_ctc_loss(x, targets, lengths[0], lengths[1], blank, reduction, zero));
  for (int i = 0; i < 2; i++)
    if (own[i]) bp_release(own[i]);
  return bad ? PyErr_Occurred() ? NULL : fail() : wrap(loss);
}

/* cross_entropy, nll_loss */
typedef bp_tensor *(*LabelLoss)(const bp_tensor *, const bp_tensor *, const bp_cross_entropy_options *);
static PyObject *run_label_loss(const Row *r, PyObject **v) {
  bp_cross_entropy_options o = BP_CROSS_ENTROPY_OPTIONS_INIT;
  TENSOR(0, x);
  TENSOR(1, target);
  TENSOR_OR_NULL(2, weight);
  NAMED_INT("ignore_index", ignore, -100);
  NAMED_DOUBLE("label_smoothing", smoothing, 0);
  REDUCTION(reduction);
  o.ignore_index = ignore;
  o.reduction = reduction;
  o.weight = weight;
  o.label_smoothing = smoothing;
  return wrap(((LabelLoss)r->f)(x, target, &o));
}

static PyObject *run_bce_with_logits(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  TENSOR_OR_NULL(2, weight);
  NAMED_TENSOR("pos_weight", positive);
  REDUCTION(reduction);
  return wrap(bp_binary_cross_entropy_with_logits(x, target, weight, positive, reduction));
}

#define LEGACY "size_average=None, reduce=None, reduction='mean'"
#define REDUCTION_TEXT "\n\nreduction: 'mean' (default), 'sum', or 'none': one number for each."
#define OPERATIONS_LOSSES(OP) \
  OP(mse_loss, mse_loss, P, run_weighted_loss, bp_mse_loss_weighted, NULL, "(input, target, " LEGACY ", weight=None)" \
     DOC("(input − target)², both broadcast; weight: factors in input's shape, by whose sum the mean then divides." REDUCTION_TEXT "\n\n" \
         "    >>> backprop.nn.functional.mse_loss(backprop.tensor([1., 2.]), backprop.tensor([1., 4.]))\n" \
         "    tensor(2.)")) \
  OP(l1_loss, l1_loss, P, run_weighted_loss, bp_l1_loss, NULL, "(input, target, " LEGACY ", weight=None)" \
     DOC("|input − target|, both broadcast; the gradient at 0 is 0. weight: factors in input's shape, by whose sum the mean then\n" \
         "divides." REDUCTION_TEXT)) \
  OP(huber_loss, huber_loss, P, run_huber_loss, NULL, NULL, "(input, target, reduction='mean', delta=1.0, weight=None)" \
     DOC("½d² up to |d| = delta, delta·(|d| − delta/2) beyond, d = input − target: quadratic near 0, straight outside (Huber\n" \
         "1964)." REDUCTION_TEXT)) \
  OP(smooth_l1_loss, smooth_l1_loss, P, run_number_loss, bp_smooth_l1_loss, NULL, "(input, target, " LEGACY ", beta=1.0)" \
     DOC("½d²/beta up to |d| = beta, |d| − beta/2 beyond, d = input − target; beta 0 is l1_loss()." REDUCTION_TEXT)) \
  OP(cross_entropy, cross_entropy, P, run_label_loss, bp_cross_entropy, NULL, "(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', label_smoothing=0.0)" \
     DOC("−ln softmax(input)[target]: input scores (logits) [N, C], [C] or [N, C, d1, …], target labels (int64 or int32) of that\n" \
         "shape without C, or probabilities in input's shape.\n\n" \
         "weight [C]: factors of the classes; the mean divides by the weights of the labels that count. Labels equal to\n" \
         "ignore_index are left out. label_smoothing 0 … 1 mixes the target with the uniform distribution. IndexError for a label\n" \
         "out of range." REDUCTION_TEXT "\n\n" \
         "    >>> backprop.nn.functional.cross_entropy(backprop.zeros(1, 4), backprop.tensor([2]))\n" \
         "    tensor(1.3863)")) \
  OP(nll_loss, nll_loss, P, run_label_loss, bp_nll_loss, NULL, "(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean')" \
     DOC("−input[target] of log probabilities, such as log_softmax() gives: input [N, C], [C] or [N, C, d1, …], target labels of\n" \
         "that shape without C; weight and ignore_index as in cross_entropy()." REDUCTION_TEXT)) \
  OP(bce, binary_cross_entropy, P, run_weighted_loss, bp_binary_cross_entropy, NULL, "(input, target, weight=None, " LEGACY ")" \
     DOC("−[t·ln x + (1 − t)·ln(1 − x)]·weight of probabilities x = input, t = target of one shape, both 0 … 1; logarithms count\n" \
         "as no less than −100." REDUCTION_TEXT)) \
  OP(bce_with_logits, binary_cross_entropy_with_logits, P, run_bce_with_logits, NULL, NULL, "(input, target, weight=None, " LEGACY ", pos_weight=None)" \
     DOC("−[pos_weight·t·ln σ(x) + (1 − t)·ln(1 − σ(x))]·weight, x = input before the sigmoid, without overflow; t = target 0 … 1;\n" \
         "weight, pos_weight broadcast." REDUCTION_TEXT "\n\n" \
         "    >>> backprop.nn.functional.binary_cross_entropy_with_logits(backprop.tensor([0.]), backprop.tensor([1.]))\n" \
         "    tensor(0.6931)")) \
  OP(kl_div, kl_div, P, run_kl_div, NULL, NULL, "(input, target, " LEGACY ", log_target=False)" \
     DOC("t·(ln t − x) of log probabilities x = input and probabilities t = target (log_target: their logarithms too).\n\n" \
         "reduction: 'batchmean' (the mathematical one: the sum divided by the batch), 'mean', 'sum' or 'none'.")) \
  OP(gaussian_nll_loss, gaussian_nll_loss, P, run_gaussian_nll_loss, NULL, NULL, "(input, target, var, full=False, eps=1e-6, reduction='mean')" \
     DOC("½(ln v + (input − target)²/v), v = max(var, eps); full adds ½·ln 2π. var: not negative (ValueError), in input's shape,\n" \
         "without its last dimension, or stretching to it." REDUCTION_TEXT)) \
  OP(poisson_nll_loss, poisson_nll_loss, P, run_poisson_nll_loss, NULL, NULL, "(input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction='mean')" \
     DOC("e^x − t·x of x = input, t = target; log_input=False: x − t·ln(x + eps). full adds Stirling's approximation of ln t!\n" \
         "where t > 1." REDUCTION_TEXT)) \
  OP(soft_margin_loss, soft_margin_loss, P, run_loss, bp_soft_margin_loss, NULL, "(input, target, " LEGACY ")" \
     DOC("ln(1 + e^(−t·x)) of x = input, t = target 1 or −1." REDUCTION_TEXT)) \
  OP(hinge_embedding_loss, hinge_embedding_loss, P, run_number_loss, bp_hinge_embedding_loss, NULL, "(input, target, margin=1.0, " LEGACY ")" \
     DOC("x where t = 1, max(0, margin − x) where t = −1; x = input, t = target." REDUCTION_TEXT)) \
  OP(margin_ranking_loss, margin_ranking_loss, P, run_two_loss, bp_margin_ranking_loss, NULL, "(input1, input2, target, margin=0, " LEGACY ")" \
     DOC("max(0, −t·(input1 − input2) + margin), t = target 1: input1 should be larger, −1: input2." REDUCTION_TEXT)) \
  OP(cosine_embedding_loss, cosine_embedding_loss, P, run_two_loss, bp_cosine_embedding_loss, NULL, "(input1, input2, target, margin=0, " LEGACY ")" \
     DOC("1 − cos where t = 1, max(0, cos − margin) where t = −1, cos the cosine of input1 and input2 [N, D], t = target [N]; or\n" \
         "[D] and []." REDUCTION_TEXT)) \
  OP(triplet_margin_loss, triplet_margin_loss, P, run_triplet_margin_loss, NULL, NULL, "(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, " LEGACY ")" \
     DOC("max(0, margin + ‖anchor − positive‖ − ‖anchor − negative‖), norms of order p along the last dimension (eps is added to\n" \
         "each difference); swap: the negative's distance from anchor or positive, whichever is smaller." REDUCTION_TEXT)) \
  OP(multi_margin_loss, multi_margin_loss, P, run_multi_margin_loss, NULL, NULL, "(input, target, p=1, margin=1.0, weight=None, " LEGACY ")" \
     DOC("weight[y]·Σ max(0, margin − x[y] + x[j])^p / C over the classes j ≠ y, x = input scores [N, C] or [C], y = target\n" \
         "labels; p 1 or 2." REDUCTION_TEXT)) \
  OP(multilabel_margin_loss, multilabel_margin_loss, P, run_loss, bp_multilabel_margin_loss, NULL, "(input, target, " LEGACY ")" \
     DOC("Σ max(0, 1 − x[y] + x[j]) / C over the labels y of a sample and the classes j that are none of them; target in input's\n" \
         "shape: a sample's labels, ended by −1." REDUCTION_TEXT)) \
  OP(multilabel_soft_margin_loss, multilabel_soft_margin_loss, P, run_weighted_loss, bp_multilabel_soft_margin_loss, NULL, "(input, target, weight=None, " LEGACY ")" \
     DOC("The mean over the last dimension of −[t·ln σ(x) + (1 − t)·ln(1 − σ(x))]·weight, x = input, t = target 0 or 1." REDUCTION_TEXT)) \
  OP(ctc_loss, ctc_loss, P, run_ctc_loss, NULL, NULL, "(log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False)" \
     DOC("−ln of the probability that a path over T steps, freed of repetitions and then of blanks, reads the target (Graves et\n" \
         "al. 2006).\n\n" \
         "log_probs [T, N, C], or [T, C] for one sample, from log_softmax(). targets: labels [N, S], or all one after another in\n" \
         "one dimension; input_lengths, target_lengths: tuples or tensors of N numbers. The mean first divides each loss by its\n" \
         "target's length. A target that no path can read has the loss ∞; zero_infinity makes that 0, its gradient too." REDUCTION_TEXT))
