"""Logistic regression for the small linear models, with nothing but numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RIDGE = 3e-3


def regression(
    x: np.ndarray, y: np.ndarray, shares: np.ndarray, *, bias: bool, ridge: float = RIDGE
) -> tuple[np.ndarray, float]:
    """Weights and bias by Newton's method, with a ridge on standardised features.

    `x` is (examples, features), `y` holds 0 or 1, `shares` how much each example counts. Without `bias` it is 0.
    """
    scale = np.maximum(x.std(axis=0), 1e-6)
    z = np.hstack([x / scale, np.ones((len(x), 1))]) if bias else x / scale
    shares = shares / shares.sum()
    theta = np.zeros(z.shape[1])
    penalty = np.full(z.shape[1], ridge)
    if bias:
        penalty[-1] = 1e-9
    for _ in range(100):
        p = 1 / (1 + np.exp(-z @ theta))
        gradient = z.T @ (shares * (p - y)) + penalty * theta
        step = np.linalg.solve((z.T * (shares * p * (1 - p))) @ z + np.diag(penalty), gradient)
        theta -= step
        if np.abs(step).max() < 1e-9:
            break
    return theta[: x.shape[1]] / scale, float(theta[-1]) if bias else 0.0


def conditional_logit(choices: Sequence[np.ndarray], shares: Sequence[float], *, ridge: float = RIDGE) -> np.ndarray:
    """Weights under which the first row of each (alternatives, features) is likeliest chosen (McFadden 1974).

    By Newton's method, with a ridge on standardised features; `shares` says how much each choice counts.
    """
    scale = np.maximum(np.vstack(choices).std(axis=0), 1e-6)
    sets = [rows / scale for rows in choices]
    counts = np.asarray(shares) / np.sum(shares)

    def loss(theta: np.ndarray) -> float:
        total = ridge / 2 * float(theta @ theta)
        for rows, share in zip(sets, counts, strict=True):
            sums = rows @ theta
            total += share * (np.log(np.exp(sums - sums.max()).sum()) + sums.max() - sums[0])
        return total

    theta = np.zeros(len(scale))
    before = loss(theta)
    for _ in range(50):
        gradient = ridge * theta
        curvature = np.diag(np.full(len(theta), ridge))
        for rows, share in zip(sets, counts, strict=True):
            sums = rows @ theta
            p = np.exp(sums - sums.max())
            p /= p.sum()
            mean = p @ rows
            gradient = gradient + share * (mean - rows[0])
            curvature = curvature + share * ((rows.T * p) @ rows - np.outer(mean, mean))
        step = np.linalg.solve(curvature, gradient)
        length = 1.0
        while (after := loss(theta - length * step)) > before and length > 1e-6:
            length /= 2  # far from the best weights a whole step may overshoot
        theta = theta - length * step
        if before - after < 1e-9:
            break
        before = after
    return theta / scale
