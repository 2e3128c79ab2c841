pragma circom 2.1.0;

include "../lib/commit.circom";
include "../lib/coded-query.circom";

/*
 * Inference for classes that have code words: a batch of paid answers, and the step that it moves the
 * fee-weighted query matrix Q. Proves
 *   1. commitW opens to W, of wBits bits; commitQIn to Q_in, of qBits bits;
 *   2. each of the `queries` records is well formed, and the word of its class one that fits Wᵀh best
 *      (CodedQuery);
 *   3. receiptsRoot is the sponge of the context and the records' leaves;
 *   4. Q_out = Q_in + Σ fee·h·wordᵀ, of qBits bits, and commitQOut opens to it;
 *   5. feeTotal = Σ fee.
 *
 * A batch with fewer queries is padded with the null record (h = 0, class 0, fee 0): its scores are all zero,
 * so class 0 must have a shortest word, which `rangeProblems` asks of every code. It adds nothing.
 *
 * Nothing wraps around: |Q_in| <= 2^(qBits-1), and a batch adds at most queries·2^feeBits·2^7 times the
 * words' largest entry (tickets32: below 2^28), so Q_out is far below p, and the range check of its
 * commitment decides on the integer. feeTotal < queries·2^feeBits.
 *
 * NOTE: what Inference leaves to the verifier, this leaves too. The words are constants of the circuit, so
 * the verifying key stands for them. It is a template of its own because a profile without a code keeps the
 * circuit, and the keys, that it has.
 */
template CodedInference(d, m, classes, words, queries, scaleBits, wBits, qBits, feeBits, scoreDiffBits) {
    signal input context; // public; any field element
    signal input commitW; // public; field element
    signal input commitQIn; // public; field element
    signal input commitQOut; // public; field element
    signal input receiptsRoot; // public; field element
    signal input feeTotal; // public; constrained to Σ fee
    signal input w[d][m]; // constrained to wBits bits, signed
    signal input saltW; // any field element
    signal input qIn[d][m]; // constrained to qBits bits, signed
    signal input saltQIn; // any field element
    signal input saltQOut; // any field element
    signal input features[queries][d]; // constrained to 8 bits, signed
    signal input klass[queries]; // constrained to 0 … classes-1
    signal input digest[queries]; // any field element
    signal input salt[queries]; // any field element
    signal input fee[queries]; // constrained to feeBits bits, unsigned

    assert(queries * 2**feeBits * 2**7 * largest(words, classes, m, 1) < 2**(qBits - 1));

    // 1. the openings
    signal flatW[d*m];
    signal flatQIn[d*m];
    for (var j = 0; j < d; j++) {
        for (var k = 0; k < m; k++) {
            flatW[j*m + k] <== w[j][k];
            flatQIn[j*m + k] <== qIn[j][k];
        }
    }
    signal openedW <== CommitSigned(d*m, wBits, typeW())(flatW, saltW);
    commitW === openedW;
    signal openedQIn <== CommitSigned(d*m, qBits, typeQ())(flatQIn, saltQIn);
    commitQIn === openedQIn;

    // 2. the queries
    signal leaves[queries];
    signal added[queries][d][m];
    for (var q = 0; q < queries; q++) {
        (leaves[q], added[q]) <== CodedQuery(d, m, classes, words, scaleBits, wBits, feeBits, scoreDiffBits)(
            w, features[q], klass[q], digest[q], salt[q], fee[q]
        );
    }

    // 3. the receipts
    signal list[queries + 1];
    list[0] <== context;
    for (var q = 0; q < queries; q++) list[q + 1] <== leaves[q];
    signal root <== Sponge(queries + 1, typeReceipts())(list);
    receiptsRoot === root;

    // 4. the step of Q
    signal flatQOut[d*m];
    for (var j = 0; j < d; j++) {
        for (var k = 0; k < m; k++) {
            var sum = qIn[j][k];
            for (var q = 0; q < queries; q++) sum += added[q][j][k];
            flatQOut[j*m + k] <== sum;
        }
    }
    signal openedQOut <== CommitSigned(d*m, qBits, typeQ())(flatQOut, saltQOut);
    commitQOut === openedQOut;

    // 5. the fees
    var fees = 0;
    for (var q = 0; q < queries; q++) fees += fee[q];
    feeTotal === fees;
}
