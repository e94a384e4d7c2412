"""PyTorch in eager mode, as a PINN is usually written in it, with the fastest of its Adam variants."""

from itertools import pairwise

import task
import torch

from contestants import Contestant, stopwatch

torch.set_num_threads(1)


def network(widths: tuple[int, ...]) -> torch.nn.Sequential:
    """The network with the start parameters."""
    layers: list[torch.nn.Module] = []
    for a, b in pairwise(widths):
        layers += [torch.nn.Linear(a, b, dtype=torch.float64), torch.nn.Tanh()]
    net = torch.nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for p, value in zip(net.parameters(), task.split(task.start(widths), widths), strict=True):
            p.copy_(torch.as_tensor(value.T))  # Linear keeps (out, in)
    return net


class _Pinn:
    def __init__(self) -> None:
        self.t = torch.cat([torch.as_tensor(task.points()), torch.zeros(1)])[:, None].requires_grad_()
        self.reset()

    def reset(self) -> None:
        self.net = network(task.WIDTHS)
        self.adam = torch.optim.Adam(self.net.parameters(), lr=task.LEARNING_RATE, fused=True)

    def loss(self) -> torch.Tensor:
        u = self.net(self.t)
        u_t = torch.autograd.grad(u.sum(), self.t, create_graph=True)[0]
        u_tt = torch.autograd.grad(u_t.sum(), self.t, create_graph=True)[0]
        residual = (u_tt + task.OMEGA**2 * u)[: task.N_POINTS]
        return (residual**2).mean() + task.ALONE * ((u[-1, 0] - 1) ** 2 + u_t[-1, 0] ** 2)

    def advance(self, steps: int) -> None:
        for _ in range(steps):
            self.adam.zero_grad()
            self.loss().backward()
            self.adam.step()

    def answer(self) -> dict:
        self.reset()
        loss = self.loss()
        loss.backward()
        gradient = task.join([p.grad.numpy().T for p in self.net.parameters()])
        self.advance(task.CHECK_STEPS)
        return {"loss": [loss.item()], "gradient": [gradient], "loss_after": [self.loss().item()]}


def contestants() -> list[Contestant]:
    """One: a run alone in float64."""
    pinn = _Pinn()
    return [
        Contestant(
            key="torch_eager",
            label="PyTorch, eager",
            precision="float64",
            members=1,
            answer=pinn.answer,
            seconds=stopwatch(pinn.advance),
        )
    ]


def versions() -> dict[str, str]:
    """PyTorch."""
    return {"torch": torch.__version__}
