"""Objects between two processes: a socket of packets carries their pickle, and beside it files without a name, in memory, carry the elements of tensors
and arrays, which are copied once in and once out. A file is used again when the other end says it has read it. Nothing is left behind when a process
dies: the kernel owns all of it."""

import io
import os
import pickle
import select
import socket
import struct
from time import monotonic

from .... import _core
from ...._core import Tensor

_PACKET = 1 << 15  # a longer pickle goes into the file too
# Which file (−1: none), whether the pickle is there too, where, its length; then: number of buffers, and of files of the other end's that were read.
_HEAD = struct.Struct("<i?QQII")
_BUFFER = struct.Struct("<QQ")  # where in the file, how many bytes
_FILE = struct.Struct("<I")


class Closed(Exception):
    """The other end is gone."""


def _new_file():
    try:
        return os.memfd_create("backprop-batch")
    except (AttributeError, OSError):  # another system, or not allowed here
        from tempfile import TemporaryFile

        with TemporaryFile() as f:
            return os.dup(f.fileno())


def _copy(move, file, memory, start):
    """os.pwrite or os.preadv until all is moved."""
    view = memoryview(memory)
    size, done = view.nbytes, 0
    while done < size:
        n = move(file, memory if not done else view.cast("B")[done:], start + done)
        if not n:
            raise EOFError("a batch was cut off")
        done += n
    return size


def _read(file, memory, start):
    return os.preadv(file, [memory], start)


def _name(dtype):
    return str(dtype).rpartition(".")[2]


class _Writer(pickle.Pickler):
    """Pickles; tensors and the buffers of arrays go to the file that take() gives."""

    def __init__(self, take):
        self.stream = io.BytesIO()
        self.take, self.file = take, -1
        self.end, self.buffers = 0, []
        super().__init__(self.stream, 5, buffer_callback=lambda b: self.buffers.append(self.put(b.raw())))

    def put(self, memory):
        """Where in the file these bytes stand, and how many they are."""
        if self.file < 0:
            self.file = self.take()
        start = self.end
        self.end += _copy(os.pwrite, self.file, memory, start)
        return start, self.end - start

    def reducer_override(self, x):
        if type(x) is not Tensor:
            return NotImplemented
        if x.requires_grad and not x.is_leaf:
            raise RuntimeError("a worker cannot send a computed tensor that requires gradients: detach() it")
        plain = x.detach().contiguous()
        if plain.dtype == _core.bfloat16:
            plain = plain.float()  # the buffer protocol does not know it; nothing is lost
        start = self.put(plain)[0] if plain.numel() else 0
        return _tensor, (start, tuple(x.shape), _name(plain.dtype), _name(x.dtype), x.requires_grad)


def _tensor(start, shape, dtype, last, requires_grad):
    raise pickle.UnpicklingError("only a _Reader knows the file")


class _Reader(pickle.Unpickler):
    def __init__(self, body, file, buffers):
        self.file = file
        super().__init__(io.BytesIO(body), buffers=(self.fill(bytearray(size), start) for start, size in buffers))

    def fill(self, memory, start):
        _copy(_read, self.file, memory, start)
        return memory

    def find_class(self, module, name):
        return self.tensor if name == "_tensor" and module == __name__ else super().find_class(module, name)

    def tensor(self, start, shape, dtype, last, requires_grad):
        x = _core.empty(shape, dtype=getattr(_core, dtype))
        if x.numel():
            self.fill(x, start)
        return (x if last == dtype else x.to(getattr(_core, last))).requires_grad_(requires_grad)


