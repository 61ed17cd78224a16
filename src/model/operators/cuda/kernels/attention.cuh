// What attention is given.

#pragma once
#include "common.cuh"

struct Attention {
    const void *q, *k, *v;
    void *out;
    int queries, keys, heads, width;
    // The softmax is taken with base 2: the scale times log2(e).
    float scale;
    int causal;
};
