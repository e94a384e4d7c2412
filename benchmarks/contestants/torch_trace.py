"""The NTK trace by torch.func in eager mode, of functional_call; u_t and u_tt by nested grad.

Per point: vmap of grad of the residual at a point. Whole: jacrev of the vector of residuals, at the small
size only, because its memory grows with the square of the number of points.
"""

from functools import partial

import numpy as np
import task
import torch
from torch.func import functional_call, grad, jacrev, vmap

from contestants import Contestant, repeated, stopwatch, torch_eager

versions = torch_eager.versions


class _Trace:
    def __init__(self, trace: task.Trace, whole: bool) -> None:
        self.net = torch_eager.network(trace.widths)
        self.parameters = {name: p.detach() for name, p in self.net.named_parameters()}
        self.t = torch.as_tensor(task.points(trace.n_points))
        self.whole = whole

    def u(self, parameters: dict, t: torch.Tensor) -> torch.Tensor:
        return functional_call(self.net, parameters, t[None])[0]

    def u_t(self, parameters: dict, t: torch.Tensor) -> torch.Tensor:
        return grad(self.u, argnums=1)(parameters, t)

    def residual(self, parameters: dict, t: torch.Tensor) -> torch.Tensor:
        return grad(self.u_t, argnums=1)(parameters, t) + task.OMEGA**2 * self.u(parameters, t)

    def __call__(self) -> dict:
        over_points = partial(vmap, in_dims=(None, 0))
        if self.whole:
            pde = jacrev(over_points(self.residual))(self.parameters, self.t)
        else:
            pde = over_points(grad(self.residual))(self.parameters, self.t)
        ic = [grad(initial)(self.parameters, self.t[0]) for initial in (self.u, self.u_t)]
        return {"pde": _square(pde), "ic": sum(map(_square, ic))}


def _square(gradients: dict) -> torch.Tensor:
    return sum((g * g).sum() for g in gradients.values())


def contestants() -> list[Contestant]:
    """Per point at both sizes, whole at the small one."""
    rows = []
    for size, kind, label in (
        ("small", "point", "vmap(grad)"),
        ("small", "whole", "jacrev"),
        ("large", "point", "vmap(grad)"),
    ):
        of = _Trace(task.TRACES[size], kind == "whole")
        rows.append(
            Contestant(
                key=f"torch_trace_{size}_{kind}",
                label=f"torch.func, {label}",
                precision="float64",
                members=1,
                answer=lambda of=of: {term: np.atleast_1d(found) for term, found in of().items()},
                seconds=stopwatch(repeated(of)),
                quantity=task.TRACES[size].quantity,
                chunk=1,
            )
        )
    return rows
