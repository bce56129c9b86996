"""progress: how far a long loop is. A bar by tqdm where that is installed, plain lines on stderr where it is not."""

import sys
import time


def progress(iterable, total=None, desc=None, *, show=None, **postfix):
    """Goes through iterable and shows how far it is, how fast, and what postfix names: progress(loader, desc="epoch 3", loss=0.5).

    total: the number of items, by default len(iterable) where there is one. What it returns has set_postfix(**values) and
    set_description(text), to say something new as the loop goes on. show: True, False, or None for where somebody looks, a terminal or a
    notebook. Without tqdm at most one line a second is written.
    """
    notebook = "ipykernel" in sys.modules
    if show is None:
        show = notebook or (sys.stderr is not None and sys.stderr.isatty())
    if total is None:
        total = len(iterable) if hasattr(type(iterable), "__len__") else None
    if show:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            pass
        else:
            return tqdm(iterable, total=total, desc=desc, postfix=postfix or None)
    return _Lines(iterable, total, desc, show, postfix)


class _Lines:
    """Lines such as "epoch 3: 120/938 (13 %), 61.0/s, 13 s left, loss 0.41"."""

    def __init__(self, iterable, total, desc, show, postfix):
        self._iterable, self.total, self.desc, self._show = iterable, total, desc, show
        self.set_postfix(**postfix)
        self.n = 0

    def __len__(self):
        if self.total is None:
            raise TypeError("the number of items is not known")
        return self.total

    def __iter__(self):
        if not self._show:
            yield from self._iterable
            return
        start = last = time.monotonic()
        for item in self._iterable:
            yield item
            self.n += 1
            now = time.monotonic()
            if now - last >= 1:
                last = now
                print(self._line(now - start), file=sys.stderr, flush=True)

    def _line(self, seconds):
        speed = self.n / seconds
        parts = [f"{self.n}/{self.total} ({100 * self.n / self.total:.0f} %)" if self.total else str(self.n), f"{speed:.1f}/s"]
        if self.total:
            left = round(max(self.total - self.n, 0) / speed)
            parts.append(f"{left} s left" if left < 100 else f"{left // 60}:{left % 60:02} min left")
        parts += [f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in self.postfix.items()]
        return (f"{self.desc}: " if self.desc else "") + ", ".join(parts)

    def set_postfix(self, ordered_dict=None, refresh=True, **values):
        """What is said after the count, by name."""
        self.postfix = {**(ordered_dict or {}), **values}

    def set_description(self, desc=None, refresh=True):
        """What is said before the count."""
        self.desc = desc
