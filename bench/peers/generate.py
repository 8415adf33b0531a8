"""Generators: the FNO paper's Navier-Stokes arithmetic in PyTorch and JAX, exponax for Kuramoto-Sivashinsky, SciPy's sparse
direct solver for Darcy flow."""
import math

import numpy as np

from files import arrays


def summary(u):
    u = np.asarray(u, dtype=np.float64).ravel()
    return [math.sqrt((u * u).mean()), u[u.size // 3], u[u.size // 2]]


def flow(n):
    """(batch, points) initial vorticity, sizes, steps by case."""
    return {"ns2d-64": (64, 100, 1e-3, np.float32), "ns2d-256": (256, 20, 1e-4, np.float64)}[n]


def navier_stokes_torch(name, folder, threads):
    import torch
    torch.set_num_threads(threads)
    n, steps, viscosity, real = flow(name)
    w0 = torch.from_numpy(arrays(folder)["start"].astype(real)).reshape(-1, n, n)
    dt = 1e-3
    k = torch.cat([torch.arange(0, n // 2), torch.arange(-n // 2, 0)]).to(w0.dtype)
    kx, ky = k[:, None].expand(n, n)[:, :n // 2 + 1], k[None, :].expand(n, n)[:, :n // 2 + 1].abs()
    lap = 4 * math.pi ** 2 * (kx ** 2 + ky ** 2)
    safe = lap.clone()
    safe[0, 0] = 1
    keep = ((kx.abs() < n / 3) & (ky.abs() < n / 3)).to(w0.dtype)
    s = torch.arange(n).to(w0.dtype) / n
    f = 0.1 * (torch.sin(2 * math.pi * (s[:, None] + s[None])) + torch.cos(2 * math.pi * (s[:, None] + s[None])))
    f_h = torch.fft.rfft2(f)

    def unit():
        w_h = torch.fft.rfft2(w0)
        for _ in range(steps):
            psi = w_h / safe
            q = torch.fft.irfft2(2j * math.pi * ky * psi, s=(n, n))
            v = torch.fft.irfft2(-2j * math.pi * kx * psi, s=(n, n))
            w_x = torch.fft.irfft2(2j * math.pi * kx * w_h, s=(n, n))
            w_y = torch.fft.irfft2(2j * math.pi * ky * w_h, s=(n, n))
            g = keep * torch.fft.rfft2(q * w_x + v * w_y)
            half = 0.5 * dt * viscosity * lap
            w_h = (-dt * g + dt * f_h + (1 - half) * w_h) / (1 + half)
        return summary(torch.fft.irfft2(w_h, s=(n, n))[0].numpy())
    return "torch-" + torch.__version__.split("+")[0], unit


def navier_stokes_jax(name, folder, threads):
    import jax
    import jax.numpy as jnp
    n, steps, viscosity, real = flow(name)
    if real == np.float64:
        jax.config.update("jax_enable_x64", True)
    w0 = jnp.asarray(arrays(folder)["start"].astype(real)).reshape(-1, n, n)
    dt = 1e-3
    k = np.concatenate([np.arange(0, n // 2), np.arange(-n // 2, 0)]).astype(real)
    kx, ky = np.broadcast_to(k[:, None], (n, n))[:, :n // 2 + 1], np.abs(np.broadcast_to(k[None], (n, n))[:, :n // 2 + 1])
    lap = (4 * math.pi ** 2 * (kx ** 2 + ky ** 2)).astype(real)
    safe = lap.copy()
    safe[0, 0] = 1
    keep = ((np.abs(kx) < n / 3) & (np.abs(ky) < n / 3)).astype(real)
    s = np.arange(n, dtype=real) / n
    f = 0.1 * (np.sin(2 * math.pi * (s[:, None] + s[None])) + np.cos(2 * math.pi * (s[:, None] + s[None])))
    f_h = jnp.fft.rfft2(jnp.asarray(f.astype(real)))
    half = 0.5 * dt * viscosity * lap

    @jax.jit
    def march(w):
        def step(w_h, _):
            psi = w_h / safe

            def back(a):
                return jnp.fft.irfft2(a, s=(n, n))
            q, v = back(2j * math.pi * ky * psi), back(-2j * math.pi * kx * psi)
            g = keep * jnp.fft.rfft2(q * back(2j * math.pi * kx * w_h) + v * back(2j * math.pi * ky * w_h))
            return ((-dt * g + dt * f_h + (1 - half) * w_h) / (1 + half)).astype(w_h.dtype), None
        w_h, _ = jax.lax.scan(step, jnp.fft.rfft2(w), None, length=steps)
        return jnp.fft.irfft2(w_h, s=(n, n))

    return "jax-" + jax.__version__, lambda: summary(march(w0)[0])


def kuramoto(folder, threads):
    import exponax
    import jax
    jax.config.update("jax_enable_x64", True)
    u0 = jax.numpy.asarray(arrays(folder)["start"]).reshape(1, -1)
    stepper = exponax.stepper.KuramotoSivashinskyConservative(1, 100.0, 256, 0.05, order=4, dealiasing_fraction=2 / 3)
    march = jax.jit(exponax.repeat(stepper, 2000))
    return "exponax-" + exponax.__version__, lambda: summary(march(u0)[0])


def darcy(folder, threads):
    import scipy
    import scipy.sparse as sp
    import scipy.sparse.linalg as la
    a = arrays(folder)["start"].reshape(421, 421)
    n, h = 419, 1 / 420

    def unit():
        east, north = (a[1:-1, 1:] + a[1:-1, :-1]) / 2, (a[1:, 1:-1] + a[:-1, 1:-1]) / 2
        main = (east[:, 1:] + east[:, :-1] + north[1:] + north[:-1]).ravel()
        side = east[:, 1:-1]
        side = np.concatenate([side, np.zeros((n, 1))], 1).ravel()[:-1]
        down = north[1:-1].ravel()
        m = sp.diags([main, -side, -side, -down, -down], [0, 1, -1, n, -n], format="csc") / h ** 2
        u = np.zeros((421, 421))
        u[1:-1, 1:-1] = la.spsolve(m, np.ones(n * n)).reshape(n, n)
        return summary(u)
    return "scipy-" + scipy.__version__, unit


cases = {("ks1d", "exponax"): kuramoto, ("darcy", "scipy"): darcy}
for case in ("ns2d-64", "ns2d-256"):
    cases[case, "torch"] = lambda folder, threads, name=case: navier_stokes_torch(name, folder, threads)
    cases[case, "jax"] = lambda folder, threads, name=case: navier_stokes_jax(name, folder, threads)
