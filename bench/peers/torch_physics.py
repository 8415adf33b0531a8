"""Burgers' equation by a network of coordinates in PyTorch: derivatives by nested autograd, and by forward mode."""
import math

from files import arrays

NU = 0.01 / math.pi


def problem(torch, folder):
    """Points of the groups and the weights, leaves with gradients, layer by layer."""
    a = {k: torch.from_numpy(v) for k, v in arrays(folder).items()}
    points = {k: (a[k + ".x"].reshape(-1, 1), a[k + ".t"].reshape(-1, 1)) for k in ("inside", "initial", "low", "high")}
    names = ["net.hidden%d.layer." % k for k in range(sum(k.startswith("net.hidden") for k in a) // 2)] + ["net.out."]
    return points, [(a[n + "weight"].clone().requires_grad_(), a[n + "bias"].clone().requires_grad_()) for n in names]


def network(torch, weights, x, t):
    h = torch.cat([(t - 0.495) * (2 / 0.99), x], 1)
    for w, b in weights[:-1]:
        h = torch.tanh(torch.addmm(b, h, w))
    return torch.addmm(weights[-1][1], h, weights[-1][0])


def sides(torch, weights, points):
    """Mean squares at the first time and on both sides."""
    x, t = points["initial"]
    loss = (network(torch, weights, x, t) + torch.sin(math.pi * x)).square().mean()
    for side in ("low", "high"):
        loss = loss + network(torch, weights, *points[side]).square().mean()
    return loss


def nested(torch, weights, points):
    x, t = (v.detach().requires_grad_() for v in points["inside"])
    u = network(torch, weights, x, t)
    u_x, u_t = torch.autograd.grad(u, (x, t), torch.ones_like(u), create_graph=True)
    u_xx, = torch.autograd.grad(u_x, x, torch.ones_like(u_x), create_graph=True)
    return (u_t + u * u_x - NU * u_xx).square().mean()


def forward(torch, weights, points):
    """Slopes by forward mode, the curvature by forward mode of it."""
    x, t = points["inside"]
    one = torch.ones_like(x)

    def along_x(z):
        return torch.func.jvp(lambda y: network(torch, weights, y, t), (z,), (one,))
    (u, u_x), (_, u_xx) = torch.func.jvp(along_x, (x,), (one,))
    u_t = torch.func.jvp(lambda s: network(torch, weights, x, s), (t,), (one,))[1]
    return (u_t + u * u_x - NU * u_xx).square().mean()


def jets(torch, weights, points):
    """Value, slopes and curvature carried through the layers by hand."""
    x, t = points["inside"]
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    h, x1 = torch.cat([(t - 0.495) * (2 / 0.99), x], 1), torch.cat([zero, one], 1)
    t1, x2 = torch.cat([one * (2 / 0.99), zero], 1), torch.cat([zero, zero], 1)
    for w, b in weights[:-1]:
        h, x1, t1, x2 = torch.tanh(torch.addmm(b, h, w)), x1 @ w, t1 @ w, x2 @ w
        slope = 1 - h * h
        x1, t1, x2 = slope * x1, slope * t1, slope * (x2 - 2 * h * x1 * x1)
    w, b = weights[-1]
    u, u_x, u_t, u_xx = torch.addmm(b, h, w), x1 @ w, t1 @ w, x2 @ w
    return (u_t + u * u_x - NU * u_xx).square().mean()


def pinn(folder, threads, residual, compiled, name):
    import torch
    torch.set_num_threads(threads)
    points, weights = problem(torch, folder)
    optim = torch.optim.Adam([v for layer in weights for v in layer], lr=1e-3)

    def loss_of():
        return residual(torch, weights, points) + sides(torch, weights, points)
    fast = torch.compile(loss_of) if compiled else loss_of

    def unit():
        optim.zero_grad()
        loss = fast()
        loss.backward()
        optim.step()
        return [loss.item()]
    return "torch-%s%s" % (torch.__version__.split("+")[0], name), unit


ways = {"torch": (nested, False, ""), "torch-func": (forward, False, "-func"), "torch-jets": (jets, False, "-jets"),
        "torch-func-compiled": (forward, True, "-func-compiled"), "torch-compiled": (jets, True, "-jets-compiled")}
cases = {(case, way): lambda folder, threads, w=ways[way]: pinn(folder, threads, *w)
         for case in ("pinn", "pinn-f32") for way in ways}
