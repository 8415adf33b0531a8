"""The smallest program of a framework, from its start to its end: the import alone."""
import subprocess
import sys


def importing(module, name):
    def made(folder, threads):
        def unit():
            subprocess.run([sys.executable, "-c", "import " + module], check=True)
            return []
        return name, unit
    return made


cases = {}
for kind in ("start", "small"):
    for tool in ("gen", "train", "solve", "sample", "eval"):
        cases[kind + "-" + tool, "torch"] = importing("torch", "import-torch")
        cases[kind + "-" + tool, "jax"] = importing("jax", "import-jax")
