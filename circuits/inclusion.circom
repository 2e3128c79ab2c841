pragma circom 2.1.0;

include "./lib/sponge.circom";

/*
 * A receipt is in a batch: its leaf is among those behind the batch's root. Proves
 *   1. receiptsRoot is the sponge of the context and `queries` leaves, as `inference` builds it;
 *   2. leaf is one of these leaves.
 *
 * For 2 the prover marks one place: the marks are bits, they add up to 1, and the marked leaf is `leaf`. A
 * mark that is a bit selects a leaf or nothing, so no sum of several leaves can pass for one. The context
 * stands before the leaves and cannot be marked.
 *
 * NOTE: says nothing about what the leaf commits to, nor that the batch was ever proven. Which place it has,
 * and what the other leaves are, stays private. A batch with fewer queries holds the null record's leaf,
 * which is therefore "included" in it; nobody's receipt has that leaf.
 */
template Inclusion(queries) {
    signal input context; // public; any field element
    signal input receiptsRoot; // public; field element
    signal input leaf; // public; field element
    signal input leaves[queries]; // any field elements
    signal input mark[queries]; // constrained to 1 bit each, exactly one is 1

    // 1. the batch
    signal list[queries + 1];
    list[0] <== context;
    for (var q = 0; q < queries; q++) list[q + 1] <== leaves[q];
    signal root <== Sponge(queries + 1, typeReceipts())(list);
    receiptsRoot === root;

    // 2. the place
    var marks = 0;
    for (var q = 0; q < queries; q++) {
        mark[q] * (mark[q] - 1) === 0;
        marks += mark[q];
        mark[q] * (leaves[q] - leaf) === 0;
    }
    marks === 1;
}
