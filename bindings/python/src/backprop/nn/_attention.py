"""Attention of several heads as a function, with all of PyTorch's options. T queries, S keys, B batch, H heads, E their joint size."""

from .. import _core


def _additive(mask, name, dtype):
    """A mask as numbers to add: −∞ where a bool one is true (there: leave out)."""
    if mask is None:
        return None
    if mask.dtype is not _core.bool and not mask.is_floating_point():
        raise RuntimeError(f"multi_head_attention_forward: only bool and floating types of {name} are supported, got {mask.dtype}")
    if mask.dtype is not _core.bool:
        return mask
    return _core.where(mask, _core.tensor(-1e999, dtype=dtype), _core.tensor(0.0, dtype=dtype))


def _project(query, key, value, weight, bias):
    """q, k, v from one weight [3·E, E] in as few products as the inputs allow."""
    size = query.shape[-1]
    if key is value:
        if query is key:
            return _core.linear(query, weight, bias).chunk(3, -1)
        k, v = _core.linear(key, weight[size:], None if bias is None else bias[size:]).chunk(2, -1)
        return _core.linear(query, weight[:size], None if bias is None else bias[:size]), k, v
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return tuple(_core.linear(x, w, b) for x, w, b in zip((query, key, value), weight.chunk(3), biases))


def _longer(mask):
    """One more key, that every query sees."""
    return None if mask is None else _core.cat([mask, _core.zeros(*mask.shape[:-1], 1, dtype=mask.dtype)], -1)


def multi_head_attention_forward(
    query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn, dropout_p, out_proj_weight,
    out_proj_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None,
    k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None, average_attn_weights=True, is_causal=False,
):
    """Output [T, B, E] and weights [B, T, S] ([B, H, T, S] unless averaged; None unless needed) for query [T, B, E], key and value [S, B, ·],
    or without B. Bool masks are true where a key does not count; others are added to the scores. Without weights the scores are
    never held as a whole."""
    name = "multi_head_attention_forward"
    batched = query.dim() == 3
    if query.dim() not in (2, 3) or key.dim() != query.dim() or value.dim() != query.dim():
        raise RuntimeError(f"{name}: query, key and value must all have 2 or all 3 dimensions, got {query.dim()}, {key.dim()}, {value.dim()}")
    if not batched:
        same = key is query, value is key
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        key, value = query if same[0] else key, (query if same[0] else key) if same[1] else value
        key_padding_mask = key_padding_mask if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, size = query.shape
    if size != embed_dim_to_check:
        raise AssertionError(f"{name}: was expecting embedding dimension of {embed_dim_to_check}, but got {size}")
    head = size // num_heads
    if head * num_heads != size:
        raise AssertionError(f"{name}: embed_dim {size} not divisible by num_heads {num_heads}")
    if key.shape[:2] != value.shape[:2] if use_separate_proj_weight else key.shape != value.shape:
        raise AssertionError(f"{name}: key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}")
    if is_causal and attn_mask is None:
        raise RuntimeError(f"{name}: is_causal is a hint beside attn_mask, which is missing")
    if is_causal and key_padding_mask is None and not need_weights and bias_k is None and not add_zero_attn:
        attn_mask = None
    else:
        is_causal = False
    padding = _additive(key_padding_mask, "key_padding_mask", query.dtype)
    mask = _additive(attn_mask, "attn_mask", query.dtype)
    if mask is not None:
        wanted = (length, key.shape[0]) if mask.dim() == 2 else (batch * num_heads, length, key.shape[0])
        if tuple(mask.shape) != wanted:
            raise RuntimeError(f"{name}: the shape of the {mask.dim()}D attn_mask is {tuple(mask.shape)}, but should be {wanted}")
        mask = mask if mask.dim() == 2 else mask.reshape(batch, num_heads, length, -1)

    if use_separate_proj_weight:
        biases = (None,) * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = (_core.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases))
    else:
        q, k, v = _project(query, key, value, in_proj_weight, in_proj_bias)
    if (bias_k is None) != (bias_v is None):
        raise AssertionError(f"{name}: bias_k and bias_v go together")
    if bias_k is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError(f"{name}: bias cannot be added to static key or value")
        k, v = (_core.cat([x, b.expand(1, batch, size)]) for x, b in ((k, bias_k), (v, bias_v)))
        mask, padding = _longer(mask), _longer(padding)

    def heads(x):  # [·, B, E] → [B, H, ·, E/H], without a copy
        return x.reshape(x.shape[0], batch, num_heads, head).permute(1, 2, 0, 3)

    def static(x):
        if x.shape[0] != batch * num_heads or x.shape[2] != head:
            raise AssertionError(f"{name}: expecting static key and value of shape ({batch * num_heads}, S, {head}), got {tuple(x.shape)}")
        return x.reshape(batch, num_heads, -1, head)

    q, k, v = heads(q), heads(k) if static_k is None else static(static_k), heads(v) if static_v is None else static(static_v)
    if add_zero_attn:
        zero = _core.zeros(batch, num_heads, 1, head, dtype=k.dtype)
        k, v = _core.cat([k, zero], 2), _core.cat([v, zero], 2)
        mask, padding = _longer(mask), _longer(padding)
    if padding is not None:
        if tuple(padding.shape) != (batch, k.shape[2]):
            raise AssertionError(f"{name}: key_padding_mask has shape {tuple(padding.shape)}, wanted {(batch, k.shape[2])}")
        padding = padding.reshape(batch, 1, 1, -1)
        mask = padding if mask is None else mask + padding
    p = dropout_p if training else 0.0

    weights = None
    if need_weights:
        scores = (q * head**-0.5) @ k.transpose(-2, -1)
        weights = _core.softmax(scores if mask is None else scores + mask, -1)
        if p > 0:
            weights = _core.dropout(weights, p)
        out = weights @ v
        if average_attn_weights:
            weights = weights.mean(1)
    else:
        if mask is not None and mask.dtype is not q.dtype:
            mask = mask.to(q.dtype)
        out = _core.scaled_dot_product_attention(q, k, v, mask, p, is_causal)
    out = _core.linear(out.permute(2, 0, 1, 3).reshape(length, batch, size), out_proj_weight, out_proj_bias)
    if not batched:
        out, weights = out.squeeze(1), weights if weights is None else weights.squeeze(0)
    return out, weights
