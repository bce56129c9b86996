/* ---------------------------------------------------------------------------------------------------------------
 * Operators
 * ------------------------------------------------------------------------------------------------------------- */

typedef bp_tensor *(*One)(const bp_tensor *);
typedef bp_tensor *(*Two)(const bp_tensor *, const bp_tensor *);
typedef bp_tensor *(*InPlace)(bp_tensor *, const bp_tensor *);

static PyObject *binary(PyObject *a, PyObject *b, Two f) {
  int left = is_tensor(a), right = is_tensor(b);
  work = 0;
  if (left && right) {
    bp_tensor *x = seen(a), *y = seen(b);
    return wrap(f(x, y));
  }
  if (!is_number(left ? b : a)) Py_RETURN_NOTIMPLEMENTED;
  bp_tensor *t = seen(left ? a : b), *n = number_beside(left ? b : a, t);
  if (!n) return NULL;
  bp_tensor *result = WORK(left ? f(t, n) : f(n, t));
  drop(n);
  return wrap_view(result);
}

/* self ∘= other. The library refuses to change memory that a gradient may need. As PyTorch does, the object (every name for
 * it) then stands for the result of the operation; leaves, and what others see the memory of, stay refused. `stored`: Python will store the
 * result where self came from, so that self may be a view nobody else holds: x[0] += y. */
static int in_place(PyObject *self, bp_tensor *other, InPlace change, Two compute, int stored) {
  bp_tensor *t = HANDLE(self);
  if (!is_recorded(self, other)) return WORK(change(t, other)) ? 0 : (fail(), -1);
  int alone = stored && is_temporary(self);
  if (!alone && may_become(self, "in-place")) return -1;
  bp_tensor *result = WORK(compute(t, other));
  if (!result) return fail(), -1;
  if (scope_depth) bp_retain(result);
  return stand_for(self, result, alone);
}

/* x.name_(…): the operation's result in x's place, by the same rule. */
static int become_stored(PyObject *self, bp_tensor *result, int stored) {
  bp_tensor *t = HANDLE(self);
  if (dtype_table[bp_dtype_of(result) & 7].floating && !dtype_table[bp_dtype_of(t) & 7].floating) {
    PyErr_Format(PyExc_RuntimeError, "in-place: result type %s can't be cast to the tensor's own, %s", dtype_table[bp_dtype_of(result) & 7].name,
                 dtype_table[bp_dtype_of(t) & 7].name);
    return -1;
  }
  if (!same_shape(t, result)) return not_its_shape();
  if (!is_recorded(self, result)) return bp_copy_(t, result) ? 0 : (fail(), -1);
  int alone = stored && is_temporary(self);
  if (!alone && may_become(self, "in-place")) return -1;
  bp_retain(result);
  return stand_for(self, result, alone);
}

static int become(PyObject *self, bp_tensor *result) { return become_stored(self, result, 0); }

static PyObject *in_place_operator(PyObject *self, PyObject *other, InPlace change, Two compute) {
  if (!is_tensor(self)) Py_RETURN_NOTIMPLEMENTED;
  int tensor = is_tensor(other);
  if (!tensor && !is_number(other)) Py_RETURN_NOTIMPLEMENTED;
  work = bp_numel(HANDLE(self));
  bp_tensor *b = tensor ? seen(other) : number(other);
  if (!b) return NULL;
  int bad = in_place(self, b, change, compute, 1);
  if (!tensor) drop(b);
  return bad ? NULL : Py_NewRef(self);
}

static PyObject *nb_add(PyObject *a, PyObject *b) { return binary(a, b, bp_add); }
static PyObject *nb_sub(PyObject *a, PyObject *b) { return binary(a, b, bp_sub); }
static PyObject *nb_mul(PyObject *a, PyObject *b) { return binary(a, b, bp_mul); }
static PyObject *nb_div(PyObject *a, PyObject *b) { return binary(a, b, bp_div); }
static PyObject *nb_iadd(PyObject *a, PyObject *b) { return in_place_operator(a, b, bp_add_, bp_add); }
static PyObject *nb_isub(PyObject *a, PyObject *b) { return in_place_operator(a, b, bp_sub_, bp_sub); }
static PyObject *nb_imul(PyObject *a, PyObject *b) { return in_place_operator(a, b, bp_mul_, bp_mul); }
static PyObject *nb_idiv(PyObject *a, PyObject *b) { return in_place_operator(a, b, bp_div_, bp_div); }
static PyObject *unary(PyObject *a, One f) {
  work = 0;
  bp_tensor *x = seen(a);
  return wrap(f(x));
}
static PyObject *nb_neg(PyObject *a) { return unary(a, bp_neg); }
static PyObject *nb_abs(PyObject *a) { return unary(a, bp_abs); }
static PyObject *nb_pos(PyObject *a) { return Py_NewRef(a); }

