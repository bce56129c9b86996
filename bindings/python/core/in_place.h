/* ---------------------------------------------------------------------------------------------------------------
 * Writing in place. Nothing recorded: the library writes the memory. While a gradient is recorded, memory that it may need stays as it is: the object,
 * under all its names, then stands for a new tensor, and so do all objects that shared its memory: its base, the views of it, the base's other views.
 * ------------------------------------------------------------------------------------------------------------- */

/* Whether a change of self by `other` (or NULL) has to go into the graph. */
static int is_recorded(PyObject *self, bp_tensor *other) {
  return bp_is_grad_enabled(ctx) && (bp_requires_grad(HANDLE(self)) || (other && bp_requires_grad(other)));
}

/* An object only the running expression holds. From 3.14 on Python lends local variables without counting: not to be told apart. */
static int is_temporary(PyObject *o) { return Py_REFCNT(o) == 1 && Py_Version < 0x030E0000; }

/* Where an object's elements lie in the block of memory that it shares with others. */
typedef struct {
  Tensor *object;
  int64_t shape[BP_MAX_DIMS], strides[BP_MAX_DIMS], start, end;
  int32_t ndim;
  int overlaps; /* several of its elements may be one place */
  bp_tensor *made;
} Place;

static char *block_of(bp_tensor *t) {
  char *data = bp_data(t);
  return data ? data - bp_storage_offset(t) * dtype_table[bp_dtype_of(t)].size : NULL;
}

static void place_of(Tensor *o, Place *p) {
  p->object = o;
  p->made = NULL;
  p->ndim = bp_ndim(o->t);
  p->start = p->end = bp_storage_offset(o->t);
  p->overlaps = 0;
  int64_t room = 1;
  for (int32_t d = p->ndim - 1; d >= 0; d--) {
    p->shape[d] = bp_dim(o->t, d);
    p->strides[d] = bp_stride(o->t, d);
    p->end += (p->shape[d] - 1) * p->strides[d];
    if (p->shape[d] > 1) p->overlaps |= p->strides[d] == 0;
    room *= p->shape[d];
  }
  p->end++;
  p->overlaps = room && (p->overlaps || room > p->end - p->start);
}

/* The objects that look into self's memory, self first; *places to be freed. The count, or −1 with an exception. */
static Py_ssize_t sharers(PyObject *self, Place **places) {
  bp_tensor *t = HANDLE(self);
  char *block = block_of(t);
  Py_ssize_t n = 1, room = 8;
  if (!(*places = malloc((size_t)room * sizeof **places))) return PyErr_NoMemory(), -1;
  place_of((Tensor *)self, *places);
  for (Tensor *o = block ? alive : NULL; o; o = o->next) {
    if (o == (Tensor *)self || !o->t || !bp_numel(o->t) || block_of(o->t) != block || bp_dtype_of(o->t) != bp_dtype_of(t)) continue;
    if (n == room) {
      Place *more = realloc(*places, (size_t)(room *= 2) * sizeof *more);
      if (!more) return free(*places), PyErr_NoMemory(), -1;
      *places = more;
    }
    place_of(o, &(*places)[n++]);
  }
  return n;
}

/* Whether self may stand for a new tensor: 0, or −1 with an exception. */
static int may_become(PyObject *self, const char *operation) {
  bp_tensor *t = HANDLE(self);
  if (bp_requires_grad(t) && bp_is_leaf(t)) {
    PyErr_Format(PyExc_RuntimeError, "%s: a leaf that requires grad takes part in a graph: change it in place only under no_grad()", operation);
    return -1;
  }
  Place own, *all;
  place_of((Tensor *)self, &own);
  if (own.overlaps) {
    PyErr_Format(PyExc_RuntimeError, "%s: more than one element of the written-to tensor refers to a single memory location: clone() it before the operation", operation);
    return -1;
  }
  if (!bp_is_shared(t, NULL)) return 0;
  Py_ssize_t n = sharers(self, &all);
  if (n < 0) return -1;
  static const char exported[] = "NumPy or another library looks into its memory, which would not see a change that a graph records: change a clone()";
  const char *problem = n == 1 || all->object->exports ? exported : NULL;
  for (Py_ssize_t i = 1; i < n && !problem; i++)
    if (all[i].object->exports) problem = exported;
    else if (bp_requires_grad(all[i].object->t))
      problem = bp_is_leaf(all[i].object->t) ? "a view of a leaf that requires grad is being used in an in-place operation: change it under no_grad()"
              : !bp_requires_grad(t) ? "it was detached from a tensor with a graph, whose memory it shares: change a clone()" : NULL;
  free(all);
  if (problem) PyErr_Format(PyExc_RuntimeError, "%s: %s", operation, problem);
  return problem ? -1 : 0;
}

