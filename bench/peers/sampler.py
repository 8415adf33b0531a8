"""DPM-Solver++(2M) around an exact model of Gaussian data, in PyTorch, in double as ours."""
import math

from files import arrays


def loop(folder, threads):
    import torch
    torch.set_num_threads(threads)
    a = arrays(folder)
    start, levels = torch.from_numpy(a["start"]), a["levels"].tolist()
    steps = len(levels) - 1

    @torch.no_grad()
    def unit():
        x, old = start, None
        for i in range(steps):
            alpha, sigma, lam = levels[i]
            to_alpha, to_sigma, to_lam = levels[i + 1]
            noise = x * (sigma / (alpha * alpha * 0.25 + sigma * sigma))
            data = (x - sigma * noise) / alpha
            h = to_lam - lam
            if old is None:
                mixed = data
            else:
                r = (lam - levels[i - 1][2]) / h
                mixed = (1 + 1 / (2 * r)) * data - 1 / (2 * r) * old
            x = (to_sigma / sigma) * x - to_alpha * math.expm1(-h) * mixed
            old = data
        flat = x.flatten()
        return [float(flat[0]), float(flat[-1])]
    unit.units = steps
    return "torch-" + torch.__version__.split("+")[0], unit


cases = {("sampler", "torch"): loop}