static PyObject *nb_matmul(PyObject *a, PyObject *b) {
  if (!is_tensor(a) || !is_tensor(b)) Py_RETURN_NOTIMPLEMENTED;
  return binary(a, b, bp_matmul);
}

static PyObject *nb_pow(PyObject *a, PyObject *b, PyObject *modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary(a, b, bp_pow);
}

static PyObject *nb_invert(PyObject *a) { return unary(a, bp_bitwise_not); }

/* Operators without an in-place function in the library: the result takes the left operand's place. */
static PyObject *becoming(PyObject *a, PyObject *b, Two f) {
  PyObject *result = is_tensor(a) ? binary(a, b, f) : Py_NewRef(Py_NotImplemented);
  if (!result || !is_tensor(result)) return result;
  int bad = become_stored(a, HANDLE(result), 1);
  Py_DECREF(result);
  return bad ? NULL : Py_NewRef(a);
}
#define OPERATOR(name, f) \
  static PyObject *nb_##name(PyObject *a, PyObject *b) { return binary(a, b, f); } \
  static PyObject *nb_i##name(PyObject *a, PyObject *b) { return becoming(a, b, f); }
OPERATOR(and, bp_bitwise_and)
OPERATOR(or, bp_bitwise_or)
OPERATOR(xor, bp_bitwise_xor)
OPERATOR(lshift, bp_bitwise_left_shift)
OPERATOR(rshift, bp_bitwise_right_shift)
OPERATOR(floordiv, bp_floor_divide)
OPERATOR(mod, bp_remainder)
#undef OPERATOR

static PyObject *nb_ipow(PyObject *a, PyObject *b, PyObject *modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return becoming(a, b, bp_pow);
}

static int nb_bool(PyObject *self) {
  View v;
  if (view_of(HANDLE(self), &v)) return -1;
  if (v.count != 1) {
    PyErr_Format(PyExc_RuntimeError, "Boolean value of Tensor with %s is ambiguous", v.count ? "more than one value" : "no values");
    return -1;
  }
  PyObject *item = element(v.data, v.dtype);
  int truth = item ? PyObject_IsTrue(item) : -1;
  Py_XDECREF(item);
  return truth;
}

static PyObject *tensor_compare(PyObject *a, PyObject *b, int op) {
  static const Two by_op[] = {[Py_LT] = bp_lt, [Py_LE] = bp_le, [Py_EQ] = bp_eq, [Py_NE] = bp_ne, [Py_GT] = bp_gt, [Py_GE] = bp_ge};
  if ((op == Py_EQ || op == Py_NE) && is_tensor(a) && !is_tensor(b) && !is_number(b) && !PyBytes_Check(b) && !PyByteArray_Check(b) && PyObject_CheckBuffer(b)) { /* an array: its elements */
    bp_tensor *other = from_anything(b, -1), *result = other ? by_op[op](HANDLE(a), other) : NULL;
    if (other && !result) fail();
    if (other) bp_release(other);
    return result ? wrap_view(result) : NULL;
  }
  return binary(a, b, by_op[op]);
}

/* value in x: any element that is equal. Of other kinds of objects PyTorch says that it cannot know. */
static int tensor_contains(PyObject *self, PyObject *value) {
  if (!is_tensor(value) && !is_number(value)) {
    PyErr_Format(PyExc_RuntimeError, "Tensor.__contains__ only supports Tensor or scalar, but you passed in a %R.", (PyObject *)Py_TYPE(value));
    return -1;
  }
  PyObject *same = binary(self, value, bp_eq), *any = NULL;
  if (same) {
    bp_tensor *t = HANDLE(same);
    any = wrap(bp_any(t, 0, NULL, 0));
  }
  int yes = any ? nb_bool(any) : -1;
  Py_XDECREF(same);
  Py_XDECREF(any);
  return yes;
}

static PyObject *one_number(PyObject *self) {
  if (bp_numel(HANDLE(self)) == 1) return tensor_item(self, NULL);
  return PyErr_Format(PyExc_ValueError, "only one element tensors can be converted to Python scalars");
}

static PyObject *nb_float(PyObject *self) {
  PyObject *item = one_number(self), *result = item ? PyNumber_Float(item) : NULL;
  Py_XDECREF(item);
  return result;
}

static PyObject *nb_int(PyObject *self) {
  PyObject *item = one_number(self), *result = item ? PyNumber_Long(item) : NULL;
  Py_XDECREF(item);
  return result;
}

static PyObject *nb_index(PyObject *self) {
  bp_dtype dtype = bp_dtype_of(HANDLE(self));
  if (dtype >= 0 && !dtype_table[dtype].floating && bp_numel(HANDLE(self)) == 1) return nb_int(self);
  PyErr_SetString(PyExc_TypeError, "only integer tensors of a single element can be converted to an index");
  return NULL;
}

static Py_hash_t tensor_hash(PyObject *self) { return (Py_hash_t)((uintptr_t)self >> 4); }
