/* ---------------------------------------------------------------------------------------------------------------
 * Indexing. Integers, slices, None and Ellipsis make views; integer tensors, lists and masks select copies.
 * ------------------------------------------------------------------------------------------------------------- */

/* One integer tensor, list or mask in a key: positions in the `span` dimensions from `dim`, counted as one. */
typedef struct {
  int64_t dim, span, count, *position;
  int32_t ndim;
  int64_t shape[BP_MAX_DIMS];
} Selection;

typedef struct {
  bp_tensor *t; /* after the views; to be dropped unless it is the tensor itself */
  int32_t n;
  Selection s[BP_MAX_DIMS];
} Index;

static void index_free(Index *x, bp_tensor *original) {
  if (x->t && x->t != original) drop(x->t);
  for (int32_t i = 0; i < x->n; i++) free(x->s[i].position);
}

/* Reads a mask or integer tensor as positions in t at dim. */
static int selection(bp_tensor *t, int64_t dim, bp_tensor *index, Selection *s) {
  View v;
  if (view_of(index, &v)) return -1;
  int mask = v.dtype == BP_BOOL;
  if (v.count && dtype_table[v.dtype].floating) {
    PyErr_Format(PyExc_IndexError, "tensors used as indices must be of integer or bool type, not %s", dtype_table[v.dtype].name);
    return -1;
  }
  *s = (Selection){.dim = dim, .span = mask ? v.ndim : 1, .ndim = mask ? 1 : v.ndim};
  if (dim + s->span > bp_ndim(t) || (mask && !v.ndim)) {
    PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", (int)bp_ndim(t));
    return -1;
  }
  if (!(s->position = malloc((size_t)(v.count ? v.count : 1) * 8))) return PyErr_NoMemory(), -1;
  if (mask) {
    for (int32_t d = 0; d < v.ndim; d++)
      if (v.shape[d] != bp_dim(t, (int32_t)dim + d)) {
        PyErr_Format(PyExc_IndexError, "the mask has size %lld at dim %d, the indexed tensor %lld at dim %lld",
                     (long long)v.shape[d], d, (long long)bp_dim(t, (int32_t)dim + d), (long long)dim + d);
        free(s->position);
        return -1;
      }
    for (int64_t i = 0; i < v.count; i++)
      if (*element_at(&v, i)) s->position[s->count++] = i;
    s->shape[0] = s->count;
    return 0;
  }
  memcpy(s->shape, v.shape, sizeof v.shape);
  s->count = v.count;
  int64_t size = bp_dim(t, (int32_t)dim);
  for (int64_t i = 0; i < v.count; i++) {
    int64_t at;
    int32_t small;
    const char *p = element_at(&v, i);
    if (v.dtype == BP_INT64) memcpy(&at, p, 8);
    else if (v.dtype == BP_INT32) memcpy(&small, p, 4), at = small;
    else at = *(const unsigned char *)p;
    if (at < -size || at >= size) {
      PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for dimension %lld with size %lld", (long long)at, (long long)dim, (long long)size);
      free(s->position);
      return -1;
    }
    s->position[i] = at < 0 ? at + size : at;
  }
  return 0;
}

/* Dimensions an item of a key uses up: 1, or those of a mask, or 0. */
static int32_t dims_used(PyObject *item) {
  if (item == Py_None || item == Py_Ellipsis) return 0;
  if (is_tensor(item) && bp_dtype_of(HANDLE(item)) == BP_BOOL) return bp_ndim(HANDLE(item));
  return 1;
}

static int index_item(Index *x, bp_tensor *original, PyObject *item, int64_t *dim, int64_t skip) {
  bp_tensor *next;
  if (item == Py_Ellipsis) {
    *dim += skip;
    return 0;
  }
  if (item == Py_None) next = bp_unsqueeze(x->t, (*dim)++);
  else if (PySlice_Check(item)) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(item, &start, &stop, &step)) return -1;
    if (step < 1) {
      PyErr_SetString(PyExc_ValueError, "step must be greater than zero");
      return -1;
    }
    if (*dim >= bp_ndim(x->t)) goto too_many;
    PySlice_AdjustIndices((Py_ssize_t)bp_dim(x->t, (int32_t)*dim), &start, &stop, step);
    next = bp_slice(x->t, (*dim)++, start, stop > start ? stop : start, step);
  } else if (PyBool_Check(item)) {
    PyErr_SetString(PyExc_IndexError, "True and False are not indices here: use None or a mask");
    return -1;
  } else if (PyIndex_Check(item) && !(is_tensor(item) && (bp_ndim(HANDLE(item)) || bp_dtype_of(HANDLE(item)) == BP_BOOL))) {
    int64_t at;
    if (as_int64("Tensor.__getitem__", "index", item, &at)) return -1;
    if (*dim >= bp_ndim(x->t)) goto too_many;
    int64_t size = bp_dim(x->t, (int32_t)*dim);
    if (at < -size || at >= size) {
      PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for dimension %lld with size %lld", (long long)at, (long long)*dim, (long long)size);
      return -1;
    }
    next = bp_select(x->t, *dim, at);
  } else if (is_tensor(item) || is_nested(item)) {
    bp_tensor *index = is_tensor(item) ? HANDLE(item) : from_nested(item, -1);
    if (!index) return -1;
    int bad = *dim >= bp_ndim(x->t) ? -2 : selection(x->t, *dim, index, &x->s[x->n]);
    if (!is_tensor(item)) bp_release(index);
    if (bad == -2) goto too_many;
    if (bad) return -1;
    *dim += x->s[x->n++].span;
    return 0;
  } else {
    char buffer[64];
    PyErr_Format(PyExc_TypeError, "only integers, slices, None, Ellipsis, lists and tensors are indices, not %s", type_name(item, buffer));
    return -1;
  }
  if (!next) return fail(), -1;
  if (x->t != original) drop(x->t);
  x->t = next;
  return 0;
