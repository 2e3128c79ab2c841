pragma circom 2.1.0;

include "./lib/commit.circom";
include "./lib/product.circom";
include "./lib/range.circom";

/*
 * The weights of one group of contributors. Proves
 *   1. commitY opens to Y, of yBits bits, and commitG[c] to G_c, for each contributor c of the group;
 *   2. w[c] = max(0, s_c) with the influence s_c = ⟨G_c, Y⟩, |s_c| of sBits bits, signed.
 *
 * A group with fewer contributors is padded with the zero G and w = 0.
 *
 * Why this is about integers: G_c is determined by the committed samples (proof of training), and then
 * |G_c| <= maxSamples·2^7·(2^S + d·2^7·2^(wBits-1)) (default: < 2^63), so |s_c| <= d·m·2^63·2^(yBits-1) <
 * 2^127 before any check, far below p: the range check decides on the integer.
 *
 * NOTE: G is not range-checked here, so on its own this circuit speaks of residues: for a commitment to
 * something that no training produced, s_c is only the residue of an inner product. What binds G is the
 * proof of training.
 */
template Weights(d, m, contributors, yBits, sBits) {
    signal input commitY; // public; field element
    signal input commitG[contributors]; // public; field elements
    signal input w[contributors]; // public; constrained to max(0, s), sBits - 1 bits
    signal input y[d][m]; // constrained to yBits bits, signed
    signal input saltY; // any field element
    signal input gradients[contributors][d][m]; // assumed exact, see above
    signal input saltG[contributors]; // any field elements

    // 1. the openings
    signal flatY[d*m];
    signal flatG[contributors][d*m];
    for (var j = 0; j < d; j++) {
        for (var k = 0; k < m; k++) {
            flatY[j*m + k] <== y[j][k];
            for (var c = 0; c < contributors; c++) flatG[c][j*m + k] <== gradients[c][j][k];
        }
    }
    signal openedY <== CommitSigned(d*m, yBits, typeY())(flatY, saltY);
    commitY === openedY;
    signal openedG[contributors];
    for (var c = 0; c < contributors; c++) {
        openedG[c] <== CommitPlain(d*m, typeG())(flatG[c], saltG[c]);
        commitG[c] === openedG[c];
    }

    // 2. the weights
    signal s[contributors];
    signal positive[contributors];
    for (var c = 0; c < contributors; c++) {
        s[c] <== InnerProduct(d*m)(flatG[c], flatY);
        positive[c] <== Positive(sBits)(s[c]);
        w[c] === positive[c];
    }
}