/* x with value at a place of the row x, which begins at lo. */
static bp_tensor *put(bp_tensor *x, const Place *p, int64_t lo, bp_tensor *value) {
  return bp_as_strided_scatter(x, value, p->ndim, p->shape, p->strides, bp_storage_offset(x) + p->start - lo);
}

/* The memory of all places as one new row from lo to hi in the graph: from an object that covers it, or put together from all. */
static bp_tensor *whole_of(const Place *all, Py_ssize_t n, int64_t lo, int64_t hi) {
  int64_t size = hi - lo;
  for (Py_ssize_t i = 0; i < n; i++)
    if (all[i].start == lo && all[i].end == hi && bp_is_contiguous(all[i].object->t) && bp_requires_grad(all[i].object->t) == bp_requires_grad(all->object->t))
      return bp_reshape(all[i].object->t, 1, &size);
  bp_tensor *whole = bp_zeros(ctx, bp_dtype_of(all->object->t), 1, &size), *next;
  for (Py_ssize_t i = 0; whole && i < n; i++, whole = next) {
    next = all[i].overlaps ? whole : put(whole, &all[i], lo, all[i].object->t);
    if (next != whole) drop(whole);
  }
  return whole;
}

/* result in the place of self, and all that share self's memory made anew from it. 0, or −1 with an exception and nothing changed. */
static int become_together(PyObject *self, bp_tensor *result) {
  Place *all;
  Py_ssize_t n = sharers(self, &all), made = 0;
  if (n < 0) return -1;
  int64_t lo = all->start, hi = all->end;
  for (Py_ssize_t i = 1; i < n; i++) {
    if (all[i].start < lo) lo = all[i].start;
    if (all[i].end > hi) hi = all[i].end;
  }
  bp_tensor *before = whole_of(all, n, lo, hi);
  bp_tensor *after = before ? put(before, all, lo, result) : NULL;
  int graph = bp_requires_grad(all->object->t);
  for (; after && made < n; made++) {
    Place *p = &all[made];
    bp_tensor *view = bp_as_strided(after, p->ndim, p->shape, p->strides, bp_storage_offset(after) + p->start - lo);
    if (view && graph && !bp_requires_grad(p->object->t)) { /* it was detached, and stays so */
      bp_tensor *plain = bp_detach(view);
      drop(view);
      view = plain;
    }
    if (!view) break;
    p->made = scope_depth ? bp_retain(view) : view;
  }
  int bad = made < n;
  if (bad) fail();
  for (Py_ssize_t i = 0; i < made; i++) {
    bp_tensor *old = all[i].object->t;
    if (!bad) all[i].object->t = all[i].made;
    bp_release(bad ? all[i].made : old);
  }
  if (before) drop(before);
  if (after) drop(after);
  free(all);
  return bad ? -1 : 0;
}

static int same_shape(bp_tensor *a, bp_tensor *b) {
  int same = bp_ndim(a) == bp_ndim(b);
  for (int32_t d = 0; same && d < bp_ndim(a); d++) same = bp_dim(a, d) == bp_dim(b, d);
  return same;
}

static int not_its_shape(void) {
  PyErr_SetString(PyExc_RuntimeError, "in-place: the result's shape is not the tensor's own: the operand would broadcast it");
  return -1;
}

/* Makes the object, under all its names, stand for result, of which it takes one count; in the object's dtype. alone: nobody will look at what shares
 * its memory. */
static int stand_for(PyObject *self, bp_tensor *result, int alone) {
  bp_tensor *t = HANDLE(self);
  if (!same_shape(result, t)) {
    bp_release(result);
    return not_its_shape();
  }
  if (bp_dtype_of(result) != bp_dtype_of(t)) {
    bp_tensor *same = bp_to(result, bp_dtype_of(t));
    if (same && scope_depth) bp_retain(same);
    bp_release(result);
    if (!(result = same)) return fail(), -1;
  }
  if (!alone && bp_is_shared(t, NULL)) {
    int bad = become_together(self, result);
    bp_release(result);
    return bad;
  }
  SLOT(self) = result;
  bp_release(t);
  return 0;
}
