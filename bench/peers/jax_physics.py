"""Burgers' equation by a network of coordinates in JAX, the whole step compiled: derivatives by nested jax.grad or
jax.jvp, by jax.experimental.jet, and by jets carried by hand."""
import math

from files import arrays

NU = 0.01 / math.pi


def pinn(folder, threads, way):
    import jax
    import jax.numpy as jnp
    a = arrays(folder)
    if a["inside.x"].dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    a = {k: jnp.asarray(v) for k, v in a.items()}
    points = {k: (a[k + ".x"].ravel(), a[k + ".t"].ravel()) for k in ("inside", "initial", "low", "high")}
    names = ["net.hidden%d.layer." % k for k in range(sum(k.startswith("net.hidden") for k in a) // 2)] + ["net.out."]
    weights = [(a[n + "weight"], a[n + "bias"]) for n in names]

    def network(p, x, t):
        """Of one point, or of arrays of points."""
        h = jnp.stack([(t - 0.495) * (2 / 0.99), x], -1)
        for w, b in p[:-1]:
            h = jnp.tanh(h @ w + b)
        return (h @ p[-1][0] + p[-1][1])[..., 0]

    def by_grad(p, x, t):
        u, (u_x, u_t) = jax.value_and_grad(network, (1, 2))(p, x, t)
        return u, u_x, u_t, jax.grad(jax.grad(network, 1), 1)(p, x, t)

    def by_jvp(p, x, t):
        one = jnp.ones_like(x)

        def along_x(z):
            return jax.jvp(lambda y: network(p, y, t), (z,), (one,))
        (u, u_x), (_, u_xx) = jax.jvp(along_x, (x,), (one,))
        return u, u_x, jax.jvp(lambda s: network(p, x, s), (t,), (one,))[1], u_xx

    def by_jet(p, x, t):
        from jax.experimental.jet import jet
        one, zero = jnp.ones_like(x), jnp.zeros_like(x)
        u, (u_x, u_xx) = jet(lambda y: network(p, y, t), (x,), ((one, zero),))
        return u, u_x, jax.jvp(lambda s: network(p, x, s), (t,), (one,))[1], u_xx

    def by_hand(p, x, t):
        one, zero = jnp.ones_like(x), jnp.zeros_like(x)
        h, x1 = jnp.stack([(t - 0.495) * (2 / 0.99), x], -1), jnp.stack([zero, one], -1)
        t1, x2 = jnp.stack([one * (2 / 0.99), zero], -1), jnp.zeros_like(h)
        for w, b in p[:-1]:
            h, x1, t1, x2 = jnp.tanh(h @ w + b), x1 @ w, t1 @ w, x2 @ w
            slope = 1 - h * h
            x1, t1, x2 = slope * x1, slope * t1, slope * (x2 - 2 * h * x1 * x1)
        w, b = p[-1]
        return (h @ w + b)[..., 0], (x1 @ w)[..., 0], (t1 @ w)[..., 0], (x2 @ w)[..., 0]
    jets = {"grad": jax.vmap(by_grad, (None, 0, 0)), "jvp": by_jvp, "jet": by_jet, "jets": by_hand}[way]

    def loss_of(p):
        u, u_x, u_t, u_xx = jets(p, *points["inside"])
        x, t = points["initial"]
        loss = ((u_t + u * u_x - NU * u_xx) ** 2).mean() + ((network(p, x, t) + jnp.sin(math.pi * x)) ** 2).mean()
        for side in ("low", "high"):
            loss = loss + (network(p, *points[side]) ** 2).mean()
        return loss

    @jax.jit
    def step(p, m, v, k):
        """Adam by its formula."""
        loss, g = jax.value_and_grad(loss_of)(p)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        p = jax.tree.map(lambda p, m, v: p - 1e-3 * (m / (1 - 0.9 ** k)) / (jnp.sqrt(v / (1 - 0.999 ** k)) + 1e-8),
                         p, m, v)
        return loss, p, m, v

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = [weights, zeros, zeros]
    count = [0]

    def unit():
        count[0] += 1
        loss, *state[:] = step(*state, float(count[0]))
        return [float(loss)]
    return "jax-%s-%s" % (jax.__version__, way), unit


ways = {"jax": "grad", "jax-jvp": "jvp", "jax-jet": "jet", "jax-jets": "jets"}
cases = {(case, opponent): lambda folder, threads, w=ways[opponent]: pinn(folder, threads, w)
         for case in ("pinn", "pinn-f32") for opponent in ways}
