/* ---------------------------------------------------------------------------------------------------------------
 * Threads. One context serves the process, and one thread at a time may use it. The GIL sees to that but for two cases: long work, round which it
 * is given up, and Python functions that the library calls in the midst of a walk. In both the context is taken: other threads wait where they need it.
 * Whether operations are recorded is each thread's own affair; the context gets that of the thread whose turn it is.
 * ------------------------------------------------------------------------------------------------------------- */

static bp_context *the_context; /* made by the first import, never destroyed */

static _Thread_local struct {
  uint64_t id; /* 0 until the thread first needs the context */
  int no_grad;
} me __attribute__((tls_model("initial-exec")));

static uint64_t turn, last_id;    /* id of the thread that used the context last, and the last one given */
static int taken;                 /* how many times the thread whose turn it is has taken the context */
static PyThread_type_lock gate;   /* held while taken */
static PyThreadState *given_up;   /* of the thread at work without the GIL */
static _Atomic int computing;     /* that thread is in the library */
static _Atomic unsigned waiting, served; /* threads that wait for their turn, and how many have had it */
static int ending;                /* Python is: the thread that has the context may have stopped for good */

static void let_go(void);

/* The GIL is free while we wait. */
static void wait_for_turn(void) {
  if (!me.id) me.id = ++last_id;
  waiting++;
  for (int tries = 0; taken && turn != me.id && !(ending && (!computing || tries > 20)); tries++) {
    Py_BEGIN_ALLOW_THREADS
    if (PyThread_acquire_lock_timed(gate, ending ? 100000 : -1, 0) == PY_LOCK_ACQUIRED) PyThread_release_lock(gate);
    Py_END_ALLOW_THREADS
  }
  waiting--, served++;
  if (turn == me.id) return;
  turn = me.id;
  if (bp_is_grad_enabled(the_context) == me.no_grad) me.no_grad ? bp_no_grad_push(the_context) : bp_no_grad_pop(the_context);
}

static inline void my_turn(void) {
  if (turn != me.id || !turn) wait_for_turn();
}

static void take(void) {
  if (!taken++) PyThread_acquire_lock(gate, WAIT_LOCK); /* free, or about to be: who waits gives it back at once */
}

/* Before long work: a thread that has one piece after the other lets those that wait in between, as long as Python lets them run. */
static void let_others_in(void) {
  unsigned before = served;
  Py_BEGIN_ALLOW_THREADS
  for (int i = 0; i < 1000 && waiting && served == before; i++) nanosleep(&(struct timespec){0, 20000}, NULL);
  Py_END_ALLOW_THREADS
  my_turn();
}

static inline bp_context *context_in_turn(void) {
  my_turn();
  return the_context;
}
#define ctx context_in_turn()

/* Handles whose last object went while another thread had the context. */
static bp_tensor **left;
static size_t left_count, left_room;

/* Gives a handle back; never waits long, since any line of Python may drop an object. */
static void give_back(bp_tensor *t) {
  if (!taken || turn == me.id) {
    bp_release(t);
    return;
  }
  if (left_count == left_room) {
    bp_tensor **more = realloc(left, (2 * left_room + 16) * sizeof *left);
    if (!more) {
      my_turn();
      bp_release(t);
      return;
    }
    left = more, left_room = 2 * left_room + 16;
  }
  left[left_count++] = t;
}

static void let_go(void) {
  if (--taken) return;
  while (left_count) bp_release(left[--left_count]);
  PyThread_release_lock(gate);
}

/* Elements the running call is about, and all calls since the last backward pass. */
static int64_t work, recorded_work;
enum { LONG_WORK = 1 << 15 }; /* elements: some ten microseconds at least; below, giving up the GIL costs more than it gives */

/* Between begin_work() and end_work() nothing may touch Python. */
static inline void begin_work(void) {
  my_turn();
  if (work < LONG_WORK) return;
  if (waiting && !taken) let_others_in();
  take();
  computing = 1;
  given_up = PyEval_SaveThread();
}

static inline void end_work(void) {
  recorded_work += work;
  work = 0;
  if (!given_up) return;
  PyThreadState *mine = given_up;
  given_up = NULL;
  computing = 0;
  PyEval_RestoreThread(mine);
  let_go();
}

static inline bp_tensor *worked(bp_tensor *t) { end_work(); return t; }
static inline bp_status worked_status(bp_status s) { end_work(); return s; }
static inline bp_status walked(bp_status s) { work = 0; end_work(); return s; }

/* Calls of the library that may be long, without the GIL if they are. */
#define WORK(call) (begin_work(), worked(call))
#define WORK_STATUS(call) (begin_work(), worked_status(call))

/* A walk back is as long as what was recorded. */
static inline void begin_walk(void) {
  work += recorded_work;
  recorded_work = 0;
  begin_work();
}
#define WALK(call) (begin_walk(), walked(call))

/* Python within a call of the library: the GIL back, the context kept. The library's scope owns new handles meanwhile. */
typedef struct {
  PyThreadState *state;
  int no_grad;
} Inside;
static int scope_depth; /* callbacks we are in that opened a scope */

static Inside enter_python(void) {
  Inside i = {given_up, me.no_grad};
  if (given_up) {
    given_up = NULL;
    PyEval_RestoreThread(i.state);
  }
  take();
  me.no_grad = !bp_is_grad_enabled(the_context);
  return i;
}

static void leave_python(Inside i) {
  me.no_grad = i.no_grad;
  let_go();
  if (i.state) given_up = PyEval_SaveThread();
}

/* Before a fork, so that the child finds the context in order; and at the end of Python. */
static PyObject *settle(PyObject *m, PyObject *unused) { (void)m; (void)unused; my_turn(); Py_RETURN_NONE; }
static PyObject *end(PyObject *m, PyObject *unused) { (void)m; (void)unused; ending = 1; Py_RETURN_NONE; }
static PyMethodDef settle_method = {"_settle", settle, METH_NOARGS, NULL}, end_method = {"_end", end, METH_NOARGS, NULL};

static int call_later(const char *module, const char *function, PyMethodDef *method, const char *keyword) {
  PyObject *m = PyImport_ImportModule(module), *f = m ? PyObject_GetAttrString(m, function) : NULL, *callback = PyCFunction_NewEx(method, NULL, NULL);
  PyObject *args = keyword ? PyTuple_New(0) : callback ? PyTuple_Pack(1, callback) : NULL;
  PyObject *kw = keyword && callback ? Py_BuildValue("{sO}", keyword, callback) : NULL;
  PyObject *result = f && args && (kw || !keyword) ? PyObject_Call(f, args, kw) : NULL;
  Py_XDECREF(m);
  Py_XDECREF(f);
  Py_XDECREF(callback);
  Py_XDECREF(args);
  Py_XDECREF(kw);
  Py_XDECREF(result);
  return result ? 0 : -1;
}

/* The context, once in the life of the process. */
static int start_context(void) {
  if (the_context) return 0;
  if (!(gate = PyThread_allocate_lock()) || !(the_context = bp_context_create(NULL))) {
    PyErr_Format(PyExc_ImportError, "backprop: no context: %s", bp_context_message(NULL));
    return -1;
  }
  return call_later("os", "register_at_fork", &settle_method, "before") || call_later("atexit", "register", &end_method, NULL) ? -1 : 0;
}
