"""Random numbers and paths of geometric Brownian motion."""


def normals_torch(folder, threads):
    import torch
    torch.set_num_threads(threads)
    out = torch.empty(10 ** 7)

    def unit():
        out.normal_()
        return []
    return "torch-" + torch.__version__.split("+")[0], unit


def paths_torch(folder, threads):
    import torch
    torch.set_num_threads(threads)
    steps, root = 10000, (1 / 10000) ** 0.5

    def unit():
        x = torch.ones(4096, dtype=torch.float64)
        for _ in range(steps):
            x = x + 0.1 * x / steps + 0.3 * x * root * torch.randn(4096, dtype=torch.float64)
        return []
    return "torch-" + torch.__version__.split("+")[0], unit


def paths_jax(folder, threads):
    import jax
    jax.config.update("jax_enable_x64", True)
    steps, root = 10000, (1 / 10000) ** 0.5

    @jax.jit
    def walk(key):
        def step(x, k):
            return x + 0.1 * x / steps + 0.3 * x * root * jax.random.normal(k, (4096,)), None
        return jax.lax.scan(step, jax.numpy.ones(4096), jax.random.split(key, steps))[0]

    def unit():
        walk(jax.random.key(1)).block_until_ready()
        return []
    return "jax-" + jax.__version__, unit


cases = {("normals", "torch"): normals_torch, ("sde-paths", "torch"): paths_torch, ("sde-paths", "jax"): paths_jax}
