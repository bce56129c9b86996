/* ---------------------------------------------------------------------------------------------------------------
 * Order and running sums
 * ------------------------------------------------------------------------------------------------------------- */

/* cummax, cummin: (input, dim) */
static PyObject *run_cummax(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  bp_tensor *where = NULL, *values = WORK(((bp_tensor * (*)(const bp_tensor *, int64_t, bp_tensor **)) r->f)(x, dim, &where));
  return pair(r->name, values, where);
}

/* sort, argsort: (input, dim=-1, descending=False, stable=False) */
static PyObject *run_sort(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, dim, -1);
  TRUTH_OR(2, descending, 0);
  TRUTH_OR(3, stable, 0);
  if (r->name[0] == 'a') return wrap(bp_argsort(x, dim, descending, stable));
  bp_tensor *where = NULL, *values = WORK(bp_sort(x, dim, descending, stable, &where));
  return pair(r->name, values, where);
}

static PyObject *run_topk(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, k);
  INT_OR(2, dim, -1);
  TRUTH_OR(3, largest, 1);
  TRUTH_OR(4, sorted, 1);
  bp_tensor *where = NULL, *values = WORK(bp_topk(x, k, dim, largest, sorted, &where));
  return pair(r->name, values, where);
}

static PyObject *run_kthvalue(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, k);
  INT_OR(2, dim, -1);
  TRUTH_OR(3, keepdim, 0);
  bp_tensor *where = NULL, *values = WORK(bp_kthvalue(x, k, dim, keepdim, &where));
  return pair(r->name, values, where);
}

/* unique(input, sorted, return_inverse, return_counts, dim), unique_consecutive the same without sorted; along a dimension: Python */
static PyObject *run_unique(const Row *r, PyObject **v) {
  int at = r->count - 3, consecutive = r->count == 4;
  TENSOR(0, x);
  TRUTH_OR(at, inverse, 0);
  TRUTH_OR(at + 1, counts, 0);
  if (!absent(v[at + 2])) {
    PyObject *module = PyImport_ImportModule("backprop._composed_reductions");
    PyObject *result = module ? PyObject_CallMethod(module, "_unique_along", "OOiii", v[0], v[at + 2], consecutive, inverse, counts) : NULL;
    Py_XDECREF(module);
    return result;
  }
  bp_tensor *which = NULL, *many = NULL;
  bp_tensor *values = (consecutive ? bp_unique_consecutive : bp_unique)(x, inverse ? &which : NULL, counts ? &many : NULL);
  if (!inverse && !counts) return wrap(values);
  if (!values) return fail();
  PyObject *all = PyTuple_New(1 + inverse + counts);
  bp_tensor *results[] = {values, inverse ? which : many, many};
  for (int i = 0; i < 1 + inverse + counts; i++) {
    PyObject *one = wrap(results[i]);
    if (!all || !one || PyTuple_SetItem(all, i, one)) Py_CLEAR(all);
  }
  return all;
}

static PyObject *run_bernoulli(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(1, p, 0);
  if (absent(v[1])) return wrap(bp_bernoulli(x));
  bp_tensor *chances = bp_full_like(x, p), *result = chances ? bp_bernoulli(chances) : NULL;
  if (chances) drop(chances);
  return wrap(result);
}

static PyObject *run_multinomial(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, samples);
  TRUTH_OR(2, replacement, 0);
  return wrap(bp_multinomial(x, samples, replacement));
}

