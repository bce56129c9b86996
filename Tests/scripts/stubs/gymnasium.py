"""CartPole by its equations (Barto, Sutton and Anderson 1983), in NumPy: what the programs about reinforcement learning ask for."""

import numpy as np


class _Space:
    n = 2

    def sample(self):
        return int(np.random.randint(2))


class _CartPole:
    action_space = _Space()

    def __init__(self):
        self.random, self.state = np.random.default_rng(0), None

    def reset(self, seed=None, **_):
        if seed is not None:
            self.random = np.random.default_rng(seed)
        self.state, self.steps = self.random.uniform(-0.05, 0.05, 4), 0
        return self.state.astype(np.float32), {}

    def step(self, action):
        x, v, angle, w = self.state
        force, sin, cos = (10.0 if int(action) else -10.0), np.sin(angle), np.cos(angle)
        push = (force + 0.05 * w * w * sin) / 1.1
        turn = (9.8 * sin - cos * push) / (0.5 * (4 / 3 - 0.1 * cos * cos / 1.1))
        self.state = np.array([x + 0.02 * v, v + 0.02 * (push - 0.05 * turn * cos / 1.1), angle + 0.02 * w, w + 0.02 * turn])
        self.steps += 1
        over = bool(abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.2095)
        return self.state.astype(np.float32), 1.0, over, self.steps >= 500, {}

    def seed(self, seed):
        self.random = np.random.default_rng(seed)

    def render(self):
        pass

    close = render


class _Spec:
    reward_threshold = 475.0


_CartPole.spec = _Spec()


def make(name, **_):
    return _CartPole()
