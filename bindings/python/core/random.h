/* ---------------------------------------------------------------------------------------------------------------
 * Generator: a place in a stream of random numbers. The default one is the context's own; others lend theirs to the context for
 * the length of one call: rows whose signature has generator=None, which no handler sees.
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct {
  PyObject_HEAD
  uint64_t seed, position; /* not of the default one */
} Generator;
static PyTypeObject *GeneratorType;
static PyObject *default_generator;

static int get_random(PyObject *self, uint64_t *seed, uint64_t *position) {
  if (self == default_generator) return bp_random_state(ctx, seed, position) ? (fail(), -1) : 0;
  *seed = ((Generator *)self)->seed;
  *position = ((Generator *)self)->position;
  return 0;
}

static int set_random(PyObject *self, uint64_t seed, uint64_t position) {
  if (self == default_generator) return bp_set_random_state(ctx, seed, position) ? (fail(), -1) : 0;
  ((Generator *)self)->seed = seed;
  ((Generator *)self)->position = position & ~(uint64_t)3;
  return 0;
}

/* Runs a row with the numbers of this generator. The context is taken meanwhile: no other thread draws from them. */
static PyObject *run_with(PyObject *generator, const Row *r, PyObject **v) {
  uint64_t seed, position, mine, at;
  if (Py_TYPE(generator) != GeneratorType) return type_error(r->name, "generator", "Generator", generator);
  if (generator == default_generator) return r->run(r, v);
  my_turn();
  take();
  get_random(generator, &mine, &at);
  bp_random_state(ctx, &seed, &position);
  bp_set_random_state(ctx, mine, at);
  PyObject *result = r->run(r, v);
  bp_random_state(ctx, &mine, &at);
  set_random(generator, mine, at);
  bp_set_random_state(ctx, seed, position);
  let_go();
  return result;
}

static PyObject *generator_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  PyObject *device = NULL;
  static char *names[] = {"device", NULL};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "|O:Generator", names, &device) || check_device(device)) return NULL;
  Generator *g = PyObject_New(Generator, type);
  if (g) g->seed = g->position = 0;
  return (PyObject *)g;
}

/* Any whole number of 64 bits; negative ones count down from 2^64. */
static PyObject *generator_manual_seed(PyObject *self, PyObject *o) {
  PyObject *whole = PyNumber_Long(o);
  if (!whole) return NULL;
  unsigned long long seed = PyLong_AsUnsignedLongLong(whole);
  if (PyErr_Occurred()) {
    PyErr_Clear();
    seed = (unsigned long long)PyLong_AsLongLong(whole);
  }
  Py_DECREF(whole);
  if (PyErr_Occurred()) return PyErr_Clear(), PyErr_Format(PyExc_ValueError, "manual_seed(): the seed must lie in -2^63 ... 2^64 - 1");
  return set_random(self, seed, 0) ? NULL : Py_NewRef(self);
}

static PyObject *generator_seed(PyObject *self, PyObject *unused) {
  (void)unused;
  uint64_t seed;
  if (syscall(SYS_getrandom, &seed, sizeof seed, 0) != (long)sizeof seed) return PyErr_SetFromErrno(PyExc_OSError); /* getentropy() wants glibc 2.25 */
  return set_random(self, seed, 0) ? NULL : PyLong_FromUnsignedLongLong(seed);
}

static PyObject *generator_initial_seed(PyObject *self, PyObject *unused) {
  (void)unused;
  uint64_t state[2];
  return get_random(self, &state[0], &state[1]) ? NULL : PyLong_FromUnsignedLongLong(state[0]);
}

static PyObject *generator_get_state(PyObject *self, PyObject *unused) {
  (void)unused;
  uint64_t state[2];
  int64_t size = sizeof state;
  return get_random(self, &state[0], &state[1]) ? NULL : wrap_owned(bp_tensor_create(ctx, BP_UINT8, 1, &size, state));
}