#define OPERATIONS_SORTING(OP) \
  OP(cumsum, cumsum, FMI, run_cumsum, bp_cumsum, NULL, "(input, dim, *, dtype=None)" \
     DOC("The sum of all elements up to here along dim, in input's shape; int64 of whole numbers and bools.\n\n" \
         "    >>> backprop.cumsum(backprop.tensor([1, 2, 3]), 0)\n" \
         "    tensor([1, 3, 6])")) \
  OP(cumprod, cumprod, FMI, run_cumsum, bp_cumprod, NULL, "(input, dim, *, dtype=None)" \
     DOC("The product of all elements up to here along dim, in input's shape; int64 of whole numbers and bools. The gradient is\n" \
         "exact where elements are 0.\n\n" \
         "    >>> backprop.cumprod(backprop.tensor([1, 2, 3]), 0)\n" \
         "    tensor([1, 2, 6])")) \
  OP(logcumsumexp, logcumsumexp, FM, run_cumsum, bp_logcumsumexp, NULL, "(input, dim)" DOC("ln Σ e^x over all elements up to here along dim, without overflow.")) \
  OP(cummax, cummax, FM, run_cummax, bp_cummax, NULL, "(input, dim)" \
     DOC("The pair (values, indices) of the largest element up to here along dim; of equals the last. A NaN stays.")) \
  OP(cummin, cummin, FM, run_cummax, bp_cummin, NULL, "(input, dim)" \
     DOC("The pair (values, indices) of the smallest element up to here along dim; of equals the last. A NaN stays.")) \
  OP(sort, sort, FM, run_sort, NULL, NULL, "(input, dim=-1, descending=False, stable=False)" \
     DOC("The pair (values, indices) sorted along dim, NaN as the largest; indices say where each came from. Equals always keep\n" \
         "their order, whatever stable says. The gradient goes back to where the elements came from.\n\n" \
         "    >>> backprop.tensor([3, 1, 2]).sort().values\n" \
         "    tensor([1, 2, 3])")) \
  OP(argsort, argsort, FM, run_sort, NULL, NULL, "(input, dim=-1, descending=False, stable=False)" DOC("The indices of sort(): input.gather(dim, them) is sorted.")) \
  OP(msort, msort, FM, run_unary, bp_msort, NULL, "(input)" DOC("The values of sort() along dimension 0.")) \
  OP(topk, topk, FM, run_topk, NULL, NULL, "(input, k, dim=None, largest=True, sorted=True)" \
     DOC("The pair (values, indices) of the k largest (largest=False: smallest) elements along dim (None: the last), best first\n" \
         "whatever sorted says. IndexError if k is more than there are.\n\n" \
         "    >>> backprop.tensor([3., 9., 7.]).topk(2).indices\n" \
         "    tensor([1, 2])")) \
  OP(kthvalue, kthvalue, FM, run_kthvalue, NULL, NULL, "(input, k, dim=None, keepdim=False)" \
     DOC("The pair (values, indices) of the k-th smallest element along dim (None: the last), k from 1.")) \
  OP(mode, mode, FM, run_max, NULL, bp_mode, "(input, dim=-1, keepdim=False)" \
     DOC("The pair (values, indices) of the most frequent element along dim; of several the smallest.")) \
  OP(median, median, FM, run_max, bp_median, bp_median_dim, "(input, dim=None, keepdim=False)" \
     DOC("The middle element, of two the lower; NaN if there is one. median(input): of all, [], equals sharing the gradient;\n" \
         "median(input, dim): a pair (values, indices) along dim.\n\n" \
         "    >>> backprop.tensor([1., 5., 2., 4.]).median()\n" \
         "    tensor(2.)")) \
  OP(nanmedian, nanmedian, FM, run_max, bp_nanmedian, bp_nanmedian_dim, "(input, dim=None, keepdim=False)" DOC("median() of what is not NaN.")) \
  OP(unique, unique, FM, run_unique, NULL, NULL, "(input, sorted=True, return_inverse=False, return_counts=False, dim=None)" \
     DOC("The different elements, sorted (whatever sorted says), in one dimension; with dim the different slices along it.\n" \
         "return_inverse adds, in input's shape, which of them each element is; return_counts how often each occurs: then a tuple.\n" \
         "Every NaN is different. No gradient.\n\n" \
         "    >>> backprop.tensor([3, 1, 3]).unique(return_counts=True)\n" \
         "    (tensor([1, 3]), tensor([1, 2]))")) \
  OP(unique_consecutive, unique_consecutive, FM, run_unique, NULL, NULL, "(input, return_inverse=False, return_counts=False, dim=None)" \
     DOC("The elements with runs of equals made one, in one dimension; with dim: slices along it. return_inverse, return_counts as\n" \
         "in unique(). No gradient.")) \
  OP(bernoulli, bernoulli, FM, run_bernoulli, NULL, NULL, "(input, p=None, *, generator=None)" \
     DOC("1 with the probability that each element names (0 … 1; ValueError otherwise), else 0, in input's type; p: this\n" \
         "probability for every element instead. No gradient.")) \
  OP(multinomial, multinomial, FM, run_multinomial, NULL, NULL, "(input, num_samples, replacement=False, *, generator=None)" \
     DOC("num_samples indices, int64, of each row of weights input, [n] or [rows, n], drawn in proportion to them: finite, not\n" \
         "negative, with a sum above 0. Without replacement no index comes twice, and at least num_samples weights must be above\n" \
         "0."))
