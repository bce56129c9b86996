/* ---------------------------------------------------------------------------------------------------------------
 * The Tensor type
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *get_shape(PyObject *self, void *unused) { (void)unused; return size_of(HANDLE(self)); }
static PyObject *get_ndim(PyObject *self, void *unused) { (void)unused; return PyLong_FromLong(bp_ndim(HANDLE(self))); }
static PyObject *get_data(PyObject *self, void *unused) { (void)unused; return wrap(bp_detach(HANDLE(self))); }
static PyObject *get_requires_grad(PyObject *self, void *unused) { (void)unused; return PyBool_FromLong(bp_requires_grad(HANDLE(self))); }
static PyObject *get_is_leaf(PyObject *self, void *unused) { (void)unused; return PyBool_FromLong(bp_is_leaf(HANDLE(self))); }
static PyObject *get_device(PyObject *self, void *unused) { (void)self; (void)unused; return Py_NewRef(the_device); }
static PyObject *get_itemsize(PyObject *self, void *unused) { (void)unused; return PyLong_FromLong(dtype_table[bp_dtype_of(HANDLE(self)) & 7].size); }
static PyObject *get_false(PyObject *self, void *unused) { (void)self; (void)unused; Py_RETURN_FALSE; }
static PyObject *get_true(PyObject *self, void *unused) { (void)self; (void)unused; Py_RETURN_TRUE; }
static PyObject *get_retains_grad(PyObject *self, void *unused) { (void)unused; return PyBool_FromLong(bp_retains_grad(HANDLE(self))); }
static PyObject *get_version(PyObject *self, void *unused) { (void)unused; return PyLong_FromLongLong(bp_version_of(HANDLE(self))); }

static PyObject *get_dtype(PyObject *self, void *unused) {
  (void)unused;
  bp_dtype d = bp_dtype_of(HANDLE(self));
  return d < 0 || d > 7 ? fail() : Py_NewRef(dtypes[d]);
}

static PyObject *get_nbytes(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLongLong(bp_numel(HANDLE(self)) * dtype_table[bp_dtype_of(HANDLE(self)) & 7].size);
}

/* "log_softmax" → "LogSoftmaxBackward0" */
static PyObject *get_grad_fn(PyObject *self, void *unused) {
  (void)unused;
  const char *name = bp_operation_of(HANDLE(self));
  if (!name || !*name || !bp_requires_grad(HANDLE(self))) Py_RETURN_NONE;
  char camel[80];
  size_t n = 0;
  for (int up = 1; *name && n < sizeof camel - 1; name++) {
    if (*name == '_') up = 1;
    else camel[n++] = up && *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name, up = 0;
  }
  camel[n] = 0;
  return PyUnicode_FromFormat("%sBackward0", camel);
}

/* T reverses all dimensions, mT swaps the last two. */
static PyObject *get_t(PyObject *self, void *unused) {
  (void)unused;
  int64_t order[BP_MAX_DIMS];
  int32_t n = bp_ndim(HANDLE(self));
  for (int32_t d = 0; d < n; d++) order[d] = n - 1 - d;
  return wrap(bp_permute(HANDLE(self), n, order));
}
static PyObject *get_mt(PyObject *self, void *unused) { (void)unused; return wrap(bp_transpose(HANDLE(self), -2, -1)); }

static PyObject *get_h(PyObject *self, void *unused) {
  if (bp_ndim(HANDLE(self)) != 0 && bp_ndim(HANDLE(self)) != 2)
    return PyErr_Format(PyExc_RuntimeError, "tensor.H is only supported on matrices (2-D tensors). Got %d-D tensor.", (int)bp_ndim(HANDLE(self)));
  return get_t(self, unused);
}

static PyObject *get_grad(PyObject *self, void *unused) {
  (void)unused;
  bp_tensor *g = bp_grad(HANDLE(self));
  if (g) return wrap_borrowed(g);
  Py_RETURN_NONE;
}

