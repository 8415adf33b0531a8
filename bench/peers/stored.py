"""h5py and PyTorch's DataLoader: samples out of a file into batches, and blocks into a file."""
import os

import numpy as np

from files import arrays


def opened(folder, threads):
    import h5py
    import torch
    torch.set_num_threads(threads)
    return h5py, torch, "h5py-" + h5py.__version__


def read(folder, threads, kept):
    """kept: the whole file into tensors first; otherwise each sample out of the file when it is asked for."""
    h5py, torch, name = opened(folder, threads)
    order = arrays(folder)["order"].astype(int).tolist()

    class Pairs(torch.utils.data.Dataset):
        def __init__(self, file):
            self.a, self.u = file["data/a"], file["data/u"]

        def __len__(self):
            return len(self.a)

        def __getitem__(self, i):
            return torch.from_numpy(self.a[i]), torch.from_numpy(self.u[i])

    def unit():
        total = 0.0
        with h5py.File(os.path.join(folder, "data.h5"), "r") as f:
            if kept:
                data = torch.utils.data.TensorDataset(*(torch.from_numpy(f["data/" + n][...]) for n in "au"))
            else:
                data = Pairs(f)
            for x, y in torch.utils.data.DataLoader(data, batch_size=32, sampler=order):
                total += float(x[0].flatten()[0]) + float(y[-1].flatten()[-1])
        return [total]
    return name + ("-kept" if kept else ""), unit


def write(folder, threads):
    h5py, torch, name = opened(folder, threads)
    field = np.random.default_rng(1).standard_normal((2, 1024, 64, 64))

    def unit():
        path = os.path.join(folder, "theirs.h5")
        with h5py.File(path + ".part", "w") as f:
            sets = [f.create_dataset("data/" + n, (1024, 64, 64), "f4") for n in "au"]
            for i in range(0, 1024, 128):
                for k in range(2):
                    sets[k][i:i + 128] = field[k, i:i + 128]
                f.flush()
                os.fsync(f.id.get_vfd_handle())
        os.replace(path + ".part", path)
        return []
    return name, unit


cases = {("hdf5-write", "h5py"): write}
for case in ("hdf5-read", "hdf5-read-file"):
    cases[case, "h5py"] = lambda folder, threads: read(folder, threads, False)
    cases[case, "h5py-kept"] = lambda folder, threads: read(folder, threads, True)
