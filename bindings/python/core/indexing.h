/* ---------------------------------------------------------------------------------------------------------------
 * Indexing. Integers, slices, None and Ellipsis make views; integer tensors, lists and masks select copies. What is written while a
 * gradient is recorded makes a new tensor, for which the object then stands.
 * ------------------------------------------------------------------------------------------------------------- */

enum { MAX_ITEMS = 32 }; /* Nones included */

/* A key: its items, of which lists have become tensors; then the view it names, and the index tensors into that view's dimensions. */
typedef struct {
  PyObject *item[MAX_ITEMS];
  bp_tensor *made[MAX_ITEMS], *t, *list[BP_MAX_DIMS];
  Py_ssize_t count;
  int32_t n, covered; /* entries of list, and the dimensions they stand for */
  int has_list;
} Key;

static void key_free(Key *k, bp_tensor *original) {
  if (k->t && k->t != original) drop(k->t);
  for (Py_ssize_t i = 0; i < k->count; i++)
    if (k->made[i]) bp_release(k->made[i]);
}

static int is_mask(bp_tensor *t) { return bp_dtype_of(t) == BP_BOOL || bp_dtype_of(t) == BP_UINT8; }

/* The index tensor an item is or has become, or NULL. 0-dimensional integers count as integers. */
static bp_tensor *index_tensor(const Key *k, Py_ssize_t i) {
  if (k->made[i]) return k->made[i];
  if (!is_tensor(k->item[i])) return NULL;
  bp_tensor *t = HANDLE(k->item[i]);
  return bp_ndim(t) || is_mask(t) ? t : NULL;
}

static int too_many(bp_tensor *t) {
  if (bp_ndim(t) < 0) return fail(), -1; /* an index's own code put another tensor in the object's place */
  PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", (int)bp_ndim(t));
  return -1;
}

/* Reads the items: lists and arrays become tensors, True and False masks of one element beside a new dimension. */
static int key_read(Key *k, PyObject *key) {
  int tuple = PyTuple_Check(key);
  Py_ssize_t n = tuple ? PyTuple_Size(key) : 1;
  memset(k, 0, offsetof(Key, count));
  k->count = k->n = k->covered = k->has_list = 0;
  if (n > MAX_ITEMS) return PyErr_Format(PyExc_IndexError, "too many indices: %zd", n), -1;
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = tuple ? PyTuple_GetItem(key, i) : key;
    bp_tensor *made = NULL;
    k->item[k->count++] = item;
    if (PyBool_Check(item) || (is_tensor(item) && !bp_ndim(HANDLE(item)) && is_mask(HANDLE(item)))) {
      int yes = PyObject_IsTrue(item);
      int64_t one = 1;
      if (yes < 0) return -1;
      if (!(made = bp_tensor_create(ctx, BP_BOOL, 1, &one, &(char){(char)yes}))) return fail(), -1;
    } else if (is_nested(item)) {
      if (!(made = from_anything(item, -1))) return -1;
      if (!bp_numel(made) && dtype_table[bp_dtype_of(made) & 7].floating && !(made = converted(made, BP_INT64))) return fail(), -1;
    } else if (is_tensor(item) && !bp_numel(HANDLE(item)) && dtype_table[bp_dtype_of(HANDLE(item)) & 7].floating) {
      if (!(made = converted(from_anything(item, -1), BP_INT64))) return fail(), -1;
    }
    k->made[i] = made;
    bp_tensor *t = index_tensor(k, i);
    if (t && dtype_table[bp_dtype_of(t) & 7].floating) {
      PyErr_Format(PyExc_IndexError, "tensors used as indices must be of integer or bool type, not %s", dtype_table[bp_dtype_of(t) & 7].name);
      return -1;
    }
  }
  return 0;
}

static int is_bool_item(const Key *k, Py_ssize_t i) {
  return PyBool_Check(k->item[i]) || (is_tensor(k->item[i]) && !bp_ndim(HANDLE(k->item[i])) && is_mask(HANDLE(k->item[i])));
}

/* Dimensions of the tensor an item uses up. */
static int32_t dims_used(const Key *k, Py_ssize_t i) {
  if (k->item[i] == Py_None || k->item[i] == Py_Ellipsis || is_bool_item(k, i)) return 0;
  bp_tensor *t = index_tensor(k, i);
  return t && is_mask(t) ? bp_ndim(t) : 1;
}

