"""The PyTorch side of speed.py, run by it with the Python of another environment (torch and numpy alone).

    python torch_side.py DATA.npz

Answers each JSON request on stdin with one JSON line on stdout. Written as well as PyTorch's modules allow:
packed or padded batches, a dense or sparse embedding, fused Adam; speed.py times all and keeps the fastest.
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

Arrays = dict[str, Tensor]


class Batch(NamedTuple):
    """Sentences, longest first, by time step: T steps, B sentences, N tokens."""

    positions: Tensor  # (N,) of each token in the corpus, row by row of the packed batch
    sizes: Tensor  # (T,) sentences still running: the batch_sizes of a PackedSequence
    padded: Tensor  # (T, B) positions, anything where a sentence is over
    rows: Tensor  # (N,) of each token among the T·B cells
    reverse: Tensor  # (T·B,) cell that a net reading backward sees at this cell


def collate(starts: Tensor, sentences: Tensor, layout: str) -> Batch:
    """Lay out a batch as ``pack_padded_sequence(enforce_sorted=True)`` would, for all arrays at once."""
    first, lengths = starts[sentences], starts[sentences + 1] - starts[sentences]
    step = torch.arange(int(lengths[0]))[:, None]
    running = step < lengths
    padded = first + torch.minimum(step, lengths - 1)
    positions, sizes = padded[running], running.sum(1)
    if layout == "packed":
        return Batch(positions, sizes, padded, padded, padded)
    mirrored = torch.where(running, lengths - 1 - step, step)
    reverse = mirrored * len(sentences) + torch.arange(len(sentences))
    return Batch(positions, sizes, padded, running.flatten().nonzero()[:, 0], reverse.flatten())


MODULES = {"simple": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Tagger(nn.Module):
    """Embedding, a recurrent layer, linear output; the weights are rnncli's."""

    def __init__(self, weights: Arrays, cell: str, layout: str, sparse: bool, dropout: float) -> None:
        super().__init__()
        words, width = weights["input/embedding"].shape
        tags, read = weights["output/V"].shape
        directions, gates, hidden = weights["layer1/W"].shape
        both = layout == "packed" and directions == 2
        self.layout, self.rate = layout, dropout
        self.table = nn.Embedding(words, width, sparse=sparse)
        # They would begin a padded sentence's backward pass in the padding: there, one for each direction.
        nets = [MODULES[cell](width, hidden, bidirectional=both) for _ in range(1 if both else directions)]
        self.nets = nn.ModuleList(nets)
        self.output = nn.Linear(read, tags)
        names = [(net, end) for net in nets for end in (["l0", "l0_reverse"] if both else ["l0"])]
        with torch.no_grad():
            self.table.weight.copy_(weights["input/embedding"])
            self.output.weight.copy_(weights["output/V"])
            self.output.bias.copy_(weights["output/c"])
            for direction, (net, end) in enumerate(names):
                units = slice(direction * gates, (direction + 1) * gates)
                getattr(net, f"weight_ih_{end}").copy_(weights["layer1/U"][units])
                getattr(net, f"weight_hh_{end}").copy_(weights["layer1/W"][direction])
                getattr(net, f"bias_ih_{end}").copy_(weights["layer1/b"][units])
                getattr(net, f"bias_hh_{end}").zero_()
                if cell == "gru":  # the candidate's second bias
                    extra = weights["layer1/bn"][direction * hidden : (direction + 1) * hidden]
                    getattr(net, f"bias_hh_{end}")[2 * hidden :].copy_(extra)

    def forward(self, words: Tensor, batch: Batch) -> Tensor:
        """Scores (N, K) of the tokens of a batch; words (N,) packed or (T, B) padded."""
        x = functional.dropout(self.table(words), self.rate, self.training)
        if self.layout == "packed":
            h = self.nets[0](PackedSequence(x, batch.sizes))[0].data
        else:
            h = self._padded(x, batch).flatten(0, 1)[batch.rows]
        return self.output(functional.dropout(h, self.rate, self.training))

    def _padded(self, x: Tensor, batch: Batch) -> Tensor:
        ahead = self.nets[0](x)[0]
        if len(self.nets) == 1:
            return ahead
        back = self.nets[1](x.flatten(0, 1)[batch.reverse].view_as(x))[0]
        return torch.cat([ahead, back.flatten(0, 1)[batch.reverse].view_as(ahead)], 2)


