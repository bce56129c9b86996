def make_grid(pictures, *_, **__):
    return pictures[0]


def save_image(*_, **__):
    pass