/* x.grad = g. The library writes gradients only in backward(): so the present one is dropped and g sent through clone(x). */
static int set_grad(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  bp_tensor *x = HANDLE(self), *g, *y;
  if (!value || value == Py_None) return bp_zero_grad(x) ? (fail(), -1) : 0;
  if (!(g = tensor_argument("grad", "value", value))) return -1;
  int same = bp_ndim(g) == bp_ndim(x) && bp_dtype_of(g) == bp_dtype_of(x);
  for (int32_t d = 0; same && d < bp_ndim(x); d++) same = bp_dim(g, d) == bp_dim(x, d);
  if (!same || !bp_is_leaf(x) || !bp_requires_grad(x)) {
    PyErr_SetString(PyExc_RuntimeError, same ? "grad can only be set on a leaf that requires grad" : "grad must have the shape and dtype of its tensor");
    return -1;
  }
  bp_tensor *old = bp_grad(x), *seed = bp_clone(g), *plain = seed ? bp_detach(seed) : NULL; /* g may be the old gradient itself */
  if (seed) drop(seed);
  if (old == g) {
    if (plain) drop(plain);
    return 0;
  }
  int was = bp_is_grad_enabled(ctx), bad = !plain || (!was && bp_no_grad_pop(ctx)) || bp_zero_grad(x);
  bp_backward_options o = BP_BACKWARD_OPTIONS_INIT;
  o.seed = plain;
  if (!bad && (y = bp_clone(x))) {
    bad = bp_backward_with(y, &o) != BP_OK;
    drop(y);
  }
  if (!was) bp_no_grad_push(ctx);
  if (plain) drop(plain);
  return bad ? (fail(), -1) : 0;
}

static int set_requires_grad(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  int yes = value ? PyObject_IsTrue(value) : -1;
  if (yes < 0) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_AttributeError, "requires_grad cannot be deleted");
    return -1;
  }
  return bp_set_requires_grad(HANDLE(self), yes) ? (fail(), -1) : 0;
}

/* x.data = y writes y's values into x's memory; the object keeps its shape and dtype. */
static int set_data(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  bp_tensor *x = HANDLE(self), *y = value ? tensor_argument("data", "value", value) : NULL, *plain;
  if (!y) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_AttributeError, "data cannot be deleted");
    return -1;
  }
  int same = bp_ndim(x) == bp_ndim(y) && bp_dtype_of(x) == bp_dtype_of(y);
  for (int32_t d = 0; same && d < bp_ndim(x); d++) same = bp_dim(x, d) == bp_dim(y, d);
  if (!same) {
    PyErr_SetString(PyExc_RuntimeError, "data can only be set to a tensor of the same shape and dtype");
    return -1;
  }
  int was = bp_is_grad_enabled(ctx), bad = was && bp_no_grad_push(ctx);
  if (!bad) {
    plain = bp_detach(x);
    bad = !plain || !bp_copy_(plain, y);
    if (plain) drop(plain);
    if (was) bp_no_grad_pop(ctx);
  }
  return bad ? (fail(), -1) : 0;
}

static PyGetSetDef tensor_getset[] = {
  {"shape", get_shape, NULL, "The sizes of its dimensions, a Size: a tuple of ints.", NULL}, {"ndim", get_ndim, NULL, "Number of dimensions, at most 8.", NULL},
  {"dtype", get_dtype, NULL, "Type of the elements: help(dtype).", NULL}, {"device", get_device, NULL, "Where it lives: always device(type='cpu').", NULL},
  {"data", get_data, set_data, DATA_TEXT, NULL},
  {"grad", get_grad, set_grad, GRAD_TEXT, NULL},
  {"requires_grad", get_requires_grad, set_requires_grad, REQUIRES_GRAD_TEXT, NULL},
  {"is_leaf", get_is_leaf, NULL, "Whether no recorded operation made it: such tensors keep .grad.", NULL},
  {"grad_fn", get_grad_fn, NULL, "The operation that made it, as PyTorch names it ('MulBackward0'), or None.", NULL},
  {"T", get_t, NULL, "A view with the dimensions in reverse order: of a matrix its transpose.", NULL}, {"mT", get_mt, NULL, "A view with the last two dimensions swapped: matrices transposed.", NULL},
  {"H", get_h, NULL, "A matrix transposed (numbers here are real); RuntimeError for other than 0 or 2 dimensions.", NULL}, {"mH", get_mt, NULL, "Last two dimensions swapped (numbers here are real).", NULL},
  {"nbytes", get_nbytes, NULL, "Bytes of all elements.", NULL}, {"itemsize", get_itemsize, NULL, "Bytes of one element.", NULL}, {"is_cuda", get_false, NULL, "Always False.", NULL},
  {"is_cpu", get_true, NULL, "Always True.", NULL}, {"is_mps", get_false, NULL, "Always False.", NULL}, {"is_meta", get_false, NULL, "Always False.", NULL},
  {"is_sparse", get_false, NULL, "Always False.", NULL}, {"is_quantized", get_false, NULL, "Always False.", NULL}, {"is_xpu", get_false, NULL, "Always False.", NULL},
  {"is_nested", get_false, NULL, "Always False.", NULL},
  {"retains_grad", get_retains_grad, NULL, "Whether a computed tensor keeps its gradient: retain_grad().", NULL},
  {"_version", get_version, NULL, "How often the values were changed in place.", NULL}, {0}};

static PyMemberDef tensor_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(Tensor, weak), READONLY, NULL}, {0}};