static PyObject *generator_set_state(PyObject *self, PyObject *o) {
  uint64_t state[2];
  bp_tensor *t = tensor_argument("set_state", "new_state", o);
  if (!t) return NULL;
  if (bp_dtype_of(t) != BP_UINT8) return PyErr_Format(PyExc_TypeError, "set_state(): the state must be a uint8 tensor");
  if (bp_numel(t) != sizeof state) return PyErr_Format(PyExc_RuntimeError, "set_state(): a state has %d bytes, this has %lld", (int)sizeof state, (long long)bp_numel(t));
  if (bp_read(t, state, sizeof state)) return fail();
  if (state[1] & 3) return PyErr_Format(PyExc_RuntimeError, "set_state(): these bytes are no state");
  return set_random(self, state[0], state[1]) ? NULL : Py_NewRef(self);
}

static PyObject *generator_clone_state(PyObject *self, PyObject *unused) {
  (void)unused;
  Generator *g = PyObject_New(Generator, GeneratorType);
  if (g) get_random(self, &g->seed, &g->position);
  return (PyObject *)g;
}

static PyObject *generator_reduce(PyObject *self, PyObject *unused) {
  (void)unused;
  uint64_t state[2];
  return get_random(self, &state[0], &state[1]) ? NULL : Py_BuildValue("O(s)(KK)", GeneratorType, "cpu", state[0], state[1]);
}

static PyObject *generator_setstate(PyObject *self, PyObject *state) {
  unsigned long long seed, position;
  if (!PyTuple_Check(state)) return type_error("__setstate__", "state", "a tuple", state);
  if (!PyArg_ParseTuple(state, "KK", &seed, &position) || set_random(self, seed, position & ~3ull)) return NULL;
  Py_RETURN_NONE;
}

static PyObject *generator_device(PyObject *self, void *unused) { (void)self; (void)unused; return Py_NewRef(the_device); }

static PyMethodDef generator_methods[] = {
  {"manual_seed", generator_manual_seed, METH_O, "manual_seed($self, seed, /)\n--\n\nStarts at the beginning of this seed's numbers. Returns the generator."},
  {"seed", generator_seed, METH_NOARGS, "seed($self, /)\n--\n\nStarts at a seed from the system's random numbers, which is returned."},
  {"initial_seed", generator_initial_seed, METH_NOARGS, "initial_seed($self, /)\n--\n\nThe seed."},
  {"get_state", generator_get_state, METH_NOARGS, "get_state($self, /)\n--\n\nSeed and position as a uint8 tensor of 16 elements, for set_state()."},
  {"set_state", generator_set_state, METH_O, "set_state($self, new_state, /)\n--\n\nGoes on where get_state() was called. Another dtype: TypeError; another size: RuntimeError."},
  {"clone_state", generator_clone_state, METH_NOARGS, "clone_state($self, /)\n--\n\nA new generator that stands where this one does."},
  {"__reduce__", generator_reduce, METH_NOARGS, NULL}, {"__setstate__", generator_setstate, METH_O, NULL}, {0}};
static PyGetSetDef generator_getset[] = {{"device", generator_device, NULL, "Always cpu.", NULL}, {0}};
static PyType_Slot generator_slots[] = {{Py_tp_dealloc, plain_dealloc}, {Py_tp_new, generator_new}, {Py_tp_methods, generator_methods},
  {Py_tp_getset, generator_getset},
  {Py_tp_doc, "Generator(device='cpu')\n--\n\nA stream of random numbers of its own, at seed 0 until manual_seed(); what takes generator= draws from it.\n\n"
              "    >>> g = backprop.Generator().manual_seed(3)\n    >>> backprop.rand(2, generator=g)\n    tensor([0.8167, 0.1168])"}, {0, NULL}};
static PyType_Spec generator_spec = {"backprop.Generator", sizeof(Generator), 0, Py_TPFLAGS_DEFAULT, generator_slots};

static PyObject *run_manual_seed(const Row *r, PyObject **v) { (void)r; return generator_manual_seed(default_generator, v[0]); }

#define OPERATIONS_RANDOM(OP) \
  OP(manual_seed, manual_seed, F, run_manual_seed, NULL, NULL, "(seed)" \
     DOC("The random numbers begin anew: the same after the same seed, −2⁶³ … 2⁶⁴ − 1, on every machine\n(not PyTorch's numbers). Returns the default Generator."))
