"""DeepXDE with its PyTorch backend, through its own public interface (Model.compile and Model.train)."""

import os

os.environ["DDE_BACKEND"] = "pytorch"

import deepxde as dde
import numpy as np
import task
import torch

from contestants import Contestant, stopwatch

torch.set_num_threads(1)
dde.config.set_default_float("float64")


def _left(x, on_boundary) -> bool:
    return on_boundary and np.isclose(x[0], 0.0)


def _data() -> dde.data.PDE:
    """50 points in all; DeepXDE itself adds the initial point once per condition."""
    return dde.data.PDE(
        dde.geometry.TimeDomain(0.0, 1.0),
        lambda t, u: dde.grad.hessian(u, t) + task.OMEGA**2 * u,
        [
            dde.icbc.IC(dde.geometry.TimeDomain(0.0, 1.0), lambda t: np.ones((len(t), 1)), _left),
            dde.icbc.OperatorBC(
                dde.geometry.TimeDomain(0.0, 1.0), lambda t, u, _: dde.grad.jacobian(u, t), _left
            ),
        ],
        num_domain=0,
        num_boundary=0,
        anchors=task.points()[:, None],
    )


def _model() -> dde.Model:
    net = dde.nn.FNN(list(task.WIDTHS), "tanh", "Glorot normal")
    with torch.no_grad():
        for p, value in zip(net.parameters(), task.split(task.start()), strict=True):
            p.copy_(torch.as_tensor(value.T))
    model = dde.Model(_data(), net)
    model.compile("adam", lr=task.LEARNING_RATE, loss_weights=[1.0, task.ALONE, task.ALONE], verbose=0)
    return model


def _train(model: dde.Model, steps: int) -> None:
    model.train(iterations=steps, display_every=steps, verbose=0)


def _loss(model: dde.Model) -> torch.Tensor:
    data = model.data
    return model.outputs_losses_train(data.train_x, data.train_y, data.train_aux_vars)[1].sum()


def _answer() -> dict:
    model = _model()
    loss = _loss(model)
    loss.backward()
    gradient = task.join([p.grad.numpy().T for p in model.net.parameters()])
    _train(model, task.CHECK_STEPS)
    return {"loss": [loss.item()], "gradient": [gradient], "loss_after": [_loss(model).item()]}


def contestants() -> list[Contestant]:
    """One: a run alone in float64."""
    model = _model()
    return [
        Contestant(
            key="deepxde",
            label="DeepXDE (PyTorch)",
            precision="float64",
            members=1,
            answer=_answer,
            seconds=stopwatch(lambda steps: _train(model, steps)),
        )
    ]


def versions() -> dict[str, str]:
    """DeepXDE and its backend."""
    return {"deepxde": dde.__version__, "torch": torch.__version__}
