"""A transformer's training step and sampling with a U-Net in PyTorch, on our weights: eager, and compiled."""
import math

from files import arrays
from torch_train import stepper, torch_of


def transformer(folder, threads, compiled):
    torch = torch_of(threads)
    F = torch.nn.functional
    a = {k: torch.from_numpy(v) for k, v in arrays(folder).items()}
    x, y = a.pop("x"), a.pop("y")
    heads, width = 4, x.shape[2]
    layers = sum(k.endswith("query.weight") for k in a)
    for i in range(layers):  # one product for queries, keys and values
        for part in ("weight", "bias"):
            three = [a.pop("layer%d.attention.%s.%s" % (i, k, part)) for k in ("query", "key", "value")]
            a["layer%d.attention.all.%s" % (i, part)] = torch.cat(three, -1)
    # Linear's layout: (out, in)
    w = {k: (v.t().contiguous() if v.dim() == 2 else v.clone()).requires_grad_() for k, v in a.items()}

    def linear(name, v):
        return F.linear(v, w[name + ".weight"], w[name + ".bias"])

    def norm(name, v):
        return F.layer_norm(v, (width,), w[name + ".gain"], w[name + ".bias"])

    def loss():
        v = x
        for i in range(layers):
            at = "layer%d." % i
            parts = linear(at + "attention.all", norm(at + "norm0", v)).view(x.shape[0], x.shape[1], 3, heads, -1)
            q, k, value = parts.permute(2, 0, 3, 1, 4)
            z = F.scaled_dot_product_attention(q, k, value).transpose(1, 2).reshape(x.shape)
            v = v + linear(at + "attention.out", z)
            z = F.gelu(linear(at + "mlp.hidden0", norm(at + "norm1", v)))
            v = v + linear(at + "mlp.out", z)
        return (norm("norm", v) - y).square().mean()
    return stepper(torch, "transformer", list(w.values()), loss, compiled)


def denoiser(torch, w):
    """The model time-unet with its default keys."""
    F = torch.nn.functional
    multiple, blocks, width = (1, 2, 2), 2, 32
    frequency = 1000 * torch.exp(-math.log(1e4) * torch.arange(16, dtype=torch.float64) / 15).float()

    def linear(name, v):
        return F.linear(v, w[name + ".weight"], w[name + ".bias"])

    def conv(name, v, stride=1):
        return F.conv2d(v, w[name + ".weight"], w[name + ".bias"], stride=stride, padding=1)

    def norm(name, v):
        return F.group_norm(v, 8, w[name + ".gain"], w[name + ".bias"])

    def residual(name, v, time):
        z = conv(name + ".conv0", F.silu(norm(name + ".norm0", v)))
        z = z + linear(name + ".time", F.silu(time))[:, :, None, None]
        z = conv(name + ".conv1", F.silu(norm(name + ".norm1", z)))
        if name + ".skip.weight" in w:
            v = F.conv2d(v, w[name + ".skip.weight"][:, :, None, None], w[name + ".skip.bias"])
        return v + z

    def attend(name, v):
        z = norm(name + ".norm", v).flatten(2).transpose(1, 2)
        q, k, value = (linear(name + ".attention." + part, z) for part in ("query", "key", "value"))
        z = linear(name + ".attention.out", F.scaled_dot_product_attention(q, k, value))
        return v + z.transpose(1, 2).reshape(v.shape)

    def level(name, v, time, coarsest):
        v = residual(name, v, time)
        return attend(name + "_attention", v) if coarsest else v

    def estimate(v, t):
        angle = t[:, None] * frequency
        time = torch.cat([torch.sin(angle), torch.cos(angle)], 1)
        time = linear("time.out", F.silu(linear("time.hidden0", time)))
        v = conv("lift", v)
        skip, last = [v], len(multiple) - 1
        for i in range(last + 1):
            for k in range(blocks):
                v = level("down%d_%d" % (i, k), v, time, i == last)
                skip.append(v)
            if i < last:
                v = conv("down%d" % i, v, 2)
                skip.append(v)
        v = attend("middle_attention", residual("middle0", v, time))
        v = residual("middle1", v, time)
        for i in range(last, -1, -1):
            for k in range(blocks + 1):
                v = level("up%d_%d" % (i, k), torch.cat([v, skip.pop()], 1), time, i == last)
            if i > 0:
                v = conv("up%d" % i, F.interpolate(v, scale_factor=2))
        return conv("out", F.silu(norm("norm", v)))
    return estimate


def sample(folder, threads, compiled):
    torch = torch_of(threads)
    a = {k: torch.from_numpy(v) for k, v in arrays(folder).items()}
    start, times = a.pop("start").float(), a.pop("times").tolist()
    linear = ("query", "key", "value", "attention.out", "time", "hidden0", "time.out")
    w = {k: v.t().contiguous() if v.dim() == 2 and k[:-len(".weight")].endswith(linear) else v for k, v in a.items()}
    estimate = denoiser(torch, w)
    if compiled:
        estimate = torch.compile(estimate)

    def at(t):
        log_alpha = -0.25 * t * t * 19.9 - 0.05 * t
        sigma = math.sqrt(-math.expm1(2 * log_alpha))
        return math.exp(log_alpha), sigma, log_alpha - math.log(sigma)

    def unit():
        x, before, h_before = start, None, None
        with torch.no_grad():
            for s, t in zip(times, times[1:]):
                (alpha, sigma, level), (alpha_t, sigma_t, level_t) = at(s), at(t)
                h = level_t - level
                data = (x - sigma * estimate(x, torch.full((x.shape[0],), s))) / alpha
                slope = data if before is None else data + h / (2 * h_before) * (data - before)
                x = sigma_t / sigma * x - alpha_t * math.expm1(-h) * slope
                before, h_before = data, h
        flat = x.flatten()
        return [flat[(2 * k + 1) * (flat.numel() // 8) + k].item() for k in range(4)]
    return "torch-%s%s" % (torch.__version__.split("+")[0], "-compiled" if compiled else ""), unit


cases = {}
for name, case in (("transformer", transformer), ("unet-sample", sample)):
    cases[name, "torch"] = lambda folder, threads, case=case: case(folder, threads, False)
    cases[name, "torch-compiled"] = lambda folder, threads, case=case: case(folder, threads, True)
