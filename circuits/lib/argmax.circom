pragma circom 2.1.0;

include "./range.circom";

/*
 * The marked score is a largest one: Σ isMarked·score − score_k lies in [0, 2^bits) for every k.
 *
 * The scores are assumed below 2^(bits-1) in absolute value, bits <= 251. A lead is then an integer below
 * 2^bits < p/2 in absolute value, and its residue lies in [0, 2^bits) only if it is not negative: nothing
 * wraps.
 *
 * NOTE: *a* largest one. Among equal scores any may be marked; which of them is the prover's choice.
 */
template Argmax(m, bits) {
    signal input scores[m]; // assumed signed, |score| <= 2^(bits-1)
    signal input isMarked[m]; // assumed one-hot

    assert(bits <= 251);

    signal products[m];
    var marked = 0;
    for (var k = 0; k < m; k++) {
        products[k] <== isMarked[k] * scores[k];
        marked += products[k];
    }

    signal leads[m];
    for (var k = 0; k < m; k++) {
        leads[k] <== marked - scores[k];
        UnsignedRange(bits)(leads[k]);
    }
}
