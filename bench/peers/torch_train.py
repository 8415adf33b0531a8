"""PyTorch training steps on the weights and data of the other side: eager, and compiled."""
from files import arrays


def torch_of(threads):
    import torch
    torch.set_num_threads(threads)
    return torch


def stepper(torch, name, params, loss_of, compiled):
    """Adam steps on loss_of(); the optimiser's fused and for-each forms are what a user gets by default."""
    optim = torch.optim.Adam(params, lr=1e-3)
    fast = torch.compile(loss_of) if compiled else loss_of

    def unit():
        optim.zero_grad()
        loss = fast()
        loss.backward()
        optim.step()
        return [loss.item()]
    return "torch-%s%s" % (torch.__version__.split("+")[0], "-compiled" if compiled else ""), unit


def relative(torch, p, y):
    n = p.shape[0]
    return ((p - y).reshape(n, -1).norm(dim=1) / y.reshape(n, -1).norm(dim=1)).mean()


def fno(folder, threads, compiled):
    torch = torch_of(threads)
    F = torch.nn.functional
    a = {k: torch.from_numpy(v) for k, v in arrays(folder).items()}
    x, y = a.pop("x"), a.pop("y")
    w = {k: v.clone().requires_grad_() for k, v in a.items()}
    spectral = {k: torch.view_as_complex(v.detach().clone()).requires_grad_()
                for k, v in w.items() if k.endswith("spectral.weight")}
    for k in spectral:
        del w[k]
    layers = len(spectral)
    dims = x.dim() - 2
    size = x.shape[2:]
    axes = tuple(range(2, 2 + dims))
    grid = [(torch.arange(n) / n).reshape([1, 1] + [n if i == d else 1 for i in range(dims)])
            .expand([x.shape[0], 1] + list(size)) for d, n in enumerate(size)]
    conv = (F.conv1d, F.conv2d, F.conv3d)[dims - 1]

    def point(name, v):
        weight = w[name + ".weight"]
        return conv(v, weight.reshape(list(weight.shape) + [1] * dims), w[name + ".bias"])

    def transform(v, weight):
        modes = [n // 2 for n in weight.shape[2:-1]] + [weight.shape[-1]]
        spectrum = torch.fft.rfftn(v, dim=axes)
        out = torch.zeros([v.shape[0], weight.shape[1]] + list(spectrum.shape[2:]), dtype=spectrum.dtype)
        letters = "xyz"[:dims]
        for corner in range(2 ** (dims - 1)):
            there, of = [slice(None), slice(None)], [slice(None), slice(None)]
            for d in range(dims - 1):
                high = corner >> d & 1
                m = modes[d]
                there.append(slice(-m, None) if high else slice(0, m))
                # weights run over wave numbers -m .. m-1
                of.append(slice(0, m) if high else slice(m, 2 * m))
            there.append(slice(0, modes[-1]))
            of.append(slice(None))
            out[tuple(there)] = torch.einsum("bi%s,io%s->bo%s" % (letters, letters, letters),
                                             spectrum[tuple(there)], weight[tuple(of)])
        return torch.fft.irfftn(out, s=size, dim=axes)

    def loss():
        v = point("lift", torch.cat([x] + grid, 1))
        for i in range(layers):
            b = "block%d." % i
            z = transform(v, spectral[b + "spectral.weight"])
            z = point(b + "mlp1", F.gelu(point(b + "mlp0", z)))
            v = z + point(b + "skip", v)
            if i < layers - 1:
                v = F.gelu(v)
        return relative(torch, point("project", F.gelu(point("project0", v))), y)
    return stepper(torch, "fno", list(w.values()) + list(spectral.values()), loss, compiled)


def unet(folder, threads, compiled):
    torch = torch_of(threads)
    F = torch.nn.functional
    a = {k: torch.from_numpy(v) for k, v in arrays(folder).items()}
    x, y = a.pop("x"), a.pop("y")
    state = {k: v.clone() for k, v in a.items() if k.endswith(("mean", "var", "variance"))}
    w = {k: v.clone().requires_grad_() for k, v in a.items() if k not in state}
    levels = sum(k.startswith("down") and k.endswith("conv0.weight") for k in w)

    def block(name, v):
        for k in "01":
            v = F.conv2d(v, w[name + "conv" + k + ".weight"], padding=1)
            n = name + "norm" + k + "."
            v = F.gelu(F.batch_norm(v, state[n + "mean"], state.get(n + "var", state.get(n + "variance")),
                                    w[n + "gain"].flatten(), w[n + "bias"].flatten(), True, 0.1))
        return v

    def loss():
        v, skip = x, []
        for i in range(levels):
            skip.append(block("down%d." % i, v))
            v = F.max_pool2d(skip[-1], 2)
        v = block("bottom.", v)
        for i in reversed(range(levels)):
            up = "up%d." % i
            v = F.conv_transpose2d(v, w[up + "conv_up.weight"], w[up + "conv_up.bias"], stride=2)
            v = block(up, torch.cat([v, skip[i]], 1))
        weight = w["out.weight"]
        return relative(torch, F.conv2d(v, weight[:, :, None, None], w["out.bias"]), y)
    return stepper(torch, "unet", list(w.values()), loss, compiled)


cases = {}
for name in ("fno2d", "fno2d-16", "fno1d", "fno3d"):
    cases[name, "torch"] = lambda folder, threads: fno(folder, threads, False)
    cases[name, "torch-compiled"] = lambda folder, threads: fno(folder, threads, True)
cases["unet", "torch"] = lambda folder, threads: unet(folder, threads, False)
cases["unet", "torch-compiled"] = lambda folder, threads: unet(folder, threads, True)
