"""Scaled dot-product attention, in the form that is fastest where the tensors are."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def attend(q: Tensor, k: Tensor, v: Tensor, *, scale: float, bias: Tensor | None = None) -> Tensor:
    """Attention of queries to keys.

    On the CPU two plain products are several times faster than PyTorch's fused kernel at the few
    hundred tokens of these models, and export to plain operators.

    Args:
        q: (batch, heads, queries, head_dim).
        k: (batch, heads, keys, head_dim).
        v: like k.
        scale: factor of the products.
        bias: added to the scaled products, broadcast to (batch, heads, queries, keys).

    Returns:
        The shape of q.
    """
    if q.device.type != "cpu":
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=scale)
    products = (q * scale) @ k.transpose(-1, -2)
    if bias is not None:
        products = products + bias
    return products.softmax(dim=-1) @ v
