"""Updates with what some recipes add: clipped gradients, running averages of the weights."""

import torch


class Averages:
    """Exponential running averages of parameters and of batch normalisation's statistics; few updates, little memory."""

    def __init__(self, net, decay=0.98):
        statistics = [buffer for buffer in net.buffers() if buffer.is_floating_point()]
        self.tensors = [*(parameter.data for parameter in net.parameters()), *statistics]
        self.averages = [tensor.clone() for tensor in self.tensors]
        self.decay = decay
        self.updates = 0

    def update(self):
        decay = min(self.decay, (self.updates + 1) / (self.updates + 10))
        torch._foreach_lerp_(self.averages, self.tensors, 1 - decay)
        self.updates += 1


def clipped_update(optimizer, loss, net, norm):
    """As `timing.update`, the gradients scaled to at most this norm, taken over all of them."""

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), norm)
        optimizer.step()
        return value.item()

    return step


def averaged(step, averages):
    """`step`, then the averages follow."""

    def both():
        value = step()
        averages.update()
        return value

    return both