/* Tensor(2, 3), Tensor(size): zeros. */
static int all_sizes(PyObject *args) {
  Py_ssize_t n = PyTuple_Size(args);
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *o = PyTuple_GetItem(args, i);
    if (!(PyLong_Check(o) && !PyBool_Check(o)) && !(n == 1 && Py_TYPE(o) == SizeType)) return 0;
  }
  return 1;
}

/* Tensor(data): numbers of the default type; of a tensor: its memory without history, which is what Parameter is made of. */
static PyObject *tensor_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  PyObject *data, *device = NULL;
  int grad = 0;
  int64_t shape[BP_MAX_DIMS] = {0};
  static char *names[] = {"data", "requires_grad", "device", NULL};
  if (all_sizes(args) && (!kw || !PyDict_Size(kw))) {
    Py_ssize_t one = PyTuple_Size(args) == 1;
    int n = PyTuple_Size(args) ? as_sizes("Tensor", "size", one ? PyTuple_GetItem(args, 0) : args, shape) : 1;
    return n < 0 ? NULL : wrap_as(type, kept(bp_zeros(ctx, default_dtype, n, shape)));
  }
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|p$O:Tensor", names, &data, &grad, &device) || check_device(device)) return NULL;
  if (!is_nested(data) && !is_tensor(data) && !PyObject_CheckBuffer(data)) {
    char buffer[64];
    return PyErr_Format(PyExc_TypeError, "new(): data must be a sequence (got %s)", type_name(data, buffer));
  }
  bp_tensor *t = is_tensor(data) ? kept(bp_detach(HANDLE(data))) : from_anything(data, default_dtype);
  if (!t) return PyErr_Occurred() ? NULL : fail();
  if (grad && bp_set_requires_grad(t, 1)) {
    fail();
    bp_release(t);
    return NULL;
  }
  return wrap_as(type, t);
}

/* The text comes from _repr.py, imported when first something is printed. */
static PyObject *tensor_repr(PyObject *self) {
  PyObject *module = PyImport_ImportModule("backprop._repr");
  PyObject *text = module ? PyObject_CallMethod(module, "tensor_repr", "O", self) : NULL;
  Py_XDECREF(module);
  return text;
}

static PyType_Slot tensor_slots[] = {
  {Py_tp_doc, TENSOR_TEXT},
  {Py_tp_new, tensor_new}, {Py_tp_dealloc, tensor_dealloc}, {Py_tp_repr, tensor_repr}, {Py_tp_hash, tensor_hash},
  {Py_tp_richcompare, tensor_compare}, {Py_tp_iter, tensor_iter}, {Py_tp_methods, methods}, {Py_tp_getset, tensor_getset},
  {Py_tp_members, tensor_members},
  {Py_nb_add, nb_add}, {Py_nb_subtract, nb_sub}, {Py_nb_multiply, nb_mul}, {Py_nb_true_divide, nb_div}, {Py_nb_power, nb_pow},
  {Py_nb_matrix_multiply, nb_matmul}, {Py_nb_negative, nb_neg}, {Py_nb_positive, nb_pos}, {Py_nb_absolute, nb_abs},
  {Py_nb_invert, nb_invert}, {Py_nb_and, nb_and}, {Py_nb_or, nb_or}, {Py_nb_xor, nb_xor}, {Py_nb_lshift, nb_lshift}, {Py_nb_rshift, nb_rshift},
  {Py_nb_floor_divide, nb_floordiv}, {Py_nb_remainder, nb_mod}, {Py_nb_inplace_and, nb_iand}, {Py_nb_inplace_or, nb_ior},
  {Py_nb_inplace_xor, nb_ixor}, {Py_nb_inplace_lshift, nb_ilshift}, {Py_nb_inplace_rshift, nb_irshift},
  {Py_nb_inplace_floor_divide, nb_ifloordiv}, {Py_nb_inplace_remainder, nb_imod}, {Py_nb_inplace_power, nb_ipow},
  {Py_nb_inplace_add, nb_iadd}, {Py_nb_inplace_subtract, nb_isub}, {Py_nb_inplace_multiply, nb_imul}, {Py_nb_inplace_true_divide, nb_idiv},
  {Py_nb_bool, nb_bool}, {Py_nb_float, nb_float}, {Py_nb_int, nb_int}, {Py_nb_index, nb_index},
  {Py_mp_length, tensor_length}, {Py_mp_subscript, tensor_subscript}, {Py_mp_ass_subscript, tensor_assign},
  {Py_sq_length, tensor_length}, {Py_sq_contains, tensor_contains}, {Py_sq_item, tensor_at},
  {Py_bf_getbuffer, tensor_getbuffer}, {Py_bf_releasebuffer, tensor_releasebuffer}, {0, NULL}};
static PyType_Spec tensor_spec = {"backprop.Tensor", sizeof(Tensor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, tensor_slots};
