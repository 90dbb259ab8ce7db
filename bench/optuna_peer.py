"""Optuna's TPE on the functions of src/searches/functions.ts: best values after some trials, for each seed, as JSON."""

import json
import math
import sys

import numpy as np
import optuna

WEIGHTS = np.array([1, 1.2, 3, 3.2])
SCALES = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
CENTRES = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def several(trial, names, low, high):
    return np.array([trial.suggest_float(name, low, high) for name in names])


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    bend = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(trial):
    x = several(trial, "abcdef", 0, 1)
    return -float((WEIGHTS * np.exp(-(SCALES * (x - CENTRES) ** 2).sum(1))).sum())


def rosenbrock(trial):
    x, y = trial.suggest_float("x", -2, 2), trial.suggest_float("y", -1, 3)
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def ackley5(trial):
    x = several(trial, "abcde", -32, 32)
    far = 20 * np.exp(-0.2 * np.sqrt((x**2).mean()))
    return float(-far - np.exp(np.cos(2 * np.pi * x).mean()) + 20 + math.e)


def mixed(trial):
    rate = trial.suggest_float("rate", 1e-5, 1, log=True)
    units = trial.suggest_int("units", 1, 64)
    kind = trial.suggest_categorical("kind", ["a", "b", "c", "d"])
    return (math.log10(rate) + 2.5) ** 2 + ((units - 23) / 16) ** 2 + {"a": 0, "b": 0.5, "c": 1, "d": 0.3}[kind]


def recipe(axes, losses):
    """The loss of a recipe between the points of a grid, linear in the logarithms: `interpolated` of recipe-grid.ts."""
    names = list(axes)
    table = np.array(losses).reshape([len(values) for values in axes.values()])

    def vae(trial):
        rate = trial.suggest_float("learningRate", axes["learningRate"][0], axes["learningRate"][-1], log=True)
        whole = {n: trial.suggest_int(n, axes[n][0], axes[n][-1], log=True) for n in names if n != "learningRate"}
        rest = table
        for name, value in {"learningRate": rate, **whole}.items():
            ticks = np.log(axes[name])
            at = np.clip(np.interp(math.log(value), ticks, np.arange(len(ticks))), 0, len(ticks) - 1)
            below = min(int(at), len(ticks) - 2)
            rest = (1 - (at - below)) * rest[below] + (at - below) * rest[below + 1]
        return float(rest)

    return vae


def main():
    seeds, counts = int(sys.argv[1]), [int(count) for count in sys.argv[2].split(",")]
    surrogate = json.loads(sys.argv[3]) if len(sys.argv) > 3 else None
    functions = [branin, hartmann6, rosenbrock, ackley5, mixed]
    if surrogate:
        functions.append(recipe(surrogate["axes"], surrogate["losses"]))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    best = {}
    for function in functions:
        best[function.__name__] = []
        for seed in range(seeds):
            study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
            study.optimize(function, n_trials=max(counts))
            lowest = np.minimum.accumulate([trial.value for trial in study.trials])
            best[function.__name__].append([float(lowest[count - 1]) for count in counts])
    print(json.dumps({"version": optuna.__version__, "best": best}))


main()
