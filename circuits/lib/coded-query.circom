pragma circom 2.1.0;

include "./code.circom";
include "./product.circom";
include "./range.circom";
include "./record.circom";

/*
 * Query for classes that have code words: one answered query, its leaf, and what it adds to Q, namely
 * fee·h·wordᵀ with the word of the class answered. Proves
 *   1. the record is well formed: int8 features, klass in 0 … classes-1, fee of feeBits bits;
 *   2. klass is one whose word fits the scores Wᵀh best (BestFit).
 *
 * With the m unit vectors for words this is Query: the same answers, the same Q.
 *
 * Widths: |score| <= d·2^7·2^(wBits-1) as in Query, and the assert on the parameters bounds a lead
 * by 2^scoreDiffBits (tickets32: words of 16 entries ±1, 2·16·2^39 = 2^44 < 2^45). added is at most
 * 2^(feeBits+7) times the largest entry of a word.
 *
 * NOTE: ties are the prover's choice. The range of W is assumed: the caller checks it when it opens the
 * commitment.
 */
template CodedQuery(d, m, classes, words, scaleBits, wBits, feeBits, scoreDiffBits) {
    signal input w[d][m]; // assumed wBits bits, signed
    signal input features[d]; // constrained to 8 bits, signed
    signal input klass; // constrained to 0 … classes-1
    signal input digest; // any field element
    signal input salt; // any field element
    signal input fee; // constrained to feeBits bits, unsigned
    signal output leaf; // field element, constrained
    signal output added[d][m]; // bounded as above, signed, constrained

    assert(leadBound(words, classes, m, scaleBits, d * 2**7 * 2**(wBits - 1)) < 2**scoreDiffBits);

    // 1. the record
    UnsignedRange(feeBits)(fee);
    signal isClass[classes];
    (isClass, leaf) <== RecordLeaf(d, classes)(features, klass, digest, salt, fee);

    // 2. the answer
    signal scores[m];
    for (var j = 0; j < m; j++) {
        var column[d];
        for (var i = 0; i < d; i++) column[i] = w[i][j];
        scores[j] <== InnerProduct(d)(features, column);
    }
    signal word[m] <== CodeWord(classes, m, words)(isClass);
    BestFit(classes, m, words, scaleBits, scoreDiffBits)(scores, isClass, word);

    // What it adds
    signal feeOf[m];
    for (var j = 0; j < m; j++) feeOf[j] <== fee * word[j];
    for (var i = 0; i < d; i++) {
        for (var j = 0; j < m; j++) added[i][j] <== features[i] * feeOf[j];
    }
}