/* One more view or index tensor; *dim counts the dimensions of the view that are done with. */
static int key_item(Key *k, Py_ssize_t i, bp_tensor *original, int64_t *dim, int64_t skip) {
  bp_tensor *next = NULL, *index = index_tensor(k, i);
  PyObject *item = k->item[i];
  if (item == Py_Ellipsis) {
    *dim += skip;
    return 0;
  }
  if (index) {
    if (is_bool_item(k, i)) {
      if (!(next = bp_unsqueeze(k->t, *dim))) return fail(), -1;
      if (k->t != original) drop(k->t);
      k->t = next;
    }
    int32_t used = is_mask(index) ? bp_ndim(index) : 1;
    if (*dim + used > bp_ndim(k->t)) return too_many(original);
    for (; k->covered < *dim; k->covered++) k->list[k->n++] = NULL;
    k->list[k->n++] = index;
    k->covered += used;
    *dim += used;
    k->has_list = 1;
    return 0;
  }
  if (item == Py_None) next = bp_unsqueeze(k->t, (*dim)++);
  else if (PySlice_Check(item)) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(item, &start, &stop, &step)) return -1;
    if (step < 1) {
      PyErr_SetString(PyExc_ValueError, "step must be greater than zero");
      return -1;
    }
    if (*dim >= bp_ndim(k->t)) return too_many(original);
    PySlice_AdjustIndices((Py_ssize_t)bp_dim(k->t, (int32_t)*dim), &start, &stop, step);
    next = bp_slice(k->t, (*dim)++, start, stop > start ? stop : start, step);
  } else if (PyIndex_Check(item)) {
    int64_t at;
    if (as_int64("Tensor.__getitem__", "index", item, &at)) return -1;
    if (*dim >= bp_ndim(k->t)) return too_many(original);
    int64_t size = bp_dim(k->t, (int32_t)*dim);
    if (at < -size || at >= size) {
      PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for dimension %lld with size %lld", (long long)at, (long long)*dim, (long long)size);
      return -1;
    }
    next = bp_select(k->t, *dim, at);
  } else {
    char buffer[64];
    PyErr_Format(PyExc_IndexError, "only integers, slices (`:`), ellipsis (`...`), None and long or byte tensors and lists are valid indices (got %s)", type_name(item, buffer));
    return -1;
  }
  if (!next) return fail(), -1;
  if (k->t != original) drop(k->t);
  k->t = next;
  return 0;
}

/* Applies a key that has been read to t. */
static int key_apply(Key *k, bp_tensor *t) {
  int64_t used = 0, dim = 0, ellipses = 0;
  k->t = t;
  for (Py_ssize_t i = 0; i < k->count; i++) used += dims_used(k, i), ellipses += k->item[i] == Py_Ellipsis;
  if (ellipses > 1) return PyErr_SetString(PyExc_IndexError, "an index can only have a single ellipsis ('...')"), -1;
  if (used > bp_ndim(t)) return too_many(t);
  for (Py_ssize_t i = 0; i < k->count; i++)
    if (key_item(k, i, t, &dim, bp_ndim(t) - used)) return -1;
  return 0;
}

static PyObject *tensor_subscript(PyObject *self, PyObject *key) {
  bp_tensor *t = HANDLE(self), *result = NULL;
  Key k;
  if (!key_read(&k, key) && !key_apply(&k, t)) {
    int32_t ndim = bp_ndim(t);
    if (k.has_list) result = bp_index(k.t, k.n, k.list);
    else if (k.t != t) result = k.t, k.t = NULL;
    else result = ndim ? bp_slice(t, 0, BP_NONE, BP_NONE, 1) : bp_reshape(t, 0, NULL); /* x[...]: another view of all of it */
    if (!result) fail();
  }
  key_free(&k, t);
  if (!result) bp_context_clear(ctx);
  return result ? wrap(result) : NULL;
}

/* A value to be written: a tensor's handle, or a number or data of t's type to be dropped or released. */
static bp_tensor *written(PyObject *value, bp_tensor **temporary, int *created) {
  *temporary = NULL;
  *created = 0;
  if (is_tensor(value)) return HANDLE(value);
  if (is_number(value)) return *temporary = number(value);
  *created = 1;
  return *temporary = from_anything(value, -1);
}