class Channel:
    """One end of the way between the loader and a worker. send() and receive() never wait; wait_for() and finish() do."""

    def __init__(self, end):
        end.setblocking(False)
        self.end = end
        self.outbox = []  # (packet, number of its file or −1, numbers of files it says are read) that did not fit in yet
        self.files = []  # descriptors of ours
        self.free = []  # numbers of those that may be written
        self.shared = set()  # numbers of those the other end has
        self.theirs = {}  # number → descriptor of the other end's files
        self.read = []  # numbers of those we have read since we last sent

    @classmethod
    def pair(cls):
        return tuple(cls(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))

    def _take(self):
        if not self.free:
            self.files.append(_new_file())
            self.free.append(len(self.files) - 1)
        return self.files[self.free[-1]]

    def send(self, thing):
        """Sends, or keeps to be sent by wait_for() or finish()."""
        writer = _Writer(self._take)
        writer.dump(thing)  # if this raises, the file is still free
        body = writer.stream.getvalue()
        start, length, inside = 0, len(body), False
        body += b"".join(_BUFFER.pack(*b) for b in writer.buffers)
        if len(body) > _PACKET:
            start, body, inside = writer.put(body)[0], b"", True
        file = self.free.pop() if writer.file >= 0 else -1
        read, self.read = self.read, []
        head = _HEAD.pack(file, inside, start, length, len(writer.buffers), len(read))
        self.outbox.append((head + b"".join(_FILE.pack(k) for k in read) + body, file, read))
        self.flush()

    def flush(self):
        while self.outbox:
            packet, file, _ = self.outbox[0]
            try:
                socket.send_fds(self.end, [packet], [self.files[file]] if file >= 0 and file not in self.shared else [])
            except BlockingIOError:
                return
            except ConnectionError:
                raise Closed from None
            self.shared.add(file)
            del self.outbox[0]

    def receive(self):
        """The next thing, in a tuple, or None if there is none yet."""
        while True:
            try:
                packet, descriptors, flags, _ = socket.recv_fds(self.end, 2 * _PACKET, 1)
            except BlockingIOError:
                return None
            except ConnectionResetError:  # what was sent before still comes
                continue
            break
        if not packet:
            raise Closed
        number, inside, start, length, count, read = _HEAD.unpack_from(packet)
        if descriptors:
            self.theirs[number] = descriptors[0]
        elif flags & socket.MSG_CTRUNC or number not in self.theirs and number >= 0:
            raise OSError("no free file descriptor for a batch from a worker: raise the limit (ulimit -n)")
        at = _HEAD.size + read * _FILE.size
        self.free += [_FILE.unpack_from(packet, _HEAD.size + k * _FILE.size)[0] for k in range(read)]
        file, body = self.theirs.get(number, -1), memoryview(packet)[at:]
        if number >= 0:
            self.read.append(number)
        if inside:
            body = memoryview(bytearray(length + count * _BUFFER.size))
            _copy(_read, file, body, start)
        return (_Reader(body[:length], file, [_BUFFER.unpack_from(body, length + k * _BUFFER.size) for k in range(count)]).load(),)

    def drop(self):
        """Forgets what did not fit in."""
        for _, file, read in self.outbox:
            self.read += read
            self.free += [file] if file >= 0 else []
        self.outbox.clear()

    def finish(self, seconds):
        """Sends what is still to be sent, for so many seconds at most; then whether all is."""
        deadline = monotonic() + seconds
        poll = select.poll()
        poll.register(self.end, select.POLLOUT)
        while self.outbox and poll.poll(max(0, deadline - monotonic()) * 1000):
            self.flush()
        return not self.outbox

    def leave(self):
        """Closes what this process has of it; other processes may go on."""
        for file in (*self.files, *self.theirs.values()):
            os.close(file)
        self.files, self.theirs = [], {}
        self.end.close()

    def close(self):
        """For the other end too."""
        try:
            self.end.shutdown(socket.SHUT_RDWR)  # also where another process has inherited this end
        except OSError:
            pass
        self.leave()


def wait_for(channels, seconds):
    """Until one of them has something to receive, or its other end is gone; at most so many seconds. Sends meanwhile what is still to be sent."""
    deadline = monotonic() + seconds
    while True:
        poll = select.poll()
        for c in channels:
            poll.register(c.end, select.POLLIN | (select.POLLOUT if c.outbox else 0))
        events = dict(poll.poll(max(0, deadline - monotonic()) * 1000))
        for c in channels:
            if events.get(c.end.fileno(), 0) & select.POLLOUT:
                try:
                    c.flush()
                except Closed:
                    pass  # receive() will say so, after what came before
        if any(event & ~select.POLLOUT for event in events.values()) or monotonic() >= deadline:
            return