too_many:
  PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", (int)bp_ndim(original));
  return -1;
}

/* Applies the views of a key and reads its selections. On failure nothing is left to free. */
static int index_parse(bp_tensor *t, PyObject *key, Index *x) {
  Py_ssize_t count = PyTuple_Check(key) ? PyTuple_Size(key) : 1;
  int64_t used = 0, dim = 0, ellipses = 0;
  x->t = t;
  x->n = 0;
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *item = PyTuple_Check(key) ? PyTuple_GetItem(key, i) : key;
    used += dims_used(item);
    ellipses += item == Py_Ellipsis;
  }
  if (ellipses > 1 || used > bp_ndim(t)) {
    if (ellipses > 1) PyErr_SetString(PyExc_IndexError, "an index can only have a single ellipsis ('...')");
    else PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", (int)bp_ndim(t));
    return -1;
  }
  int64_t skip = bp_ndim(t) - used;
  for (Py_ssize_t i = 0; i < count; i++)
    if (index_item(x, t, PyTuple_Check(key) ? PyTuple_GetItem(key, i) : key, &dim, skip)) {
      index_free(x, t);
      return -1;
    }
  return 0;
}

/* Position of element i of the shape `to` in a selection that is broadcast to it. */
static int64_t broadcast_position(const Selection *s, int64_t i, int32_t ndim, const int64_t *to) {
  int64_t at = 0, stride = 1;
  for (int32_t d = 1; d <= ndim; d++) {
    int64_t k = i % to[ndim - d];
    i /= to[ndim - d];
    if (d > s->ndim) continue;
    if (s->shape[s->ndim - d] != 1) at += k * stride;
    stride *= s->shape[s->ndim - d];
  }
  return s->position[at];
}

/* a becomes a selection through the dimensions of a and b, of which b's follow a's; b has `size` elements for one of a. */
static int merge(Selection *a, const Selection *b, int64_t size) {
  int32_t ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
  int64_t shape[BP_MAX_DIMS], count = 1;
  for (int32_t d = 1; d <= ndim; d++) {
    int64_t p = d <= a->ndim ? a->shape[a->ndim - d] : 1, q = d <= b->ndim ? b->shape[b->ndim - d] : 1;
    if (p != q && p != 1 && q != 1) {
      PyErr_Format(PyExc_IndexError, "shape mismatch: indexing tensors could not be broadcast together: sizes %lld and %lld", (long long)p, (long long)q);
      return -1;
    }
    count *= shape[ndim - d] = p == 1 ? q : p;
  }
  int64_t *position = malloc((size_t)(count ? count : 1) * 8);
  if (!position) return PyErr_NoMemory(), -1;
  for (int64_t k = 0; k < count; k++) position[k] = broadcast_position(a, k, ndim, shape) * size + broadcast_position(b, k, ndim, shape);
  free(a->position);
  a->position = position;
  a->count = count;
  a->ndim = ndim;
  a->span += b->span;
  memcpy(a->shape, shape, sizeof shape);
  return 0;
}

/* Selections that do not stand side by side: their dimensions go to the front, as in NumPy. */
static int bring_together(Index *x, bp_tensor *original) {
  int64_t order[BP_MAX_DIMS];
  int32_t n = 0, ndim = bp_ndim(x->t), apart = 0, selected[BP_MAX_DIMS] = {0};
  for (int32_t i = 1; i < x->n; i++) apart |= x->s[i].dim != x->s[i - 1].dim + x->s[i - 1].span;
  if (!apart) return 0;
  for (int32_t i = 0; i < x->n; i++) {
    int64_t first = n;
    for (int64_t d = x->s[i].dim; d < x->s[i].dim + x->s[i].span; d++) selected[d] = 1, order[n++] = d;
    x->s[i].dim = first;
  }
  for (int32_t d = 0; d < ndim; d++)
    if (!selected[d]) order[n++] = d;
  bp_tensor *moved = bp_permute(x->t, n, order);
  if (!moved) return fail(), -1;
  if (x->t != original) drop(x->t);
  x->t = moved;
  return 0;
}

