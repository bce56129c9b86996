"""Learns to write like Shakespeare, letter by letter, with an LSTM.

    .venv/bin/python examples/python/shakespeare_lstm.py [--data FILE] [--out DIRECTORY] [--steps N] [--threads N] [--quick] [--torch]

Many readers go through the text at once, each from a place of its own; what they remember goes from piece to piece, gradients do not
(truncated backpropagation through time). The first nine tenths of the text are learnt from, the last is the test.
"""
import argparse
import random
from pathlib import Path

from common import ROOT, Lesson, engine
from shakespeare_gpt import read_text

torch = engine()
nn, optim, F = torch.nn, torch.optim, torch.nn.functional
WIDTH, LAYERS, BATCH, LENGTH = 256, 2, 32, 64


class LetterLSTM(nn.Module):
    """Letters [B, T] and what was remembered → scores of the letter after each, [B, T, letters], and what is remembered."""

    def __init__(self, letters, width=WIDTH, layers=LAYERS):
        super().__init__()
        self.embedding = nn.Embedding(letters, width // 2)
        self.lstm = nn.LSTM(width // 2, width, layers, batch_first=True, dropout=0.2)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(width, letters)

    def forward(self, letters, memory=None):
        y, memory = self.lstm(self.embedding(letters), memory)
        return self.head(self.dropout(y)), memory


def lines(text, readers):
    """The text as one line for each reader, and the same shifted by one."""
    length = (len(text) - 1) // readers
    return text[:readers * length].reshape(readers, length), text[1:readers * length + 1].reshape(readers, length)


def loss_of(net, x, y, memory):
    scores, memory = net(x, memory)
    return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), y.reshape(-1)), tuple(m.detach() for m in memory)


@torch.no_grad()
def test_loss(net, text, length, pieces):
    """The mean loss over the first pieces of every line."""
    net.eval()
    x, y = lines(text, BATCH)
    total, memory, count = 0.0, None, 0
    for at in range(0, min(x.shape[1], pieces * length) - length + 1, length):
        loss, memory = loss_of(net, x[:, at:at + length], y[:, at:at + length], memory)
        total, count = total + loss.item(), count + 1
    net.train()
    return total / count


@torch.no_grad()
def write(net, letters, length, seed=1):
    """Text from the network's own mouth: each letter drawn from its scores."""
    net.eval()
    numbers, tokens, memory = random.Random(seed), [0], None
    for _ in range(length):
        scores, memory = net(torch.tensor([tokens[-1:]]), memory)
        tokens.append(numbers.choices(range(len(letters)), F.softmax(scores[0, -1] / 0.8, 0).tolist())[0])
    return "".join(letters[t] for t in tokens[1:])


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", default=ROOT / "examples" / "data" / "shakespeare.txt")
    options.add_argument("--out", default=".")
    options.add_argument("--steps", type=int, default=3000)
    options.add_argument("--threads", type=int, default=0)
    options.add_argument("--quick", action="store_true", help="four hundred steps of a smaller network")
    options.add_argument("--torch", action="store_true", help="run on PyTorch")
    options = options.parse_args()
    torch.manual_seed(7)
    if options.threads:
        torch.set_num_threads(options.threads)
    letters, text = read_text(options.data)
    cut = len(text) * 9 // 10
    train, test = text[:cut], text[cut:]
    net, length = (LetterLSTM(len(letters), 64), 32) if options.quick else (LetterLSTM(len(letters)), LENGTH)
    steps, pieces = (400, 4) if options.quick else (options.steps, 20)
    every = max(steps // 20, 1)
    print(f"{len(train):,} letters to learn from, {len(test):,} for the test, {len(letters)} different; {sum(p.numel() for p in net.parameters()):,} weights", flush=True)

    optimizer = optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=1e-4)
    x, y = lines(train, BATCH)
    memory, at, lesson = None, 0, Lesson("shakespeare_lstm", steps, every)
    for step in range(1, steps + 1):
        if at + length > x.shape[1]:
            memory, at = None, 0
        loss, memory = loss_of(net, x[:, at:at + length], y[:, at:at + length], memory)
        at += length
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        lesson.note(step, loss.item(), lambda: test_loss(net, test, length, pieces))
    lesson.finish(Path(options.out), write(net, letters, 60 if options.quick else 600), lambda path: torch.save(net.state_dict(), path))


if __name__ == "__main__":
    main()
