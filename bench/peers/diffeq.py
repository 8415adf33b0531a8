"""Neural ordinary differential equations: torchdiffeq (through the steps, and by the adjoint equation) and diffrax
(recursive checkpointing, the whole step compiled)."""
from files import arrays


def by_torch(folder, threads, adjoint):
    import torch
    import torchdiffeq
    torch.set_num_threads(threads)
    a = {k: torch.from_numpy(v) for k, v in arrays(folder).items()}
    u, t = a.pop("u"), a.pop("t")

    class Field(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w0, self.b0, self.w1, self.b1 = (torch.nn.Parameter(a["field." + k].clone()) for k in
                                                  ("hidden0.weight", "hidden0.bias", "out.weight", "out.bias"))

        def forward(self, t, y):
            h = torch.nn.functional.softplus(torch.addmm(self.b0, y, self.w0))
            return torch.tanh(torch.addmm(self.b1, h, self.w1))
    field = Field()
    optim = torch.optim.Adam(field.parameters(), lr=1e-3)
    target = u.permute(1, 0, 2).contiguous()
    odeint = torchdiffeq.odeint_adjoint if adjoint else torchdiffeq.odeint

    def unit():
        optim.zero_grad()
        y = odeint(field, target[0], t, method="dopri5", rtol=1e-6, atol=1e-6)
        loss = (y - target).square().mean()
        loss.backward()
        optim.step()
        return [loss.item()]
    return "torchdiffeq-%s%s" % (torchdiffeq.__version__, "-adjoint" if adjoint else ""), unit


def by_diffrax(folder, threads):
    import diffrax
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    a = arrays(folder)
    t = a.pop("t")
    first, last = float(t[0]), float(t[-1])
    a = {k: jnp.asarray(v) for k, v in a.items()}
    u = a.pop("u")
    target = jnp.moveaxis(u, 1, 0)
    weights = [a["field." + k] for k in ("hidden0.weight", "hidden0.bias", "out.weight", "out.bias")]

    def field(t, y, p):
        return jnp.tanh(jax.nn.softplus(y @ p[0] + p[1]) @ p[2] + p[3])
    saves = diffrax.SaveAt(ts=t) if t.shape[0] > 2 else diffrax.SaveAt(t0=True, t1=True)

    def loss_of(p):
        y = diffrax.diffeqsolve(diffrax.ODETerm(field), diffrax.Dopri5(), first, last, None, target[0], p,
                                saveat=saves, stepsize_controller=diffrax.PIDController(rtol=1e-6, atol=1e-6),
                                adjoint=diffrax.RecursiveCheckpointAdjoint()).ys
        return ((y - target) ** 2).mean()

    @jax.jit
    def step(p, m, v, k):
        """Adam by its formula."""
        loss, g = jax.value_and_grad(loss_of)(p)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        p = jax.tree.map(lambda p, m, v: p - 1e-3 * (m / (1 - 0.9 ** k)) / (jnp.sqrt(v / (1 - 0.999 ** k)) + 1e-8),
                         p, m, v)
        return loss, p, m, v

    zeros = [jnp.zeros_like(w) for w in weights]
    state = [weights, zeros, zeros]
    count = [0]

    def unit():
        count[0] += 1
        loss, *state[:] = step(*state, float(count[0]))
        return [float(loss)]
    return "diffrax-" + diffrax.__version__, unit


cases = {}
for case in ("neural-ode", "neural-ode-end"):
    cases[case, "torchdiffeq"] = lambda folder, threads: by_torch(folder, threads, False)
    cases[case, "torchdiffeq-adjoint"] = lambda folder, threads: by_torch(folder, threads, True)
    cases[case, "diffrax"] = by_diffrax
