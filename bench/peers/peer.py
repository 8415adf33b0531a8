"""The opponents' side of the protocol of bench.c: peer.py CASE DIR THREADS FRAMEWORK."""
import os
import sys
import time

case, folder, threads, framework = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(threads)
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=%s intra_op_parallelism_threads=%d" % (
    "true" if threads > 1 else "false", threads)
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def used_seconds():
    """Processor seconds of this process and of those that it has waited for."""
    return sum(os.times()[2:4]) + time.process_time()


def serve(name, unit):
    """unit() does one unit of work, or unit.units of them, to its end, and returns numbers to compare (a list, may be empty)."""
    each = getattr(unit, "units", 1)
    values = [v for _ in range(3) for v in unit()]
    print("ready", "name=" + name, *("%.17g" % v for v in values), flush=True)
    for line in sys.stdin:
        word = line.split()
        if word[:1] != ["run"]:
            break
        start, used, units = time.perf_counter(), used_seconds(), 0
        while True:
            unit()
            units += each
            now = time.perf_counter()
            if now - start >= float(word[1]):
                break
        print("%.9g %.9g" % ((now - start) / units, (used_seconds() - used) / units), flush=True)


if __name__ == "__main__":
    import diffeq
    import draw
    import generate
    import jax_physics
    import sampler
    import start
    import stored
    import torch_network
    import torch_physics
    import torch_train
    for module in (torch_train, torch_network, torch_physics, jax_physics, diffeq, generate, draw, sampler, start, stored):
        if (case, framework) in module.cases:
            serve(*module.cases[case, framework](folder, threads))
            break
    else:
        sys.exit("peer.py: no opponent '%s' for %s" % (framework, case))