/* x.t[.., selections, ..]: several selections count through their dimensions together, as one. */
static bp_tensor *index_select_all(Index *x, bp_tensor *original) {
  Selection *s = &x->s[0];
  if (bring_together(x, original)) return NULL;
  for (int32_t i = 1; i < x->n; i++) {
    int64_t size = 1;
    for (int64_t d = 0; d < x->s[i].span; d++) size *= bp_dim(x->t, (int32_t)(x->s[i].dim + d));
    if (merge(s, &x->s[i], size)) return NULL;
  }
  int64_t shape[3 * BP_MAX_DIMS];
  int32_t n = 0, ndim = bp_ndim(x->t);
  for (int32_t d = 0; d < s->dim; d++) shape[n++] = bp_dim(x->t, d);
  for (int32_t d = 0; d < s->ndim; d++) shape[n++] = s->shape[d];
  for (int32_t d = (int32_t)(s->dim + s->span); d < ndim; d++) shape[n++] = bp_dim(x->t, d);
  bp_tensor *index = bp_tensor_create(ctx, BP_INT64, 1, &s->count, s->position);
  bp_tensor *flat = s->span == 1 ? x->t : bp_flatten(x->t, s->dim, s->dim + s->span - 1);
  bp_tensor *rows = bp_index_select(flat, s->dim, index), *result = rows;
  if (rows && s->ndim != 1) {
    result = bp_reshape(rows, n, shape);
    drop(rows);
  }
  if (flat && flat != x->t) drop(flat);
  bp_release(index);
  if (!result) fail();
  return result;
}

static PyObject *tensor_subscript(PyObject *self, PyObject *key) {
  bp_tensor *t = HANDLE(self), *result;
  Index x;
  if (index_parse(t, key, &x)) return NULL;
  if (x.n) result = index_select_all(&x, t);
  else if (x.t != t) result = x.t, x.t = NULL;
  else { /* x[...]: another view of all of it */
    int32_t ndim = bp_ndim(t);
    result = ndim ? bp_slice(t, 0, BP_NONE, BP_NONE, 1) : bp_reshape(t, 0, NULL);
  }
  index_free(&x, t);
  if (!result && PyErr_Occurred()) return NULL;
  return wrap(result);
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

/* t[mask] = value, as t.copy_(where(mask, value, t)). */
static int assign_mask(bp_tensor *t, bp_tensor *mask, bp_tensor *value) {
  bp_tensor *m = mask, *chosen;
  for (int32_t d = bp_ndim(mask), n = bp_ndim(t); m && d < n; d++) {
    bp_tensor *wider = bp_unsqueeze(m, -1);
    if (m != mask) drop(m);
    m = wider;
  }
  chosen = bp_where(m, value, t);
  bp_tensor *done = chosen ? bp_copy_(t, chosen) : NULL;
  if (m && m != mask) drop(m);
  if (chosen) drop(chosen);
  return done ? 0 : -1;
}

/* t[.., index, ..] = value, one selected slice after the other. */
static int assign_slices(Index *x, bp_tensor *value) {
  Selection *s = &x->s[0];
  if (x->n > 1 || s->span != 1 || s->ndim > 1) {
    PyErr_SetString(PyExc_IndexError, "assignment takes one mask, or one list or tensor of integers of one dimension, beside views");
    return -1;
  }
  int64_t shape[BP_MAX_DIMS];
  int32_t n = bp_ndim(x->t);
  for (int32_t d = 0; d < n; d++) shape[d] = d == s->dim ? s->count : bp_dim(x->t, d);
  bp_tensor *all = bp_expand(value, n, shape);
  int bad = !all;
  for (int64_t i = 0; !bad && i < s->count; i++) {
    bp_tensor *to = bp_select(x->t, s->dim, s->position[i]), *from = bp_select(all, s->dim, i);
    bad = !bp_copy_(to, from);
    if (to) drop(to);
    if (from) drop(from);
  }
  if (all) drop(all);
  return bad ? -1 : 0;
}

static int tensor_assign(PyObject *self, PyObject *key, PyObject *value) {
  if (!value) {
    PyErr_SetString(PyExc_TypeError, "Tensor does not support deleting items");
    return -1;
  }
  bp_tensor *t = HANDLE(self), *temporary;
  int created, bad;
  bp_tensor *v = written(value, &temporary, &created);
  if (!v) return -1;
  Index x = {.t = t};
  int whole_mask = is_tensor(key) && bp_dtype_of(HANDLE(key)) == BP_BOOL && (bp_ndim(v) == 0 || bp_numel(v) == 1);
  if ((bad = index_parse(t, key, &x)) == 0) {
    bad = whole_mask ? assign_mask(t, HANDLE(key), v) : x.n ? assign_slices(&x, v) : bp_copy_(x.t, v) ? 0 : -1;
    if (bad && !PyErr_Occurred()) fail();
    index_free(&x, t);
  }
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