/* v without leading dimensions of size 1 too many for ndim; to be dropped if it is not v. */
static bp_tensor *fitted(bp_tensor *v, int32_t ndim) {
  int64_t shape[BP_MAX_DIMS];
  int32_t n = bp_ndim(v), skip = 0;
  while (n - skip > ndim && bp_dim(v, skip) == 1) skip++;
  if (!skip) return v;
  for (int32_t d = skip; d < n; d++) shape[d - skip] = bp_dim(v, d);
  return bp_reshape(v, n - skip, shape);
}

/* x with v in the places of a key, as a new tensor of the graph. */
static bp_tensor *assigned(Key *k, bp_tensor *x, bp_tensor *v) {
  bp_tensor *base = bp_contiguous(x), *part = NULL, *value = NULL, *result = NULL;
  if (!base) return NULL;
  int bad = bp_no_grad_push(ctx) != BP_OK || key_apply(k, base); /* where the places are */
  bp_no_grad_pop(ctx);
  if (!bad) {
    int64_t shape[BP_MAX_DIMS], strides[BP_MAX_DIMS], start = bp_storage_offset(k->t);
    int32_t n = bp_ndim(k->t);
    for (int32_t d = 0; d < n; d++) shape[d] = bp_dim(k->t, d), strides[d] = bp_stride(k->t, d);
    if (k->has_list && (part = bp_as_strided(base, n, shape, strides, start))) value = bp_index_put(part, k->n, k->list, v, 0);
    else if (!k->has_list && (part = fitted(v, n))) value = bp_expand(part, n, shape);
    if (value) result = bp_as_strided_scatter(base, value, n, shape, strides, start);
    if (part && part != v) drop(part);
    if (value) drop(value);
  }
  if (k->t && k->t != base) drop(k->t);
  k->t = NULL;
  drop(base);
  return result;
}

static int tensor_assign(PyObject *self, PyObject *key, PyObject *value) {
  if (!value) {
    PyErr_SetString(PyExc_TypeError, "Tensor does not support deleting items");
    return -1;
  }
  bp_tensor *t = HANDLE(self), *temporary, *fit = NULL;
  int created, bad = -1;
  bp_tensor *v = written(value, &temporary, &created);
  if (!v) return -1;
  Key k;
  if (!key_read(&k, key)) {
    if (is_recorded(self, v)) {
      bp_tensor *result = may_become(self, "__setitem__") ? NULL : assigned(&k, t, v);
      if (result) {
        if (scope_depth) bp_retain(result);
        bad = stand_for(self, result, 0);
      } else if (!PyErr_Occurred()) fail();
    } else if (!key_apply(&k, t)) {
      if (k.has_list) bad = bp_index_put_(k.t, k.n, k.list, v, 0) ? 0 : -1;
      else bad = (fit = fitted(v, bp_ndim(k.t))) && bp_copy_(k.t, fit) ? 0 : -1;
      if (fit && fit != v) drop(fit);
      if (bad && !PyErr_Occurred()) fail();
    }
  }
  key_free(&k, t);
  if (temporary) created ? bp_release(temporary) : drop(temporary);
  return bad;
}

static Py_ssize_t tensor_length(PyObject *self) {
  if (bp_ndim(HANDLE(self)) > 0) return (Py_ssize_t)bp_dim(HANDLE(self), 0);
  PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
  return -1;
}

/* x[i] for iteration: i counts from 0. */
static PyObject *tensor_at(PyObject *self, Py_ssize_t i) {
  bp_tensor *t = HANDLE(self);
  if (bp_ndim(t) < 1 || i < 0 || i >= bp_dim(t, 0)) {
    PyErr_SetString(PyExc_IndexError, "index out of range");
    return NULL;
  }
  return wrap(bp_select(t, 0, i));
}

static PyObject *tensor_iter(PyObject *self) {
  if (bp_ndim(HANDLE(self)) > 0) return PySeqIter_New(self);
  PyErr_SetString(PyExc_TypeError, "iteration over a 0-d tensor");
  return NULL;
}