def optimiser(net: Tagger, rate: float, clip: float) -> Callable[[], None]:
    """Adam after clipping by the global norm; a sparse table's moments move only with the rows of a batch."""
    dense = [p for p in net.parameters() if p is not net.table.weight or not net.table.sparse]
    steps: list[torch.optim.Optimizer] = [torch.optim.Adam(dense, rate, fused=True)]
    if net.table.sparse:
        steps.append(torch.optim.SparseAdam([net.table.weight], rate))

    def step() -> None:
        gradients = [p.grad for p in dense]
        if net.table.sparse:
            net.table.weight.grad = net.table.weight.grad.coalesce()
            gradients.append(net.table.weight.grad._values())
        norm = nn.utils.get_total_norm(gradients)
        torch._foreach_mul_(gradients, (clip / norm).clamp(max=1.0))
        for each in steps:
            each.step()
        net.zero_grad(set_to_none=True)

    return step


def train(data: Arrays, net: Tagger, batches: list[Tensor], request: dict[str, Any]) -> dict[str, Any]:
    """Learn from every batch once; as in rnncli, rare words are now and then the unknown word."""
    words, tags, starts, once = (data[name] for name in ("words", "tags", "starts", "once"))
    step = optimiser(net.train(), request["rate"], request["clip"])
    began = time.perf_counter()
    for _ in range(request["epochs"]):
        for sentences in batches:
            batch = collate(starts, sentences, net.layout)
            seen = words[batch.positions if net.layout == "packed" else batch.padded]
            seen = torch.where(once[seen] & (torch.rand(seen.shape) < request["unknown"]), 0, seen)
            functional.cross_entropy(net(seen, batch), tags[batch.positions]).backward()
            step()
    return {"seconds": time.perf_counter() - began}


def tag(data: Arrays, net: Tagger, batches: list[Tensor], request: dict[str, Any]) -> dict[str, Any]:
    """Label every token: the number and the probability of its tag; with ``out``, save all probabilities."""
    words, starts = data["bulk/words"], data["bulk/starts"]
    found, sure = torch.empty(len(words), dtype=torch.int64), torch.empty(len(words))
    everything = torch.empty(len(words), len(net.output.bias)) if "out" in request else None

    def label(sentences: Tensor) -> None:
        with torch.inference_mode():
            batch = collate(starts, sentences, net.layout)
            y = net(words[batch.positions if net.layout == "packed" else batch.padded], batch).softmax(1)
            sure[batch.positions], found[batch.positions] = y.max(1)
            if everything is not None:
                everything[batch.positions] = y

    net.eval()
    began = time.perf_counter()
    with ThreadPoolExecutor(request["pool"]) as pool:
        list(pool.map(label, batches))
    seconds = time.perf_counter() - began
    if everything is not None:
        np.save(request["out"], everything.numpy())
    return {"seconds": seconds}


def main() -> None:
    """Answer requests until stdin ends."""
    with np.load(sys.argv[1]) as file:
        data = {name: torch.from_numpy(file[name]) for name in file.files}
    for name in ("words", "bulk/words", "tags"):
        data[name] = data[name].long()
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        torch.set_num_threads(request["threads"])
        prefix, kind = request["network"] + "/", request["do"]
        weights = {name.removeprefix(prefix): a for name, a in data.items() if name.startswith(prefix)}
        net = Tagger(weights, request["cell"], request["layout"], request.get("sparse", False), request["dropout"])
        batches = list(data[f"{kind}/order"].split(data[f"{kind}/sizes"].tolist()))
        result = {"train": train, "tag": tag}[kind](data, net, batches, request)
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
