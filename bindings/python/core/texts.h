/* ---------------------------------------------------------------------------------------------------------------
 * What help() says of the types; of operations it stands in their rows
 * ------------------------------------------------------------------------------------------------------------- */

#define TENSOR_TEXT \
  "Tensor(*data, requires_grad=False, device=None)\n--\n\n" \
  "An array of numbers that may remember how it was made. tensor(), zeros(), randn() … are the usual ways to one;\n" \
  "Tensor(2, 3) has that shape and Tensor([2, 3]) those elements, in the default type, float32.\n\n" \
  "    >>> x = backprop.tensor([[1., 2.], [3., 4.]], requires_grad=True)\n" \
  "    >>> y = (x * x).sum()         # computed at once, and recorded, because x requires a gradient\n" \
  "    >>> y.backward()              # walks the record back\n" \
  "    >>> x.grad                    # d y / d x = 2·x\n" \
  "    tensor([[2., 4.],\n" \
  "            [6., 8.]])\n\n" \
  "shape and dtype say what it holds, item(), tolist() and numpy() hand it over. Operators work element by element, @ is\n" \
  "the matrix product; two operands broadcast: sizes are compared from the last, and 1 (or nothing) stretches.\n" \
  "Every function of the package whose first argument is input is also a method; name_() writes its result in place.\n\n" \
  "x[...] takes ints, slices, None (a new dimension), ..., lists and tensors of indices, and bool masks; ints and slices\n" \
  "give views, which share the memory. x[...] = y writes into it, and is recorded too.\n\n" \
  "A leaf is a tensor that no recorded operation made; backward() fills .grad of leaves that require a gradient. Writing\n" \
  "in place into such a leaf, or into memory that a gradient needs, is a RuntimeError: use no_grad(), or a new tensor.\n" \
  "== compares elements; for dicts and sets a tensor is itself, whatever it holds. At most 8 dimensions."
#define DTYPE_TEXT \
  "Type of a tensor's elements: float32 (also float), float64 (double), int64 (long), int32 (int), uint8, bool; float16\n" \
  "(half) and bfloat16 to store and convert, without arithmetic. Gradients are for float32 and float64.\n\n" \
  "Together they promote as in PyTorch: bool < whole < floating, the wider of one kind; a Python number takes the tensor's\n" \
  "type unless it is of a higher kind.\n\n" \
  "    >>> (backprop.ones(2, dtype=backprop.int64) + 0.5).dtype\n" \
  "    backprop.float32"
#define DEVICE_TEXT \
  "device(type, index=None)\n--\n\n" \
  "Where a tensor lives, always the CPU: device('cpu'). Scripts may pass it, or 'cpu', wherever PyTorch takes a device;\n" \
  "another device is a RuntimeError. It equals the string 'cpu'."
#define SIZE_TEXT \
  "Sizes of a tensor: a tuple, with numel(), their product.\n\n" \
  "    >>> backprop.zeros(2, 3).shape.numel()\n" \
  "    6"
#define GRAD_TEXT \
  "What backward() has added up for this leaf, in its shape, or None. Set it to None (or a tensor of its shape) to begin\n" \
  "anew: backward() adds."
#define DATA_TEXT \
  "The same memory without history: what is written there is not recorded, nor noticed. x.data = y, of one shape and type,\n" \
  "writes y's values into x."
#define REQUIRES_GRAD_TEXT \
  "Whether gradients are computed for this tensor: set for leaves of float32 and float64, True for what is computed from\n" \
  "such a leaf. TypeError for other types; RuntimeError where an operation made the tensor."
#define LINALG_ERROR_TEXT "A matrix is singular, or not positive definite, where it must not be; the text says which of a batch. A RuntimeError."
