pragma circom 2.1.0;

include "./argmax.circom";
include "./product.circom";
include "./range.circom";
include "./record.circom";

/*
 * One answered query: its leaf, and what it adds to Q, namely fee·h·onehot(klass)ᵀ. Proves
 *   1. the record is well formed: int8 features, klass in 0 … m-1, fee of feeBits bits;
 *   2. klass is an argmax of the scores Wᵀh.
 *
 * Widths: |h| <= 2^7 and |W| <= 2^(wBits-1), so |score| <= d·2^7·2^(wBits-1) <= 2^(scoreDiffBits-1), as the
 * assert on the parameters says (default: 32·2^7·2^27 = 2^39, a lead at most 2^40 < 2^41). fee·h is at most
 * 2^(feeBits+7) in absolute value.
 *
 * NOTE: ties are the prover's choice. The range of W is assumed: the caller checks it when it opens the
 * commitment.
 */
template Query(d, m, wBits, feeBits, scoreDiffBits) {
    signal input w[d][m]; // assumed wBits bits, signed
    signal input features[d]; // constrained to 8 bits, signed
    signal input klass; // constrained to 0 … m-1
    signal input digest; // any field element
    signal input salt; // any field element
    signal input fee; // constrained to feeBits bits, unsigned
    signal output leaf; // field element, constrained
    signal output added[d][m]; // feeBits + 8 bits, signed, constrained

    assert(2 * d * 2**7 * 2**(wBits - 1) < 2**scoreDiffBits);

    // 1. the record
    UnsignedRange(feeBits)(fee);
    signal isClass[m];
    (isClass, leaf) <== RecordLeaf(d, m)(features, klass, digest, salt, fee);

    // 2. the answer
    signal scores[m];
    for (var k = 0; k < m; k++) {
        var column[d];
        for (var j = 0; j < d; j++) column[j] = w[j][k];
        scores[k] <== InnerProduct(d)(features, column);
    }
    Argmax(m, scoreDiffBits)(scores, isClass);

    // What it adds
    signal feeOf[m];
    for (var k = 0; k < m; k++) feeOf[k] <== fee * isClass[k];
    for (var j = 0; j < d; j++) {
        for (var k = 0; k < m; k++) added[j][k] <== features[j] * feeOf[k];
    }
}
