"""Arrays that the other side left in a folder."""
import os

import numpy as np


def arrays(where):
    out = {}
    for line in open(os.path.join(where, "arrays")):
        name, kind, *dims = line.split()
        data = np.fromfile(os.path.join(where, name + "." + kind), dtype=np.float32 if kind == "f32" else np.float64)
        out[name] = data.reshape([int(d) for d in dims])
    return out
